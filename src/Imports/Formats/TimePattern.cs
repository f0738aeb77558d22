namespace Rondo.Imports.Formats;

/// <summary>A wall clock reading as a file writes it.</summary>
/// <param name="Local">Seconds of the wall clock since 1970-01-01T00:00 of it.</param>
/// <param name="OffsetS">How far the clock was ahead of UTC, when the text says so; null when it is the zone's affair.</param>
internal readonly record struct ClockText(long Local, int? OffsetS);

/// <summary>Reads dates and times by a pattern: <c>dd/MM/yyyy HH:mm</c>, or <c>iso</c>. 24:00 is the midnight that follows.</summary>
internal sealed class TimePattern
{
    private const string Expected = "expected a pattern of yyyy, yy, MMM, MM, M, dd, d, HH, H, hh, mm, ss, tt and what stands between, or iso, or excel";
    private static readonly string[] _months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] _parts = ["yyyy", "yy", "MMM", "MM", "M", "dd", "d", "HH", "H", "hh", "mm", "ss", "tt"];
    private readonly List<string> _steps = [];
    private readonly bool _isIso;
    private readonly bool _isExcel;

    public TimePattern(string pattern)
    {
        (_isIso, _isExcel) = (pattern == "iso", pattern == "excel");
        for (var rest = pattern.AsSpan(); rest.Length > 0 && !_isIso && !_isExcel;)
        {
            var part = "";
            foreach (var known in _parts)
            {
                if (rest.StartsWith(known))
                {
                    part = known;
                    break;
                }
            }

            _steps.Add(part.Length > 0 ? part : rest[..1].ToString());
            rest = rest[Math.Max(1, part.Length)..];
        }
    }

    /// <summary>What is wrong with a pattern, or null.</summary>
    public static string? Problem(string pattern)
    {
        if (pattern is "iso" or "excel")
        {
            return null;
        }

        var steps = new TimePattern(pattern)._steps;
        return pattern.Length is 0 or > 40 || steps.Exists(s => s.Length == 1 && char.IsAsciiLetter(s[0]) && s is not ("M" or "d" or "H")) || !steps.Exists(s => _parts.Contains(s)) ? Expected : null;
    }

    public bool TryParse(ReadOnlySpan<char> text, out ClockText clock)
    {
        clock = default;
        return _isIso ? TryIso(text, out clock) : _isExcel ? TryExcel(text, out clock) : TryPattern(text, out clock);
    }

    /// <summary>Days since the epoch of a date; false when there is no such day.</summary>
    public static bool TryDay(int year, int month, int day, out long days)
    {
        days = 0;
        if (year is < 1970 or > 2200 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month))
        {
            return false;
        }

        days = (long)(new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Unspecified) - DateTime.UnixEpoch).TotalDays;
        return true;
    }

    private bool TryPattern(ReadOnlySpan<char> text, out ClockText clock)
    {
        clock = default;
        int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
        bool? isAfternoon = null;
        foreach (var step in _steps)
        {
            var isGood = step switch
            {
                "yyyy" => Take(ref text, 4, 4, out year),
                "yy" => TakeShortYear(ref text, out year),
                "MMM" => TakeMonth(ref text, out month),
                "MM" => Take(ref text, 2, 2, out month),
                "M" => Take(ref text, 1, 2, out month),
                "dd" => Take(ref text, 2, 2, out day),
                "d" => Take(ref text, 1, 2, out day),
                "HH" or "hh" => Take(ref text, 2, 2, out hour),
                "H" => Take(ref text, 1, 2, out hour),
                "mm" => Take(ref text, 2, 2, out minute),
                "ss" => Take(ref text, 2, 2, out second),
                "tt" => TakeHalf(ref text, out isAfternoon),
                _ => TakeLiteral(ref text, step[0]),
            };
            if (!isGood)
            {
                return false;
            }
        }

        if (isAfternoon is { } afternoon)
        {
            if (hour is < 1 or > 12)
            {
                return false;
            }

            hour = (hour % 12) + (afternoon ? 12 : 0);
        }

        return text.Length == 0 && Make(year, month, day, hour, minute, second, null, out clock);
    }

    /// <summary>yyyy-MM-dd[(T| )HH:mm[:ss[.fff]][Z|±HH[:]mm]].</summary>
    private static bool TryIso(ReadOnlySpan<char> text, out ClockText clock)
    {
        clock = default;
        int hour = 0, minute = 0, second = 0;
        int? offset = null;
        if (!Take(ref text, 4, 4, out var year) || !TakeLiteral(ref text, '-') || !Take(ref text, 2, 2, out var month) || !TakeLiteral(ref text, '-') || !Take(ref text, 2, 2, out var day))
        {
            return false;
        }

        if (text.Length > 0)
        {
            if (!(TakeLiteral(ref text, 'T') || TakeLiteral(ref text, ' ')) || !Take(ref text, 2, 2, out hour) || !TakeLiteral(ref text, ':') || !Take(ref text, 2, 2, out minute))
            {
                return false;
            }

            if (TakeLiteral(ref text, ':') && !Take(ref text, 2, 2, out second))
            {
                return false;
            }

            if (TakeLiteral(ref text, '.') || TakeLiteral(ref text, ','))
            {
                var digits = text.IndexOfAnyExceptInRange('0', '9');
                digits = digits < 0 ? text.Length : digits;
                if (digits is 0 or > 9)
                {
                    return false;
                }

                text = text[digits..];
            }

            if (text is "Z" or "z")
            {
                offset = 0;
                text = default;
            }
            else if (text.Length > 0)
            {
                var sign = text[0] switch { '+' => 1, '-' => -1, _ => 0 };
                text = text[1..];
                if (sign == 0 || !Take(ref text, 2, 2, out var hours) || hours > 18)
                {
                    return false;
                }

                _ = TakeLiteral(ref text, ':');
                var minutes = 0;
                if (text.Length > 0 && (!Take(ref text, 2, 2, out minutes) || minutes > 59))
                {
                    return false;
                }

                offset = sign * ((hours * 3_600) + (minutes * 60));
            }
        }

        return text.Length == 0 && Make(year, month, day, hour, minute, second, offset, out clock);
    }

    /// <summary>Days since 1899-12-30 with a fraction, to the second.</summary>
    private static bool TryExcel(ReadOnlySpan<char> text, out ClockText clock)
    {
        clock = default;
        if (!(NumberText.TryParse(text, hasComma: false, out var serial) || NumberText.TryParse(text, hasComma: true, out serial)) || serial is < 25_569m or > 110_000m)
        {
            return false;
        }

        clock = new ClockText((long)Math.Round((serial - 25_569m) * 86_400m), null);
        return true;
    }

    private static bool Make(int year, int month, int day, int hour, int minute, int second, int? offset, out ClockText clock)
    {
        clock = default;
        if (!TryDay(year, month, day, out var days) || minute > 59 || second > 59 || hour > 24 || (hour == 24 && minute + second > 0))
        {
            return false;
        }

        clock = new ClockText((days * 86_400) + (hour * 3_600) + (minute * 60) + second, offset);
        return true;
    }

    private static bool Take(ref ReadOnlySpan<char> text, int least, int most, out int number)
    {
        number = 0;
        var length = 0;
        while (length < most && length < text.Length && char.IsAsciiDigit(text[length]))
        {
            number = (number * 10) + (text[length++] - '0');
        }

        text = text[length..];
        return length >= least;
    }

    private static bool TakeShortYear(ref ReadOnlySpan<char> text, out int year)
    {
        var isGood = Take(ref text, 2, 2, out year);
        year += 2_000;
        return isGood;
    }

    private static bool TakeMonth(ref ReadOnlySpan<char> text, out int month)
    {
        month = 0;
        for (var m = 0; m < 12 && text.Length >= 3; m++)
        {
            if (text[..3].Equals(_months[m], StringComparison.OrdinalIgnoreCase))
            {
                month = m + 1;
                text = text[3..];
                return true;
            }
        }

        return false;
    }

    private static bool TakeHalf(ref ReadOnlySpan<char> text, out bool? isAfternoon)
    {
        isAfternoon = text.Length < 2 ? null : text[..2].Equals("PM", StringComparison.OrdinalIgnoreCase) ? true : text[..2].Equals("AM", StringComparison.OrdinalIgnoreCase) ? false : null;
        text = isAfternoon is null ? text : text[2..];
        return isAfternoon is not null;
    }

    private static bool TakeLiteral(ref ReadOnlySpan<char> text, char literal)
    {
        if (text.Length == 0 || text[0] != literal)
        {
            return false;
        }

        text = text[1..];
        return true;
    }
}
