using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Readings.Queries;

/// <summary>What is asked about one series.</summary>
public sealed record SeriesQuestion
{
    /// <summary>Most buckets of one answer.</summary>
    public const int MostBuckets = 100_000;

    /// <summary>Its name, <c>device/point</c>.</summary>
    public required string Series { get; init; }

    /// <summary>From when on; the bucket that it lies in comes whole.</summary>
    public required Instant From { get; init; }

    /// <summary>Until when, without it; the bucket that the last instant before lies in comes whole.</summary>
    public required Instant To { get; init; }

    /// <summary>How wide the buckets are; null for whatever gives about <see cref="Points"/> of them.</summary>
    public Tier? Step { get; init; }

    /// <summary>At most about so many, when nobody says a step. Default 1,000.</summary>
    public int Points { get; init; } = 1_000;

    /// <summary>Which number is the value; null for what suits the kind: the sum of interval energy, the delta of a counter, the mean of all else.</summary>
    public Aggregate? Aggregate { get; init; }

    /// <summary>What stands where nothing was read. Default: nothing.</summary>
    public GapFill GapFill { get; init; }

    /// <summary>The clock of the buckets; null for the site's.</summary>
    public SiteCalendar? Calendar { get; init; }
}
