namespace Rondo.Jobs;

/// <summary>How a schedule behaves, and what its jobs are given; all of it optional.</summary>
public sealed record ScheduleOptions
{
    /// <summary>What becomes of ticks that no node could enqueue in time. Default: the newest is enqueued.</summary>
    public MissedPolicy Missed { get; init; } = MissedPolicy.Once;

    /// <summary>What becomes of a tick while a job of an earlier one has not ended. Default: it is skipped.</summary>
    public OverlapPolicy Overlap { get; init; }

    /// <summary>What each job is enqueued with. Neither a delay nor a due time: that is what the schedule says.</summary>
    public EnqueueOptions Job { get; init; } = new();
}
