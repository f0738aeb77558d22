using System.Reflection;
using Rondo.Metrics;

namespace Rondo.Host.Metrics;

/// <summary>
/// Every metric there is, in the order in which it is exposed. Names and labels are for good: dashboards and alerts of others are built on them. Told in docs/operations/metrics.md; a test
/// holds that page against this list, and this list against what is exposed.
/// </summary>
internal static class RondoMetrics
{
    public static readonly Metric Build = new("rondo_build_info", MetricKind.Info, "Version of the program, and the database it works with.", "version", "database");
    public static readonly Metric Errors = new("rondo_errors_total", MetricKind.Counter, "Failures that Rondo met and got over: failed passes of loops, faults of requests, subscribers that threw, outcomes that were lost.", "component");

    public static readonly Metric Health = new("rondo_health", MetricKind.Gauge, "State of a part of this node at the last look: 0 healthy, 1 degraded, 2 critical.", "part");

    public static readonly Metric NodeMayWork = new("rondo_node_may_work", MetricKind.Gauge, "1 while this node may work, 0 when its lease ran out or it was declared dead.");
    public static readonly Metric NodesLive = new("rondo_nodes_live", MetricKind.Gauge, "Live nodes of this database that have the role, as this node sees them.", "role");
    public static readonly Metric LeaseLeft = new("rondo_node_lease_left_seconds", MetricKind.Gauge, "For how long this node may go on without renewing its lease. PostgreSQL only.");
    public static readonly Metric Uptime = new("rondo_node_uptime_seconds", MetricKind.Gauge, "Since this node registered.");

    public static readonly Metric LoopPasses = new("rondo_loop_passes_total", MetricKind.Counter, "Finished passes of a background loop.", "loop");
    public static readonly Metric LoopFailures = new("rondo_loop_failures_total", MetricKind.Counter, "Passes that failed and were tried again.", "loop");
    public static readonly Metric LoopRestarts = new("rondo_loop_restarts_total", MetricKind.Counter, "Times a loop was given up as stuck and started again.", "loop");
    public static readonly Metric LoopAge = new("rondo_loop_age_seconds", MetricKind.Gauge, "Since the loop's last pass ended.", "loop");
    public static readonly Metric LoopPass = new("rondo_loop_pass_seconds", MetricKind.Histogram, "How long passes took.", "loop") { Bounds = [0.001, 0.01, 0.1, 0.5, 1, 5, 10] };

    public static readonly Metric PollingActive = new("rondo_polling_active", MetricKind.Gauge, "1 while this node polls: it has the role, may work, and has armed poll groups; otherwise 0.");
    public static readonly Metric PollingGroups = new("rondo_polling_groups", MetricKind.Gauge, "Poll groups armed on this node.");
    public static readonly Metric PollingEndpoints = new("rondo_polling_endpoints", MetricKind.Gauge, "Endpoints that this node owns.");
    public static readonly Metric PollOutcomes = new("rondo_poll_outcomes_total", MetricKind.Counter, "Slots with their outcome, as recorded by this node.", "outcome");
    public static readonly Metric PollMissed = new("rondo_poll_missed_total", MetricKind.Counter, "Slots that were missed, by reason.", "reason");
    public static readonly Metric PollRefused = new("rondo_poll_refused_total", MetricKind.Counter, "Outcomes that the ledger refused: recorded already, in no plan, or no longer this node's.", "reason");
    public static readonly Metric PollValues = new("rondo_poll_values_total", MetricKind.Counter, "Values stored.");
    public static readonly Metric PollBatches = new("rondo_poll_batches_total", MetricKind.Counter, "Transactions in which outcomes were written.");
    public static readonly Metric PollWaiting = new("rondo_poll_waiting", MetricKind.Gauge, "Outcomes that wait for their commit.");
    public static readonly Metric PollSpool = new("rondo_poll_spool", MetricKind.Gauge, "How many outcomes may wait for their commit at most.");
    public static readonly Metric PollLateness = new("rondo_poll_lateness_seconds", MetricKind.Histogram, "From a slot to the first byte of its request.");
    public static readonly Metric PollCommit = new("rondo_poll_commit_seconds", MetricKind.Histogram, "From a slot to the commit of its outcome.") { Bounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25] };
    public static readonly Metric ClockSteps = new("rondo_clock_steps_total", MetricKind.Counter, "Steps of the database clock that were seen.");
    public static readonly Metric Devices = new("rondo_devices", MetricKind.Gauge, "Devices of the fleet, by status. Read from the database.", "status");
    public static readonly Metric Groups = new("rondo_fleet_groups", MetricKind.Gauge, "Poll groups of the fleet: enabled, with a plan, owned by a live node, neglected. Read from the database.", "state");

    public static readonly Metric JobsProcessed = new("rondo_jobs_processed_total", MetricKind.Counter, "Jobs that this node brought to their end: done, dead or cancelled.", "queue");
    public static readonly Metric JobAttempts = new("rondo_job_attempts_total", MetricKind.Counter, "Attempts that ended on this node, by how.", "queue", "outcome");
    public static readonly Metric JobRun = new("rondo_job_run_seconds", MetricKind.Histogram, "From begun to ended.", "queue") { Bounds = [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 50, 100] };
    public static readonly Metric JobWait = new("rondo_job_wait_seconds", MetricKind.Histogram, "From due to begun.", "queue") { Bounds = [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 50, 100] };
    public static readonly Metric JobsClaimed = new("rondo_jobs_claimed_total", MetricKind.Counter, "Jobs that this node has claimed.");
    public static readonly Metric JobsRefused = new("rondo_jobs_refused_total", MetricKind.Counter, "Writes of this node that were refused because the attempt had been taken away.");
    public static readonly Metric JobsUnwritten = new("rondo_jobs_unwritten", MetricKind.Gauge, "Ends of attempts that wait to be written.");
    public static readonly Metric QueueWorkers = new("rondo_queue_workers", MetricKind.Gauge, "Workers of a queue on this node.", "queue");
    public static readonly Metric QueueBusy = new("rondo_queue_busy", MetricKind.Gauge, "Workers of a queue on this node that run a job.", "queue");
    public static readonly Metric QueuePaused = new("rondo_queue_paused", MetricKind.Gauge, "1 while this node begins nothing of a queue.", "queue");
    public static readonly Metric QueueDepth = new("rondo_queue_depth", MetricKind.Gauge, "Jobs of a queue, over all nodes. Read from the database.", "queue", "state");
    public static readonly Metric QueueOldest = new("rondo_queue_oldest_age_seconds", MetricKind.Gauge, "For how long the oldest job that is ready could have run; 0 without one. Read from the database.", "queue");

    public static readonly Metric DatabaseUp = new("rondo_database_up", MetricKind.Gauge, "1 when the database answered at the last look, 0 when not.");
    public static readonly Metric Statements = new("rondo_database_statement_seconds", MetricKind.Histogram, "How long statements took, by name; commit and lane.wait (the wait for SQLite's one writer) among them.", "statement") { Bounds = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5] };
    public static readonly Metric SlowStatements = new("rondo_database_slow_statements_total", MetricKind.Counter, "Statements slower than the setting metrics.slow_statement.");

    public static readonly Metric LiveClients = new("rondo_live_clients", MetricKind.Gauge, "Clients of the feed.", "transport");
    public static readonly Metric LiveSubscriptions = new("rondo_live_subscriptions", MetricKind.Gauge, "Subscriptions of all clients.");
    public static readonly Metric LiveDelivered = new("rondo_live_delivered_total", MetricKind.Counter, "Messages sent to clients.");
    public static readonly Metric LiveConflated = new("rondo_live_conflated_total", MetricKind.Counter, "Readings that newer ones replaced while they waited for a client.");
    public static readonly Metric LiveDropped = new("rondo_live_dropped_total", MetricKind.Counter, "Clients that were closed: behind (to come back and resume), or lost (they took or said nothing).", "reason");
    public static readonly Metric EventsDropped = new("rondo_bus_dropped_total", MetricKind.Counter, "Events within the process that a subscriber lost because it stayed behind.");
    public static readonly Metric LastEvent = new("rondo_live_last_event", MetricKind.Gauge, "Number of the last event of the log that this node has told.");
    public static readonly Metric Hints = new("rondo_hints_total", MetricKind.Counter, "Hints between processes: sent, received, failed. Nothing depends on them.", "result");

    public static readonly Metric AuditWaiting = new("rondo_audit_waiting", MetricKind.Gauge, "Rows of the audit trail that are not sealed yet. Read from the database.");

    public static readonly Metric HttpRequests = new("rondo_http_request_seconds", MetricKind.Histogram, "How long requests took, by endpoint. WebSockets and event streams are not among them.", "endpoint");
    public static readonly Metric HttpResponses = new("rondo_http_responses_total", MetricKind.Counter, "Answers by class of their status.", "status");

    public static readonly Metric ProcessCpu = new("process_cpu_seconds_total", MetricKind.Counter, "Processor time of the process, user and system.");
    public static readonly Metric ProcessMemory = new("process_resident_memory_bytes", MetricKind.Gauge, "Memory that the process holds.");
    public static readonly Metric ProcessStart = new("process_start_time_seconds", MetricKind.Gauge, "Start of the process, in seconds since 1970.");
    public static readonly Metric ProcessFiles = new("process_open_fds", MetricKind.Gauge, "Open file descriptors. Linux only.");
    public static readonly Metric ProcessThreads = new("process_threads", MetricKind.Gauge, "Threads of the process.");
    public static readonly Metric PoolThreads = new("dotnet_pool_threads", MetricKind.Gauge, "Threads of the pool.");
    public static readonly Metric PoolQueue = new("dotnet_pool_queue", MetricKind.Gauge, "Work that waits for a thread of the pool.");
    public static readonly Metric GcCollections = new("dotnet_gc_collections_total", MetricKind.Counter, "Collections of the garbage collector.", "generation");
    public static readonly Metric GcPause = new("dotnet_gc_pause_seconds_total", MetricKind.Counter, "Time the process stood still for the garbage collector.");
    public static readonly Metric GcAllocated = new("dotnet_gc_allocated_bytes_total", MetricKind.Counter, "Memory allocated since the start.");
    public static readonly Metric GcHeap = new("dotnet_gc_heap_bytes", MetricKind.Gauge, "Memory of the garbage collector's heap after the last collection.");

    /// <summary>All of them, in the order of this file.</summary>
    public static IReadOnlyList<Metric> All { get; } =
        [.. typeof(RondoMetrics).GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.FieldType == typeof(Metric)).Select(f => (Metric)f.GetValue(null)!)];
}
