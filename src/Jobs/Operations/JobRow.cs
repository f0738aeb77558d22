using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>A job as it is stored, wherever it is in its life.</summary>
public sealed class JobRow
{
    /// <summary>Its number.</summary>
    public long Id { get; init; }

    /// <summary>One of <see cref="JobState"/>, as text.</summary>
    public string State { get; init; } = "";

    /// <summary>Its queue.</summary>
    public string Queue { get; init; } = "";

    /// <summary>Its kind.</summary>
    public string Kind { get; init; } = "";

    /// <summary>-100 to 100.</summary>
    public int Priority { get; init; }

    /// <summary>Not before.</summary>
    public Instant Due { get; init; }

    /// <summary>Runs so far.</summary>
    public int Attempts { get; init; }

    /// <summary>Runs it may have.</summary>
    public int MaxAttempts { get; init; }

    /// <summary>Claims so far.</summary>
    public int LeaseNo { get; init; }

    /// <summary>Crashes it was running in.</summary>
    public int Crashes { get; init; }

    /// <summary>When it was accepted.</summary>
    public Instant EnqueuedAt { get; init; }

    /// <summary>Arguments as JSON.</summary>
    public string Args { get; init; } = "";

    /// <summary>JSON array, or null.</summary>
    public string? Tags { get; init; }

    /// <summary>Remark, or null.</summary>
    public string? Note { get; init; }

    /// <summary>JSON object, or null.</summary>
    public string? Metadata { get; init; }

    /// <summary>Or null.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>Or null.</summary>
    public string? ConcurrencyKey { get; init; }

    /// <summary>The batch it belongs to, or null.</summary>
    public long? BatchId { get; init; }

    /// <summary>The job or batch whose end it waits for, or null.</summary>
    public long? WaitsFor { get; init; }

    /// <summary><c>job</c> or <c>batch</c>, or null.</summary>
    public string? WaitsOn { get; init; }

    /// <summary>Who runs it, or ran it last.</summary>
    public string? Node { get; init; }

    /// <summary>When the attempt began; of one that runs, a moment after it did.</summary>
    public Instant? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public Instant? FinishedAt { get; init; }

    /// <summary>Why it is dead or cancelled.</summary>
    public string? Error { get; init; }
}

/// <summary>One attempt that did not end well.</summary>
public sealed class JobFailure
{
    /// <summary>Which run.</summary>
    public int Attempt { get; init; }

    /// <summary>retry, snooze, dead, cancelled, crashed, released.</summary>
    public string Outcome { get; init; } = "";

    /// <summary>Who ran it.</summary>
    public string Node { get; init; } = "";

    /// <summary>When it began, or null.</summary>
    public Instant? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public Instant EndedAt { get; init; }

    /// <summary>What was wrong.</summary>
    public string Error { get; init; } = "";
}

/// <summary>Which jobs are meant; what is null does not matter.</summary>
public sealed record JobFilter
{
    /// <summary>One job.</summary>
    public long? Id { get; init; }

    /// <summary>In this state.</summary>
    public JobState? State { get; init; }

    /// <summary>Of this queue.</summary>
    public string? Queue { get; init; }

    /// <summary>Of this kind.</summary>
    public string? Kind { get; init; }

    /// <summary>Whose error contains this.</summary>
    public string? Error { get; init; }

    /// <summary>With this tag.</summary>
    public string? Tag { get; init; }

    /// <summary>Of this batch.</summary>
    public long? Batch { get; init; }

    /// <summary>Ids below this one, for the next page.</summary>
    public long? Before { get; init; }

    /// <summary>What was chosen, as it is written down: <c>state=dead queue=payments</c>; <c>all</c> when nothing was.</summary>
    public override string ToString()
    {
        (string Name, object? Value)[] all =
            [("id", Id), ("state", State?.Text()), ("queue", Queue), ("kind", Kind), ("error", Error), ("tag", Tag), ("batch", Batch), ("before", Before)];
        return all.Any(c => c.Value is not null) ? string.Join(' ', all.Where(c => c.Value is not null).Select(c => $"{c.Name}={c.Value}")) : "all";
    }
}
