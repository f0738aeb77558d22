using Rondo.Storage;

namespace Rondo.Polling;

/// <summary>What one running poller did since its start and holds now.</summary>
public sealed record PollerState
{
    /// <summary>Incarnation of its node.</summary>
    public string Node { get; init; } = "";

    /// <summary>False while the lease cannot be renewed.</summary>
    public bool MayWork { get; init; }

    /// <summary>Configuration revision it works by.</summary>
    public long SeenRevision { get; init; }

    /// <summary>Endpoints owned.</summary>
    public int Endpoints { get; init; }

    /// <summary>Groups armed (with a next slot).</summary>
    public int Groups { get; init; }

    /// <summary>Polls that read every point.</summary>
    public long Ok { get; init; }

    /// <summary>Polls that read some points.</summary>
    public long Partial { get; init; }

    /// <summary>Polls that read nothing.</summary>
    public long Failed { get; init; }

    /// <summary>Slots missed.</summary>
    public long Missed { get; init; }

    /// <summary>Values stored.</summary>
    public long Points { get; init; }

    /// <summary>Rows refused because their slot was recorded already.</summary>
    public long Duplicates { get; init; }

    /// <summary>Rows refused because their slot is in no plan (polled just before an edit was heard of).</summary>
    public long OffPlan { get; init; }

    /// <summary>Rows refused because the endpoint or the node was no longer this incarnation's.</summary>
    public long Fenced { get; init; }

    /// <summary>Outcomes the database would not take in any form; always 0 unless there is a bug.</summary>
    public long Lost { get; init; }

    /// <summary>Transactions written.</summary>
    public long Batches { get; init; }

    /// <summary>Outcomes waiting for their commit.</summary>
    public int Waiting { get; init; }

    /// <summary>Lateness (slot to first byte of the request), median, ms.</summary>
    public double? LatenessP50Ms { get; init; }

    /// <summary>Lateness, 99th percentile, ms.</summary>
    public double? LatenessP99Ms { get; init; }

    /// <summary>Largest lateness, ms.</summary>
    public double LatenessMaxMs { get; init; }

    /// <summary>Slot to commit, 99th percentile, ms.</summary>
    public double? CommitP99Ms { get; init; }

    /// <summary>Steps of the database clock that were seen.</summary>
    public long ClockSteps { get; init; }

    /// <summary>The last of them.</summary>
    public TimeSpan? LastClockStep { get; init; }

    /// <summary>When it was seen.</summary>
    public Instant? LastClockStepAt { get; init; }
}
