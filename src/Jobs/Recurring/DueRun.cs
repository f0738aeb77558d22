using Rondo.Jobs.Schedules;
using Rondo.Storage;

namespace Rondo.Jobs.Recurring;

/// <summary>Consecutive due instants of one schedule.</summary>
/// <param name="From">The first.</param>
/// <param name="Until">The last.</param>
/// <param name="Count">So many.</param>
internal readonly record struct DueRun(Instant From, Instant Until, long Count)
{
    /// <summary>One alone.</summary>
    public static DueRun One(Instant due) => new(due, due, 1);
}

/// <summary>What of a schedule is due, as far as one transaction looks at it.</summary>
/// <param name="Old">All but the newest ones; no instants when there are no more than those.</param>
/// <param name="Kept">The newest ones, in order. Empty while there is more to look at.</param>
/// <param name="Next">The first that is left.</param>
/// <param name="IsMore">True when that is due too.</param>
internal sealed record DueWalk(DueRun? Old, IReadOnlyList<Instant> Kept, Instant? Next, bool IsMore)
{
    /// <summary>So many instants a transaction looks at: a year of a schedule that is due every second takes some time.</summary>
    public const int Most = 20_000;

    /// <summary>Looks at what is due from <paramref name="next"/> to <paramref name="now"/>.</summary>
    /// <param name="timing">The timing.</param>
    /// <param name="next">The first instant, or null for none.</param>
    /// <param name="now">Now.</param>
    /// <param name="keep">So many of the newest are told one by one.</param>
    public static DueWalk Of(ScheduleTiming timing, Instant? next, Instant now, int keep)
    {
        var kept = new Queue<Instant>();
        DueRun? old = null;
        for (var seen = 0; seen < Most && next is { } due && due <= now; seen++, next = timing.Next(due))
        {
            kept.Enqueue(due);
            if (kept.Count > keep)
            {
                var oldest = kept.Dequeue();
                old = old is { } run ? run with { Until = oldest, Count = run.Count + 1 } : DueRun.One(oldest);
            }
        }

        // The newest of all are not among these: they have their turn with the next transaction.
        return next <= now
            ? new DueWalk(old, [], kept.Count > 0 ? kept.Peek() : next, true)
            : new DueWalk(old, [.. kept], next, false);
    }
}
