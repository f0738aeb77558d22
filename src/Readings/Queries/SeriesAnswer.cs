using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Readings.Queries;

/// <summary>The answer about one series: either readings as they were read, or buckets.</summary>
public sealed record SeriesAnswer
{
    /// <summary>The series.</summary>
    public required SeriesRow Series { get; init; }

    /// <summary>How wide the buckets are; raw when it has readings instead.</summary>
    public required Tier Step { get; init; }

    /// <summary>Zone of the clock of the buckets.</summary>
    public required string TimeZone { get; init; }

    /// <summary>Where the first bucket begins, or from when on.</summary>
    public required Instant From { get; init; }

    /// <summary>Where the last one ends.</summary>
    public required Instant To { get; init; }

    /// <summary>Which number of a bucket is its value.</summary>
    public Aggregate Aggregate { get; init; }

    /// <summary>Readings that were planned from <see cref="From"/> to <see cref="To"/> or now; null when nobody knows.</summary>
    public long? Expected { get; init; }

    /// <summary>Readings that are there.</summary>
    public long Present { get; init; }

    /// <summary>Present of expected, from 0 to 1; null when nobody knows how many were planned, and when none was.</summary>
    public double? Completeness => Expected is > 0 and var expected ? Math.Min(1, Math.Round((double)Present / expected, 6)) : null;

    /// <summary>True when so much is still to be rolled up that the buckets may lack some of it; otherwise they have everything that was committed.</summary>
    public bool IsPending { get; init; }

    /// <summary>From when on nothing of this step was let go of by retention; null when that is before what was asked for.</summary>
    public Instant? KeptFrom { get; init; }

    /// <summary>Readings, oldest first.</summary>
    public IReadOnlyList<Reading> Readings { get; init; } = [];

    /// <summary>Buckets, oldest first.</summary>
    public IReadOnlyList<Bucket> Buckets { get; init; } = [];
}
