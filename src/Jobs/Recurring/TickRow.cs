using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>What came of one due instant of a schedule, or of a run of them that were skipped for one reason.</summary>
public sealed class TickRow
{
    /// <summary>The instant it was due; the first of a run.</summary>
    public Instant Due { get; init; }

    /// <summary>The last of the run; the same as <see cref="Due"/> for one.</summary>
    public Instant UntilDue { get; init; }

    /// <summary>So many due instants.</summary>
    public long Ticks { get; init; }

    /// <summary><c>enqueued</c>, <c>queued</c> (waits for the job of an earlier tick to end) or <c>skipped</c>.</summary>
    public string Outcome { get; init; } = "";

    /// <summary>
    /// Why it was skipped: <c>missed</c>, <c>paused</c>, <c>overlap</c> (the job of an earlier tick had not ended), <c>superseded</c> (it waited, and a newer one came), <c>queue_full</c>
    /// (too many wait), <c>unique</c> (a job of the same unique key was there), <c>refused</c> (the job was not accepted: see the error). Null otherwise.
    /// </summary>
    public string? Reason { get; init; }

    /// <summary>Its job; of a skipped one the job that was in its way. Or null.</summary>
    public long? JobId { get; init; }

    /// <summary>Why its job was not accepted, or null.</summary>
    public string? Error { get; init; }

    /// <summary>When this was recorded.</summary>
    public Instant At { get; init; }
}
