using Rondo.Storage;

namespace Rondo.Readings.Rollups;

/// <summary>Samples were planned at <c>phase + k × interval</c> from an instant until another.</summary>
/// <param name="From">From when on.</param>
/// <param name="Until">Until when; null for still.</param>
/// <param name="IntervalUs">Interval in microseconds, above zero.</param>
/// <param name="PhaseUs">Phase in microseconds since the epoch.</param>
public readonly record struct PlannedPeriod(Instant From, Instant? Until, long IntervalUs, long PhaseUs)
{
    /// <summary>Samples planned in [from, until).</summary>
    internal long Count(long from, long until)
    {
        var (start, end) = (Math.Max(from, From.Micros), Math.Min(until, Until?.Micros ?? long.MaxValue));
        return start >= end ? 0 : Before(end) - Before(start);
    }

    /// <summary>The first instant planned in [from, until), or null.</summary>
    internal long? First(long from, long until)
    {
        var start = Math.Max(from, From.Micros);
        var first = PhaseUs + (Before(start) * IntervalUs);
        return first < Math.Min(until, Until?.Micros ?? long.MaxValue) ? first : null;
    }

    // How many planned instants lie before, from some fixed one on.
    private long Before(long at)
    {
        var whole = Math.DivRem(at - PhaseUs, IntervalUs, out var rest);
        return rest > 0 ? whole + 1 : whole;
    }
}

/// <summary>Tells when samples of a source were to come: what polls and what imports each know of their own.</summary>
public interface ISourceSchedule
{
    /// <summary>The periods that touch [from, until), in order and not overlapping; empty when none was planned; null when it does not know the source.</summary>
    IReadOnlyList<PlannedPeriod>? Find(Transaction tx, long source, Instant from, Instant until);
}
