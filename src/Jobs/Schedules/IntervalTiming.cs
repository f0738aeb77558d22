using Rondo.Storage;

namespace Rondo.Jobs.Schedules;

/// <summary>
/// Due at <c>anchor + k × every</c> for every whole k from 0 on. Arithmetic on the anchor, never "the last time + every", so that nothing drifts, and no
/// clock of any zone has a say in it.
/// </summary>
public sealed class IntervalTiming : ScheduleTiming
{
    private static readonly Instant _end = Instant.From(new DateTime(CronExpression.LastYear + 1, 1, 1, 0, 0, 0, DateTimeKind.Utc));

    /// <summary>An interval.</summary>
    /// <param name="every">Whole seconds, from <see cref="Shortest"/> to <see cref="Longest"/>.</param>
    /// <param name="anchor">The first instant.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not such an interval.</exception>
    public IntervalTiming(TimeSpan every, Instant anchor)
    {
        if (every < Shortest || every > Longest || every.Ticks % TimeSpan.TicksPerSecond != 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(every), every, $"expected whole seconds from {IntervalText.Show(Shortest)} to {IntervalText.Show(Longest)}");
        }

        Every = every;
        Anchor = anchor;
    }

    /// <summary>The shortest interval: a second.</summary>
    public static TimeSpan Shortest { get; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest interval: 366 days.</summary>
    public static TimeSpan Longest { get; } = TimeSpan.FromDays(366);

    /// <summary>Distance of two instants.</summary>
    public TimeSpan Every { get; }

    /// <summary>The first instant.</summary>
    public Instant Anchor { get; }

    /// <inheritdoc/>
    public override ScheduleText Text => new(Every: IntervalText.Show(Every));

    /// <inheritdoc/>
    public override Instant? Next(Instant after)
    {
        // 128 bits: anchor and instant may lie at opposite ends of what an instant can be.
        var every = (Int128)(Every.Ticks / TimeSpan.TicksPerMicrosecond);
        var due = after < Anchor ? Anchor.Micros : Anchor.Micros + (((((Int128)after.Micros - Anchor.Micros) / every) + 1) * every);
        return due < _end.Micros ? new Instant((long)due) : null;
    }
}
