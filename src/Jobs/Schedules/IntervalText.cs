using System.Globalization;

namespace Rondo.Jobs.Schedules;

/// <summary>Intervals as people write them: whole numbers with a unit, <c>30s</c>, <c>5m</c>, <c>1h</c>, <c>1d</c>, or several in a row (<c>1h30m</c>).</summary>
internal static class IntervalText
{
    // Enough for the longest interval in seconds; sums of such numbers stay far from overflowing.
    private const int MostDigits = 9;
    private const int MostLength = 60;

    private static readonly (char Name, long Seconds)[] _units = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

    /// <summary>Reads an interval; false for anything else, unitless numbers included. Bounds are not looked at.</summary>
    public static bool TryParse(string text, out TimeSpan interval)
    {
        interval = TimeSpan.Zero;
        var rest = text.AsSpan().Trim();
        if (rest.IsEmpty || rest.Length > MostLength)
        {
            return false;
        }

        var seconds = 0L;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits is <= 0 or > MostDigits || SecondsOf(rest[digits]) is not { } unit)
            {
                return false;
            }

            seconds += long.Parse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture) * unit;
            rest = rest[(digits + 1)..].TrimStart();
        }

        // What is longer than any span there is, is too long for everybody who looks at bounds.
        interval = TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerSecond));
        return true;
    }

    /// <summary>The shortest exact text: the largest unit that divides evenly.</summary>
    public static string Show(TimeSpan interval)
    {
        var seconds = interval.Ticks / TimeSpan.TicksPerSecond;
        var (name, each) = Array.Find(_units, unit => seconds % unit.Seconds == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{seconds / each}{name}");
    }

    private static long? SecondsOf(char unit)
    {
        foreach (var (name, seconds) in _units)
        {
            if (char.ToLowerInvariant(unit) == name)
            {
                return seconds;
            }
        }

        return null;
    }
}
