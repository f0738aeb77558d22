using Rondo.Diagnostics;
using Rondo.Storage;

namespace Rondo.Imports.Monitoring;

/// <summary>Says how imports are, and why.</summary>
internal static class ImportMonitor
{
    private const int MostStuck = 1_000;
    private const int MostDurations = 10_000;

    /// <summary>Looks.</summary>
    public static ImportReport Look(Transaction tx, ImportLimits limits)
    {
        var now = tx.Now;
        var from = now - limits.Window;
        var depths = MonitorStore.Depth(tx);
        var ends = MonitorStore.Ends(tx, from).ToDictionary(e => e.State, StringComparer.Ordinal);
        var done = ends.GetValueOrDefault("done") ?? new MonitorStore.EndRow();
        var died = ends.GetValueOrDefault("dead") ?? new MonitorStore.EndRow();

        // Those whose job ended without a word are dead since a while ago, and written down so soon.
        var (dead, cancelled) = (died.Imports + Count("dead"), (ends.GetValueOrDefault("cancelled")?.Imports ?? 0) + Count("cancelled"));
        var report = new ImportReport
        {
            At = now, Limits = limits, Reasons = [], Untold = MonitorStore.Untold(tx) + Count("dead"),
            Depth = new ImportDepth(Count("queued"), Count("running"), Count("failed"), Earliest(depths.Select(d => d.Due), now)),
            Ends = new ImportEnds(done.Imports, dead, cancelled, done.Imports + dead < limits.MinImports ? null : Math.Round(100.0 * dead / (done.Imports + dead), 1)),
            Throughput = new ImportThroughput(Math.Round(done.Imports / limits.Window.TotalHours, 2), done.Units, done.ValueCount, done.Rejected, done.Bytes),
            Durations = Durations(MonitorStore.Durations(tx, from, MostDurations)),
            Retries = new ImportRetries(
                ends.Values.Sum(e => e.Retried), ends.Values.Sum(e => e.Runs), done.Retried, died.Exhausted, Earliest(depths.Select(d => d.RetryAt), null)),
            Stuck = MonitorStore.Stuck(tx, now - limits.StuckAfter, MostStuck),
        };
        return report with { Reasons = [.. Judge(report).OrderByDescending(f => f.Severity)] };

        long Count(string state) => depths.Where(d => d.State == state).Sum(d => d.Imports);
    }

    private static IEnumerable<Finding> Judge(ImportReport report)
    {
        var (limits, ends) = (report.Limits, report.Ends);
        if (ends.FailurePercent is { } percent && percent > limits.DegradedFailures)
        {
            var isCritical = percent > limits.CriticalFailures;
            yield return new Finding(
                "imports.failures", isCritical ? Health.Critical : Health.Degraded, "imports",
                $"{percent} % of the imports that ended since {report.At - limits.Window} came to nothing ({ends.Dead} of {ends.Done + ends.Dead}; more than {(isCritical ? limits.CriticalFailures : limits.DegradedFailures)} %). Why: rondo imports list --state dead");
        }

        foreach (var stuck in report.Stuck.Take(10))
        {
            yield return new Finding(
                "imports.stuck", Health.Degraded, $"{stuck.Id}",
                stuck.What == "running"
                    ? $"Import {stuck.Id} of {stuck.File} has stored nothing since {stuck.Since}, on node {stuck.Node}. Take it away and have it run again: rondo imports monitor --handle-stuck"
                    : $"Import {stuck.Id} of {stuck.File} could run since {stuck.Since}, and nobody runs it. Why: rondo jobs explain {stuck.JobId}");
        }

        if (report.Stuck.Count > 10)
        {
            yield return new Finding("imports.many_stuck", Health.Degraded, "imports", $"{report.Stuck.Count}{(report.Stuck.Count == MostStuck ? " or more" : "")} imports are without progress for {limits.StuckAfter.TotalMinutes:0} min in all");
        }

        var waiting = report.Depth.Queued + report.Depth.Failed;
        if (waiting > limits.Backlog)
        {
            yield return new Finding(
                "imports.backlog", Health.Degraded, "imports", $"{waiting} imports wait, more than {limits.Backlog}. Does a node with the role work run, and its queue imports? rondo queues list; more workers: rondo workers scale");
        }
    }

    private static ImportDurations? Durations(double[] sorted)
    {
        return sorted.Length == 0 ? null : new ImportDurations(sorted.Length, Round(sorted.Average()), At(0.5), At(0.95), Round(sorted[^1]));

        // The shortest that so large a part of them did not exceed.
        double At(double part) => Round(sorted[(int)Math.Ceiling(part * sorted.Length) - 1]);

        static double Round(double seconds) => Math.Round(seconds, 3);
    }

    private static Instant? Earliest(IEnumerable<Instant?> instants, Instant? upTo) => instants.Where(i => i is not null && (upTo is null || i <= upTo)).Min();
}
