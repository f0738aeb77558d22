namespace Rondo.Readings.Rollups;

/// <summary>How wide a bucket is. The numbers are stored.</summary>
public enum Tier
{
    /// <summary>No bucket: readings as they were read.</summary>
    Raw = 0,

    /// <summary>A quarter of an hour of UTC, of which every other is made: zones have half and quarter hours.</summary>
    Quarter = 1,

    /// <summary>An hour of the site's clock. One in which the clock is changed by half an hour has two buckets or half of one.</summary>
    Hour = 2,

    /// <summary>A day of the site's clock: 23, 24 or 25 hours where the clock is changed by an hour.</summary>
    Day = 3,

    /// <summary>A week that begins on Monday.</summary>
    Week = 4,

    /// <summary>A month.</summary>
    Month = 5,

    /// <summary>A year.</summary>
    Year = 6,
}

/// <summary>Words for tiers.</summary>
public static class Tiers
{
    private static readonly string[] _words = ["raw", "15m", "1h", "1d", "1w", "1mo", "1y"];

    /// <summary>Every word that <see cref="TryParse"/> knows, with commas, for errors.</summary>
    public const string Words = "raw, 15m, 1h, 1d, 1w, 1mo, 1y";

    /// <summary>As a step: <c>15m</c>, <c>1h</c>, <c>1d</c>, <c>1w</c>, <c>1mo</c>, <c>1y</c>.</summary>
    public static string Word(this Tier tier) => _words[(int)tier];

    /// <summary>About how long a bucket is, for choosing one.</summary>
    public static TimeSpan Length(this Tier tier) => tier switch
    {
        Tier.Quarter => TimeSpan.FromMinutes(15),
        Tier.Hour => TimeSpan.FromHours(1),
        Tier.Day => TimeSpan.FromDays(1),
        Tier.Week => TimeSpan.FromDays(7),
        Tier.Month => TimeSpan.FromDays(30),
        Tier.Year => TimeSpan.FromDays(365),
        _ => TimeSpan.Zero,
    };

    /// <summary>The finer tier that one is made of, of a source whose finest is <paramref name="finest"/>; raw for the finest itself.</summary>
    public static Tier MadeOf(this Tier tier, Tier finest) => tier <= finest ? Tier.Raw : tier switch { Tier.Hour => Tier.Quarter, Tier.Day => Tier.Hour, Tier.Year => Tier.Month, _ => Tier.Day };

    /// <summary>Reads a word.</summary>
    public static bool TryParse(string? text, out Tier tier)
    {
        var found = Array.IndexOf(_words, text switch { "hour" => "1h", "day" => "1d", "week" => "1w", "month" => "1mo", "year" => "1y", _ => text });
        tier = (Tier)Math.Max(0, found);
        return found >= 0;
    }
}
