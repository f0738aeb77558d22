using Rondo.Jobs;
using Rondo.Metrics;
using Rondo.Storage;

namespace Rondo.Host.Metrics;

/// <summary>The numbers of one running server: where each metric comes from. What is counted is counted by the parts themselves; here it is only read.</summary>
internal sealed class Numbers
{
    /// <summary>Most values of a label that comes from outside (names of queues, statuses).</summary>
    public const int MostLabels = JobServer.MostQueues;

    private readonly Server _server;
    private readonly DatabaseFacts _facts;
    private readonly Counter _slow = new();

    public Numbers(Server server)
    {
        _server = server;
        _facts = new DatabaseFacts(server);
        Http = new HttpTimes(server.Time);
    }

    /// <summary>How requests went.</summary>
    public HttpTimes Http { get; }

    /// <summary>A slow statement was seen.</summary>
    public void CountSlow() => _slow.Add();

    /// <summary>Everything, now.</summary>
    public async Task<IReadOnlyList<MetricFamily>> ReadAsync(CancellationToken stop)
    {
        var (facts, isUp) = await _facts.ReadAsync(stop).ConfigureAwait(false);
        var into = new Collected();
        into.Add(RondoMetrics.Build, 1, Server.Version, _server.Database.Address.Kind == DatabaseKind.Sqlite ? "sqlite" : "postgres");
        Errors(into);
        foreach (var (part, state) in _server.Board.Last)
        {
            into.Add(RondoMetrics.Health, (int)state, part);
        }

        Node(into);
        Loops(into);
        Polling(into);
        Jobs(into);
        Storage(into, facts, isUp);
        Live(into);
        Requests(into);
        ProcessNumbers.Collect(into);
        return into.Families;
    }

    private void Errors(Collected into)
    {
        // A loop's name begins with its part of the program; those that have none yet are there with 0, so that a first failure is a rise.
        var loops = _server.LoopList.GroupBy(l => l.Name.Split('.')[0], StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Sum(l => l.Failures + l.Restarts), StringComparer.Ordinal);
        loops["polling"] = loops.GetValueOrDefault("polling") + (_server.Poller?.State.Lost ?? 0);
        loops["http"] = loops.GetValueOrDefault("http") + Http.Faults;
        loops["live"] = loops.GetValueOrDefault("live") + _server.Bus.State.Failed;
        foreach (var (component, count) in loops.OrderBy(l => l.Key, StringComparer.Ordinal))
        {
            into.Add(RondoMetrics.Errors, count, component);
        }
    }

    private void Node(Collected into)
    {
        into.Add(RondoMetrics.NodeMayWork, _server.Node.MayWork);
        var live = _server.Node.Roster.Live is { Count: > 0 } seen ? seen : [_server.Node.Row];
        foreach (var role in new[] { "poll", "work", "api" })
        {
            into.Add(RondoMetrics.NodesLive, live.Count(n => n.HasRole(role)), role);
        }

        if (_server.Node.LeaseLeft is { } left)
        {
            into.Add(RondoMetrics.LeaseLeft, left.TotalSeconds);
        }

        into.Add(RondoMetrics.Uptime, Math.Max(0, (_server.Database.Clock.Now - _server.Node.Row.StartedAt).TotalSeconds));
    }

    private void Loops(Collected into)
    {
        foreach (var loop in _server.LoopList)
        {
            into.Add(RondoMetrics.LoopPasses, loop.Passes, loop.Name);
            into.Add(RondoMetrics.LoopFailures, loop.Failures, loop.Name);
            into.Add(RondoMetrics.LoopRestarts, loop.Restarts, loop.Name);
            into.Add(RondoMetrics.LoopAge, loop.SinceLastPass.TotalSeconds, loop.Name);
            into.Add(RondoMetrics.LoopPass, loop.PassTimes, loop.Name);
        }
    }

    private void Polling(Collected into)
    {
        var state = _server.Poller?.State;
        into.Add(RondoMetrics.PollingActive, state is { MayWork: true, Groups: > 0 });
        if (_server.Poller is not { } poller || state is null)
        {
            return;
        }

        into.Add(RondoMetrics.PollingGroups, state.Groups);
        into.Add(RondoMetrics.PollingEndpoints, state.Endpoints);
        into.Add(RondoMetrics.PollOutcomes, state.Ok, "ok");
        into.Add(RondoMetrics.PollOutcomes, state.Partial, "partial");
        into.Add(RondoMetrics.PollOutcomes, state.Failed, "failed");
        into.Add(RondoMetrics.PollOutcomes, state.Missed, "missed");
        var numbers = poller.Numbers;
        foreach (var (reason, count) in numbers.Missed)
        {
            into.Add(RondoMetrics.PollMissed, count, reason);
        }

        into.Add(RondoMetrics.PollRefused, state.Duplicates, "duplicate");
        into.Add(RondoMetrics.PollRefused, state.OffPlan, "off_plan");
        into.Add(RondoMetrics.PollRefused, state.Fenced, "fenced");
        into.Add(RondoMetrics.PollValues, state.Points);
        into.Add(RondoMetrics.PollBatches, state.Batches);
        into.Add(RondoMetrics.PollWaiting, state.Waiting);
        into.Add(RondoMetrics.PollSpool, _server.Options.Spool);
        into.Add(RondoMetrics.PollLateness, numbers.Lateness);
        into.Add(RondoMetrics.PollCommit, numbers.Commit);
        into.Add(RondoMetrics.ClockSteps, state.ClockSteps);
    }

    private void Jobs(Collected into)
    {
        if (_server.Worker is not { } worker)
        {
            return;
        }

        foreach (var queue in worker.Numbers)
        {
            into.Add(RondoMetrics.JobsProcessed, queue.Processed, queue.Queue);
            foreach (var (outcome, count) in queue.Attempts)
            {
                into.Add(RondoMetrics.JobAttempts, count, queue.Queue, outcome);
            }

            into.Add(RondoMetrics.JobRun, queue.Run, queue.Queue);
            into.Add(RondoMetrics.JobWait, queue.Wait, queue.Queue);
        }

        var state = worker.State;
        into.Add(RondoMetrics.JobsClaimed, state.Claimed);
        into.Add(RondoMetrics.JobsRefused, state.Refused);
        into.Add(RondoMetrics.JobsUnwritten, state.Unwritten);
        into.AddMany(RondoMetrics.QueueWorkers, state.Queues, q => q.Name, q => q.Workers, MostLabels);
        into.AddMany(RondoMetrics.QueueBusy, state.Queues, q => q.Name, q => q.Busy, MostLabels);
        into.AddMany(RondoMetrics.QueuePaused, state.Queues, q => q.Name, q => q.IsPaused ? 1 : 0, MostLabels);
    }

    private void Storage(Collected into, Facts? facts, bool isUp)
    {
        into.Add(RondoMetrics.DatabaseUp, isUp);
        foreach (var (name, timing) in _server.Database.Statements.ByName.All)
        {
            into.Add(RondoMetrics.Statements, timing, name);
        }

        into.Add(RondoMetrics.SlowStatements, _slow.Value);
        if (facts is null)
        {
            return;
        }

        into.AddMany(RondoMetrics.Devices, facts.Fleet.Devices.OrderBy(d => d.Key, StringComparer.Ordinal), d => d.Key, d => d.Value, MostLabels);
        into.Add(RondoMetrics.Groups, facts.Fleet.EnabledGroups, "enabled");
        into.Add(RondoMetrics.Groups, facts.Fleet.PlannedGroups, "planned");
        into.Add(RondoMetrics.Groups, facts.Fleet.OwnedGroups, "owned");
        into.Add(RondoMetrics.Groups, facts.Fleet.NeglectedGroups, "neglected");
        into.AddMany(RondoMetrics.QueueDepth, facts.Queues, q => q.Queue, q => q.Ready, MostLabels, "ready");
        into.AddMany(RondoMetrics.QueueDepth, facts.Queues, q => q.Queue, q => q.Running, MostLabels, "running");
        into.AddMany(RondoMetrics.QueueDepth, facts.Queues, q => q.Queue, q => q.Scheduled, MostLabels, "scheduled");
        into.AddMany(RondoMetrics.QueueDepth, facts.Queues, q => q.Queue, q => q.Blocked, MostLabels, "blocked");
        into.AddMany(RondoMetrics.QueueOldest, facts.Queues.Take(MostLabels), q => q.Queue, q => q.OldestReadyAgeS ?? 0, MostLabels);
        into.Add(RondoMetrics.AuditWaiting, facts.AuditWaiting);
    }

    private void Live(Collected into)
    {
        var feed = _server.Live.Feed.State;
        into.Add(RondoMetrics.LiveClients, feed.Sockets, "websocket");
        into.Add(RondoMetrics.LiveClients, feed.EventStreams, "event_stream");
        into.Add(RondoMetrics.LiveSubscriptions, feed.Subscriptions);
        into.Add(RondoMetrics.LiveDelivered, feed.Sent);
        into.Add(RondoMetrics.LiveConflated, feed.Conflated);
        into.Add(RondoMetrics.LiveDropped, feed.Behind, "behind");
        into.Add(RondoMetrics.LiveDropped, feed.Lost, "lost");
        into.Add(RondoMetrics.EventsDropped, _server.Bus.State.Lost);
        into.Add(RondoMetrics.LastEvent, feed.LastEvent);
        var hints = _server.Hints.State;
        into.Add(RondoMetrics.Hints, hints.Sent, "sent");
        into.Add(RondoMetrics.Hints, hints.Received, "received");
        into.Add(RondoMetrics.Hints, hints.Failed, "failed");
    }

    private void Requests(Collected into)
    {
        foreach (var (endpoint, timing) in Http.Endpoints.All)
        {
            into.Add(RondoMetrics.HttpRequests, timing, endpoint);
        }

        foreach (var (status, count) in Http.Responses)
        {
            into.Add(RondoMetrics.HttpResponses, count, status);
        }
    }
}
