using Microsoft.Extensions.Logging;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Polling.Proof;

/// <summary>The server's own validation and audit, at their intervals, with their latest results for the health answer.</summary>
public sealed class SelfCheck
{
    private readonly ValidateLoop _validate;
    private readonly AuditLoop _audit;

    /// <summary>Prepares the loops.</summary>
    public SelfCheck(Database database, Node node, PollingOptions options, TimeProvider time, ILogger log)
    {
        _validate = new ValidateLoop(database, options, time, log);
        _audit = new AuditLoop(database, node, options, time, log);
    }

    /// <summary>The latest validation and when it ended, or null before the first.</summary>
    public (Validation Result, Instant At)? Validation => _validate.Latest;

    /// <summary>How long after the start the first validation begins.</summary>
    public static TimeSpan FirstValidation(PollingOptions options) => ValidateLoop.First < options.ValidateEvery ? ValidateLoop.First : options.ValidateEvery;

    /// <summary>The latest audit and when it ended, or null before the first.</summary>
    public (AuditReport Result, Instant At)? Audit => _audit.Latest;

    /// <summary>Starts both loops.</summary>
    public void Start(LoopSupervisor supervisor)
    {
        supervisor.Start(_validate);
        supervisor.Start(_audit);
    }

    private sealed class AuditLoop(Database database, Node node, PollingOptions options, TimeProvider time, ILogger log) : Loop("polling.audit", time)
    {
        private bool _first = true;

        public (AuditReport Result, Instant At)? Latest { get; private set; }

        protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
        {
            if (_first)
            {
                _first = false;
                return options.AuditEvery;
            }

            var report = await Auditor.RunAsync(database, dryRun: false, node.Id, stop, node).ConfigureAwait(false);
            Latest = (report, database.Clock.Now);
            foreach (var item in report.Items)
            {
                PollingLog.Found(log, item.Code, item.Subject, item.Message);
            }

            return options.AuditEvery;
        }
    }
}
