using Rondo.Storage;

namespace Rondo.Readings.Rollups;

/// <summary>How much there is of a tier.</summary>
/// <param name="Tier">Its word.</param>
/// <param name="Buckets">Stored buckets of all series.</param>
/// <param name="Oldest">Where the first begins.</param>
/// <param name="Newest">Where the last begins.</param>
public sealed record TierStatus(string Tier, long Buckets, Instant? Oldest, Instant? Newest);

/// <summary>What is rolled up, and what still has to be.</summary>
public sealed record RollupStatus
{
    /// <summary>The clock of the site.</summary>
    public required string TimeZone { get; init; }

    /// <summary>By tier.</summary>
    public required IReadOnlyList<TierStatus> Tiers { get; init; }

    /// <summary>Marks: days of sources that changed.</summary>
    public long MarkedDays { get; init; }

    /// <summary>Sources with marks.</summary>
    public long MarkedSources { get; init; }

    /// <summary>The oldest instant that is marked.</summary>
    public Instant? MarkedFrom { get; init; }

    /// <summary>The newest.</summary>
    public Instant? MarkedTo { get; init; }

    /// <summary>Polled sources with samples that are not rolled up; normal until a quarter of an hour is over.</summary>
    public long BehindSources { get; init; }

    /// <summary>Up to when the one that is furthest behind is rolled up; null when none is, and when one is not at all.</summary>
    public Instant? BehindSince { get; init; }

    /// <summary>Days of sources that are over and still to be judged again.</summary>
    public long LateDays { get; init; }

    /// <summary>Reads it.</summary>
    public static RollupStatus Read(Transaction tx)
    {
        var marks = RollupMarks.Count(tx);
        var behind = SourceStore.OrderedAfter(tx, long.MinValue, int.MaxValue).Where(s => s.Newest is not null).ToList();
        return new RollupStatus
        {
            TimeZone = SiteZone.Of(tx).Zone,
            Tiers = [.. RollupStore.Count(tx).Select(t => new TierStatus(((Tier)t.Tier).Word(), t.Rows, t.Oldest, t.Newest))],
            MarkedDays = marks.Days,
            MarkedSources = marks.Sources,
            MarkedFrom = marks.Oldest,
            MarkedTo = marks.Newest,
            LateDays = Quality.LateDays.Count(tx),
            BehindSources = behind.Count,
            BehindSince = behind.Count == 0 || behind.Exists(s => s.SeenTo is null) ? null : behind.Min(s => s.SeenTo!.Value),
        };
    }
}
