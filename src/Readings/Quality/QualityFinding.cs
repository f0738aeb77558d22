using Rondo.Storage;

namespace Rondo.Readings.Quality;

/// <summary>A day of a series that the daily look found something to say against.</summary>
public sealed class QualityFinding
{
    /// <summary>Where the day begins on the site's clock.</summary>
    public Instant Day { get; init; }

    /// <summary>The series.</summary>
    public string Series { get; init; } = "";

    /// <summary>Readings that were planned; null when nobody knows.</summary>
    public long? Expected { get; init; }

    /// <summary>Readings that were there.</summary>
    public int Present { get; init; }

    /// <summary>Gaps.</summary>
    public int Gaps { get; init; }

    /// <summary>Readings that came flagged.</summary>
    public int Suspect { get; init; }

    /// <summary>Readings far beyond what was usual on the day.</summary>
    public int Outliers { get; init; }

    /// <summary>Readings of the longest time that a gauge did not change; 0 when it was not stuck.</summary>
    public int Stuck { get; init; }

    /// <summary>Readings of a counter below the one before, and negative energy.</summary>
    public int Negative { get; init; }

    /// <summary>Values that came again for an instant that had one.</summary>
    public long Duplicates { get; init; }

    /// <summary>When it was found.</summary>
    public Instant FoundAt { get; init; }
}
