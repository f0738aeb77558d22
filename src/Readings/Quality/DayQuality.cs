using Rondo.Storage;

namespace Rondo.Readings.Quality;

/// <summary>A time without readings where some were planned.</summary>
/// <param name="From">The first instant that was missed, or where the silence begins when nobody knows what was planned.</param>
/// <param name="To">The next reading, or the end of the day.</param>
/// <param name="Missing">Readings that were planned in it; null when nobody knows.</param>
public sealed record ReadingGap(Instant From, Instant To, long? Missing);

/// <summary>The longest time that a value did not change.</summary>
/// <param name="Value">The value.</param>
/// <param name="From">Its first reading.</param>
/// <param name="To">Its last.</param>
/// <param name="Readings">How many.</param>
public sealed record StuckValue(double Value, Instant From, Instant To, int Readings);

/// <summary>How good the readings of one series and day are.</summary>
public sealed record DayQuality
{
    /// <summary>Most gaps that are named of a day, the longest.</summary>
    public const int MostGaps = 20;

    /// <summary>The series.</summary>
    public required string Series { get; init; }

    /// <summary>The day on the site's calendar, <c>2026-03-29</c>.</summary>
    public required string Day { get; init; }

    /// <summary>Readings that were planned, until now at most; null when nobody knows.</summary>
    public long? Expected { get; init; }

    /// <summary>Readings that are there.</summary>
    public int Present { get; init; }

    /// <summary>Present of expected, from 0 to 1.</summary>
    public double? Completeness => Expected is > 0 and var expected ? Math.Min(1, Math.Round((double)Present / expected, 6)) : null;

    /// <summary>How many gaps.</summary>
    public int GapCount { get; init; }

    /// <summary>The longest of them, in order.</summary>
    public IReadOnlyList<ReadingGap> Gaps { get; init; } = [];

    /// <summary>Readings that came flagged.</summary>
    public int Suspect { get; init; }

    /// <summary>Readings of a gauge or of interval energy far beyond what is usual on this day: more than ten times as far from the middle one as half of them are (scaled to a standard deviation); of 20 readings and more.</summary>
    public int Outliers { get; init; }

    /// <summary>For a gauge: a value that did not change over 20 readings and three hours or more.</summary>
    public StuckValue? Stuck { get; init; }

    /// <summary>Readings of a counter below the one before, and negative ones of interval energy.</summary>
    public int Negative { get; init; }

    /// <summary>Values that files brought for an instant that had one already, whether they were the same, were refused, or took its place.</summary>
    public long Duplicates { get; init; }

    /// <summary>True when there is nothing to say against this day; what came again is nothing against it.</summary>
    public bool IsGood => GapCount == 0 && Suspect == 0 && Outliers == 0 && Stuck is null && Negative == 0;

    /// <summary>False for a day of which nothing was to come and nothing came: a meter whose file comes each month.</summary>
    internal bool IsJudged => Expected is > 0 || Present > 0;

    /// <summary>True when it is to be kept that there is something to say against this day.</summary>
    internal bool IsFinding => IsJudged && !IsGood;
}
