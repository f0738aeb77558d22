using Rondo.Storage;

namespace Rondo.Jobs.Schedules;

/// <summary>When a recurring job is due: by cron (<see cref="CronTiming"/>) or at fixed intervals (<see cref="IntervalTiming"/>). Immutable.</summary>
public abstract class ScheduleTiming
{
    private protected ScheduleTiming()
    {
    }

    /// <summary>What a user would write for it; reading that, with the same anchor, gives the same timing.</summary>
    public abstract ScheduleText Text { get; }

    /// <summary>The first instant later than <paramref name="after"/> at which it is due, or null when there is none up to the end of 2200.</summary>
    public abstract Instant? Next(Instant after);

    /// <inheritdoc/>
    public override string ToString() => Text.ToString();
}
