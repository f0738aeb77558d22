using Rondo.Jobs.Told;
using Rondo.Storage;

namespace Rondo.Jobs.Pump;

/// <summary>A job in the hands of this node, under its lease number.</summary>
internal sealed class ClaimedJob
{
    public long Id { get; init; }

    public required string Queue { get; init; }

    public required string Kind { get; init; }

    public int Priority { get; init; }

    public long Rank { get; init; }

    public Instant Due { get; init; }

    /// <summary>This attempt; the first is 1.</summary>
    public int Attempts { get; init; }

    public int MaxAttempts { get; init; }

    public int LeaseNo { get; init; }

    public Instant EnqueuedAt { get; init; }

    public required string Args { get; init; }

    public string? Tags { get; init; }

    public string? Metadata { get; init; }

    public string? ConcurrencyKey { get; init; }

    /// <summary>The batch it belongs to; SQLite asks.</summary>
    public long? BatchId { get; init; }

    /// <summary>True when it has a unique key; SQLite asks.</summary>
    public bool HasKey { get; init; } = true;

    /// <summary>True when its unique key is free from the claim on; SQLite asks.</summary>
    public bool FreesKey { get; init; }
}

/// <summary>What is to be written about a claimed job.</summary>
internal enum Outcome
{
    Done,
    Retry,
    Snooze,
    Dead,
    Cancelled,

    /// <summary>Not run, or broken off by a clean stop: ready again as if it had not been claimed.</summary>
    GivenBack,
}

/// <summary>The end of an attempt, on its way into the database.</summary>
internal sealed class Finish
{
    public required ClaimedJob Job { get; init; }

    public Outcome Outcome { get; set; }

    public Instant? StartedAt { get; init; }

    public Instant EndedAt { get; init; }

    /// <summary>When it runs again.</summary>
    public Instant? Due { get; set; }

    public string? Error { get; init => field = Texts.Fit(value); }

    /// <summary>True for one that its handler gave up although it had attempts left.</summary>
    public bool IsDiscarded { get; init; }

    /// <summary>What the attempt said last; kept in the transaction of its end, for there is no later.</summary>
    public LastWords? Last { get; init; }

    /// <summary>Set when it is written: the batch to look at, 0 when only another job waits for this one, null when the end means nothing to anybody.</summary>
    public long? Link { get; set; }

    /// <summary>Set when it is written: what is stored, which is not what was asked for when somebody wants the job cancelled.</summary>
    public Outcome? Stored { get; set; }

    /// <summary>True once the database was asked to store it: the answer may have been lost.</summary>
    public bool IsTried { get; set; }

    /// <summary>Told whether it was accepted, after the commit.</summary>
    public Action<bool>? Written { get; init; }

    /// <summary>The same end without anything a handler said.</summary>
    public Finish Plainly() => new()
    {
        Job = Job, Outcome = Outcome, StartedAt = StartedAt, EndedAt = EndedAt, Due = Due is null ? null : EndedAt + TimeSpan.FromMinutes(1),
        Error = Error is null ? null : "what the handler said could not be stored", IsDiscarded = IsDiscarded, IsTried = IsTried,
    };

    /// <summary>As it is told of when it is dead.</summary>
    public DeadJob ToDead() => new(Job.Id, Job.Queue, Job.Kind, Job.Attempts, Job.MaxAttempts, IsDiscarded ? "discarded" : "exhausted", Error);

    public static string Text(Outcome outcome) => outcome switch
    {
        Outcome.Done => "done",
        Outcome.Retry => "retry",
        Outcome.Snooze => "snooze",
        Outcome.Dead => "dead",
        Outcome.Cancelled => "cancelled",
        _ => "given_back",
    };
}

/// <summary>How many jobs of a queue are wanted.</summary>
/// <param name="Queue">Its name.</param>
/// <param name="Count">At most so many.</param>
/// <param name="From">Nothing of a lower rank is known to be there.</param>
internal readonly record struct Want(string Queue, int Count, long From);
