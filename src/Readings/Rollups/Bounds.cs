using Rondo.Storage;

namespace Rondo.Readings.Rollups;

/// <summary>The beginning and the end of all time that both databases can tell.</summary>
internal static class Bounds
{
    /// <summary>Before every sample: 1900.</summary>
    public const long First = -2_208_988_800_000_000;

    /// <summary>After every sample: 2200.</summary>
    public const long Last = 7_258_118_400_000_000;

    /// <summary>For a parameter.</summary>
    public static Instant ToInstant(long micros) => new(Math.Clamp(micros, First, Last));

    /// <summary>For a parameter of PostgreSQL.</summary>
    public static DateTime ToDateTime(long micros) => ToInstant(micros).ToDateTime();
}
