using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>What a caller may say about one job; all of it optional.</summary>
public sealed record EnqueueOptions
{
    /// <summary>Another queue than the handler's.</summary>
    public string? Queue { get; init; }

    /// <summary>Another priority than the handler's, -100 to 100.</summary>
    public int? Priority { get; init; }

    /// <summary>Not before so long from now; 0 to 10 years. Not together with <see cref="Due"/>.</summary>
    public TimeSpan? Delay { get; init; }

    /// <summary>Not before this instant.</summary>
    public Instant? Due { get; init; }

    /// <summary>Another number of attempts than the handler's, 1 to 1,000.</summary>
    public int? Attempts { get; init; }

    /// <summary>Words to find it by; at most 20, each of 1 to 60 characters.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>A remark for people, at most 1,000 characters.</summary>
    public string? Note { get; init; }

    /// <summary>Names and values of the caller's own, at most 50, together at most 8,000 characters.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Another unique key than the handler's.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>
    /// At most one job of its unique key in each period of this length, also after it has ended, however; 1 s to 366 days. Periods begin at multiples of it since 1970-01-01 UTC, by the database
    /// clock. Null: as long as the handler says.
    /// </summary>
    public TimeSpan? UniquePeriod { get; init; }

    /// <summary>
    /// Not before this job has ended well. While it is dead, the new one waits on (it may be run again); when it is cancelled or given up, or its time in the history is over, the new one is
    /// cancelled. A delay counts from the enqueue.
    /// </summary>
    public long? After { get; init; }

    /// <summary>In whose name it is enqueued; null for that of the work under way (a request, the attempt of a job), if it has one.</summary>
    public TraceContext? Trace { get; init; }
}

/// <summary>What came of an enqueue.</summary>
/// <param name="Id">The job.</param>
/// <param name="IsNew">False when a job of the same unique key was there already: then <paramref name="Id"/> is that one.</param>
public readonly record struct Enqueued(long Id, bool IsNew);
