using Rondo.Diagnostics;
using Rondo.Jobs.Proof;
using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>What the database says of the queue, as far as health is concerned.</summary>
/// <param name="Balance">The last balance, or null before the first.</param>
/// <param name="BalancedSince">Since when this database balances.</param>
/// <param name="Waiting">Queues that have something to run now, with the instant since when the oldest could have run.</param>
/// <param name="Workers">Running nodes with the role work.</param>
/// <param name="Paused">Queues that an operator paused.</param>
public sealed record JobFacts(BalanceReport? Balance, Instant BalancedSince, IReadOnlyList<(string Queue, Instant Since)> Waiting, int Workers, IReadOnlyList<string> Paused)
{
    /// <summary>Since when the node with the role work that has run the longest runs.</summary>
    public Instant WorkingSince { get; init; }

    /// <summary>Queues of which some node holds jobs.</summary>
    public IReadOnlyList<string> Held { get; init; } = [];

    /// <summary>Queues whose number of workers is an operator's wish and not that of settings.</summary>
    public IReadOnlyList<string> Scaled { get; init; } = [];
}

/// <summary>Judges the queue: each reason is named.</summary>
public static class JobHealth
{
    /// <summary>Something that could run may wait so long while there is no node for it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private const int MostGaps = 10;
    private static readonly TimeSpan _mostOverdue = TimeSpan.FromSeconds(5);

    /// <summary>Every reason why all is not well, the worst first; none when it is.</summary>
    /// <param name="facts">What the database says, or null when it could not be read.</param>
    /// <param name="server">How it goes on this node; null without the role work.</param>
    /// <param name="options">Settings in force.</param>
    /// <param name="now">Database time.</param>
    public static IReadOnlyList<Finding> Judge(JobFacts? facts, JobServerState? server, JobsOptions options, Instant now)
    {
        var found = new List<Finding>();
        if (facts is not null)
        {
            Balanced(facts, options, now, found);
            Worked(facts, options, now, found);
        }

        if (server is not null)
        {
            Here(server, found);
        }

        return [.. found.OrderByDescending(f => f.Severity)];
    }

    /// <summary>A reason for each of those who hold vacuum back.</summary>
    public static IEnumerable<Finding> Vacuum(VacuumReport? report) => (report?.Blockers ?? []).Select(blocker =>
    {
        var text = VacuumLoop.Describe(blocker);
        return new Finding("jobs.vacuum_blocked", Health.Degraded, blocker.Name, char.ToUpperInvariant(text[0]) + text[1..]);
    });

    private static void Balanced(JobFacts facts, JobsOptions options, Instant now, List<Finding> found)
    {
        foreach (var gap in facts.Balance?.Gaps.Take(MostGaps) ?? [])
        {
            var ids = string.Join(", ", gap.Ids.Take(20)) + (gap.Count > 20 ? ", …" : "");
            found.Add(gap.IsDoubled
                ? new("jobs.doubled", Health.Critical, gap.From.ToString(), $"{gap.Count} jobs of kind {gap.Kind} that were accepted in the minute from {gap.From} are in two places: {ids}. This is a bug, or a change by hand")
                : new("jobs.missing", Health.Critical, gap.From.ToString(), $"{gap.Count} jobs of kind {gap.Kind} that were accepted in the minute from {gap.From} are nowhere: they have not ended, wait nowhere and nobody runs them: {ids}. Was something deleted by hand, or a partition dropped? All of them: rondo jobs balance. When they are known to be lost: rondo jobs balance --write-off"));
        }

        if (facts.Balance is { } balance && balance.Missing + balance.Doubled > 0 && balance.Gaps.Count > MostGaps)
        {
            found.Add(new("jobs.unbalanced", Health.Critical, "balance", $"{balance.Missing} jobs in all are missing and {balance.Doubled} are in two places, over {balance.Gaps.Count} minutes and kinds. rondo jobs balance names them"));
        }

        // After a time without any node the last one is old, and the next one comes soon.
        var age = now - (facts.Balance?.At ?? facts.BalancedSince);
        if (facts.Workers > 0 && age > options.BalanceEvery * 3 && now - facts.WorkingSince > options.BalanceEvery + BalanceLoop.First)
        {
            found.Add(new("jobs.balance_old", Health.Degraded, "balance", $"The last balance is {age.TotalSeconds:0} s old, more than three times its interval of {options.BalanceEvery.TotalSeconds:0} s. Does its loop jobs.balance fail?"));
        }
    }

    private static void Worked(JobFacts facts, JobsOptions options, Instant now, List<Finding> found)
    {
        if (facts.Workers == 0 && facts.Waiting.Where(w => now - w.Since > Patience).OrderBy(w => w.Since).Select(w => (ValueTuple<string, Instant>?)w).FirstOrDefault() is { } oldest)
        {
            found.Add(new("jobs.no_node", Health.Critical, oldest.Item1, $"Jobs of queue {oldest.Item1} could run since {oldest.Item2}, and no node with the role work runs. Start one: rondo serve"));
        }

        // A node that has workers for it holds some of it while others wait for long.
        foreach (var (queue, since) in facts.Waiting.Where(w => facts.Workers > 0 && now - w.Since > Patience && IsOff(w.Queue)))
        {
            found.Add(new("jobs.no_workers", Health.Degraded, queue, $"Jobs of queue {queue} could run since {since}. The settings here give it 0 workers, and no other node holds any of its jobs. Have every node run it: rondo workers scale {queue} 2"));
        }

        bool IsOff(string queue) => options.Queues.GetValueOrDefault(queue, -1) == 0 && !facts.Scaled.Contains(queue) && !facts.Held.Contains(queue);
    }

    private static void Here(JobServerState server, List<Finding> found)
    {
        if (server.WrittenOff > 0)
        {
            found.Add(new("jobs.written_off", Health.Degraded, "handlers", $"{server.WrittenOff} handlers did not stop after their timeout and still run in this process; their workers were replaced. Suspects of crashes are not run here meanwhile. Restart the process when they do not end: rondo jobs list --error \"did not stop\" names them"));
        }

        if (server.Overdue > _mostOverdue)
        {
            found.Add(new("jobs.unwritten", Health.Degraded, "ends", $"{server.Unwritten} ends of attempts wait for the database, which has not taken any for {server.Overdue.TotalSeconds:0} s; when too many wait, nothing more is claimed"));
        }

        if (server.Recycle is { MayRecycle: false } due)
        {
            found.Add(new("jobs.recycle_due", Health.Degraded, "process", $"{due.Reason}. This process has other roles as well, so it goes on: restart it at a time of your choosing, or run the role work in a process of its own"));
        }

        found.AddRange(Vacuum(server.Vacuum));
    }
}
