using System.Buffers;
using System.Globalization;

namespace Rondo.Polling.Configuration;

/// <summary>Durations as people write them: a number with a unit (<c>500ms</c>, <c>10s</c>, <c>5m</c>, <c>1h</c>, <c>7d</c>), or several in a row (<c>1h30m</c>).</summary>
public static class Durations
{
    /// <summary>What a duration looks like, for messages.</summary>
    internal const string Expected = "a number with a unit such as 500ms, 10s, 5m, 1h";

    // A number longer than this cannot be a sensible duration, and decimal would overflow.
    private const int MaxLength = 30;

    private static readonly SearchValues<char> numberCharacters = SearchValues.Create("0123456789.");

    private static readonly (string Name, long Ticks)[] units =
    [
        ("d", TimeSpan.TicksPerDay),
        ("h", TimeSpan.TicksPerHour),
        ("m", TimeSpan.TicksPerMinute),
        ("s", TimeSpan.TicksPerSecond),
        ("ms", TimeSpan.TicksPerMillisecond),
        ("us", TimeSpan.TicksPerMicrosecond),
    ];

    /// <summary>Reads a duration of whole microseconds (what a database stores); false for anything else, negative and unitless numbers included.</summary>
    public static bool TryParse(string text, out TimeSpan value)
    {
        value = TimeSpan.Zero;
        var rest = text.AsSpan().Trim();
        if (rest.IsEmpty || rest.Length > MaxLength)
        {
            return false;
        }

        decimal ticks = 0;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(numberCharacters);
            if (digits <= 0 || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            rest = rest[digits..].TrimStart();
            var next = rest.IndexOfAny(numberCharacters);
            var unit = next < 0 ? rest : rest[..next];
            if (!TryUnit(unit.TrimEnd(), out var factor) || number > long.MaxValue / factor)
            {
                return false;
            }

            ticks += number * factor;
            rest = rest[unit.Length..];
        }

        if (ticks > long.MaxValue || ticks % TimeSpan.TicksPerMicrosecond != 0)
        {
            return false;
        }

        value = TimeSpan.FromTicks((long)ticks);
        return true;
    }

    /// <summary>The shortest exact text: the largest unit that divides evenly (<c>90s</c>, <c>2m</c>, <c>1h</c>).</summary>
    public static string Show(TimeSpan value)
    {
        if (value == TimeSpan.Zero)
        {
            return "0s";
        }

        foreach (var (name, ticks) in units)
        {
            if (value.Ticks % ticks == 0)
            {
                return (value.Ticks / ticks).ToString(CultureInfo.InvariantCulture) + name;
            }
        }

        return (value.Ticks / (decimal)TimeSpan.TicksPerMicrosecond).ToString(CultureInfo.InvariantCulture) + "us";
    }

    private static bool TryUnit(ReadOnlySpan<char> text, out long ticks)
    {
        foreach (var (name, each) in units)
        {
            if (text.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                ticks = each;
                return true;
            }
        }

        ticks = 0;
        return false;
    }
}
