using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>What a balance of the queue found: everything that was accepted has ended, waits or runs, or it is named.</summary>
public sealed record BalanceReport
{
    /// <summary>When it was made; the moment of its snapshot.</summary>
    public required Instant At { get; init; }

    /// <summary>What was accepted from here on was counted; what is older, one by one.</summary>
    public required Instant From { get; init; }

    /// <summary>Accepted since <see cref="From"/>.</summary>
    public required long Accepted { get; init; }

    /// <summary>Of which so many have ended (done, cancelled, dead).</summary>
    public required long Ended { get; init; }

    /// <summary>Of which so many wait or run.</summary>
    public required long Open { get; init; }

    /// <summary>Accepted before <see cref="From"/>, or run again by an operator, and not seen to have ended before.</summary>
    public required long Owed { get; init; }

    /// <summary>Jobs that were accepted and are nowhere.</summary>
    public required long Missing { get; init; }

    /// <summary>Jobs that are in two places.</summary>
    public required long Doubled { get; init; }

    /// <summary>Minutes of acceptance with a gap, the oldest first; at most 60.</summary>
    public required IReadOnlyList<BalanceGap> Gaps { get; init; }

    /// <summary>True when nothing is missing or doubled.</summary>
    public bool IsBalanced => Missing == 0 && Doubled == 0;
}

/// <summary>A minute of which something is missing, or there twice.</summary>
/// <param name="From">Its beginning.</param>
/// <param name="Kind">The kind of job.</param>
/// <param name="IsDoubled">True for jobs that are in two places.</param>
/// <param name="Count">So many jobs.</param>
/// <param name="Ids">The first 100 of them, ascending.</param>
public sealed record BalanceGap(Instant From, string Kind, bool IsDoubled, long Count, IReadOnlyList<long> Ids);
