using Rondo.Readings.Rollups;

namespace Rondo.Readings.Retention;

/// <summary>How long what is kept; null for ever. What a tier is made of is never kept longer than the tier: then the tier is kept as long.</summary>
/// <remarks>
/// A year of a value that is polled each minute takes 525,600 samples, 35,040 quarters, 8,760 hours and 365 days: after raw readings quarters are the bulk, and days cost next to nothing. So samples are there for
/// comparing with the year before (400 days), quarters for three years of load profiles, hours for ten years as accounts are, and days and coarser for ever.
/// </remarks>
public sealed record RetentionOptions
{
    /// <summary>Shortest time that can be set.</summary>
    public static readonly TimeSpan Least = TimeSpan.FromHours(1);

    /// <summary>Samples of pollers. Default 400 days.</summary>
    public TimeSpan? Polled { get; init; } = TimeSpan.FromDays(400);

    /// <summary>Samples that files brought, by their own instants; older ones are not imported. Default ten years.</summary>
    public TimeSpan? Imported { get; init; } = TimeSpan.FromDays(3_650);

    /// <summary>Quarters of an hour, which only polled series have. Default three years.</summary>
    public TimeSpan? Quarters { get; init; } = TimeSpan.FromDays(1_095);

    /// <summary>Hours. Default ten years.</summary>
    public TimeSpan? Hours { get; init; } = TimeSpan.FromDays(3_650);

    /// <summary>Days. Default for ever.</summary>
    public TimeSpan? Days { get; init; }

    /// <summary>Weeks. Default for ever.</summary>
    public TimeSpan? Weeks { get; init; }

    /// <summary>Months. Default for ever.</summary>
    public TimeSpan? Months { get; init; }

    /// <summary>Years. Default for ever.</summary>
    public TimeSpan? Years { get; init; }

    /// <summary>How old samples on SQLite are when they are packed; null for never. Default 100 days, at least 14: longer than the ledger, whose proof compares samples one by one.</summary>
    public TimeSpan? ArchiveAfter { get; init; } = TimeSpan.FromDays(100);

    /// <summary>How long a tier of a class is kept; null for ever.</summary>
    public TimeSpan? Of(SeriesClass of, Tier tier)
    {
        if (tier == Tier.Raw)
        {
            return of == SeriesClass.Polled ? Polled : Imported;
        }

        var own = tier switch { Tier.Quarter => Quarters, Tier.Hour => Hours, Tier.Day => Days, Tier.Week => Weeks, Tier.Month => Months, _ => Years };
        var finer = Of(of, tier.MadeOf(of == SeriesClass.Polled ? Tier.Quarter : Tier.Hour));
        return own is null || finer is null ? null : own > finer ? own : finer;
    }
}
