using Rondo.Storage;

namespace Rondo.Readings.Rollups;

/// <summary>When samples were planned; null for nobody knows.</summary>
internal sealed class Planned(IReadOnlyList<PlannedPeriod>? periods)
{
    private static readonly long _usual = TimeSpan.FromHours(1).Ticks / 10;
    private static readonly long _least = TimeSpan.FromMinutes(1).Ticks / 10;

    /// <summary>From one reading to the next, where that is all that is known: how many there are to be, and not at which instants. Null otherwise.</summary>
    public long? StepUs { get; private init; }

    /// <summary>What is planned of a series: the periods of whoever plans it, else, where its interval is known, as many as find room in <paramref name="extent"/> (null for none).</summary>
    public static Planned Of(IReadOnlyList<PlannedPeriod>? periods, long? interval, Span? extent) => periods is null && interval is { } step
        ? new Planned(extent is { } span ? [new PlannedPeriod(new Instant(span.From), new Instant(span.Until), step, span.From)] : []) { StepUs = step }
        : new Planned(periods);

    /// <summary>How many in a span; null when nobody knows.</summary>
    public int? Count(Span span) => periods is null ? null : (int)Math.Min(int.MaxValue, periods.Sum(p => p.Count(span.From, span.Until)));

    /// <summary>True when the first period that is known was in force at an instant, or before it.</summary>
    public bool Reaches(long at) => periods is { Count: > 0 } && periods[0].From.Micros <= at;

    /// <summary>The first planned instant in a span; null when there is none, or nobody knows.</summary>
    public long? First(Span span) => periods?.Min(p => p.First(span.From, span.Until));

    /// <summary>
    /// What is longer than this from one reading to the next is a hole: one and a half of the interval in force, and not less than a minute; an hour when nobody knows an interval.
    /// </summary>
    public long Hole(long at)
    {
        for (var i = (periods?.Count ?? 0) - 1; i >= 0; i--)
        {
            if (periods![i].From.Micros <= at)
            {
                return Math.Max(_least, periods[i].IntervalUs / 2 * 3);
            }
        }

        return periods is { Count: > 0 } ? Math.Max(_least, periods[0].IntervalUs / 2 * 3) : _usual;
    }
}
