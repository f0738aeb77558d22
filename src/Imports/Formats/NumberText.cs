using System.Globalization;

namespace Rondo.Imports.Formats;

/// <summary>
/// Reads numbers as files write them. Which character is the decimal one is fixed by the profile, never guessed by the cell: <c>1.234</c> may be either. A separator of groups
/// is taken only where groups are of three digits.
/// </summary>
internal static class NumberText
{
    private const int Longest = 40;

    /// <summary>Beyond, nothing that a meter measures in an interval.</summary>
    private const decimal Largest = 1_000_000_000_000m;

    /// <summary>Reads a number.</summary>
    /// <param name="text">The cell, without the space around it.</param>
    /// <param name="hasComma">True when the decimal character is the comma.</param>
    /// <param name="value">The number.</param>
    public static bool TryParse(ReadOnlySpan<char> text, bool hasComma, out decimal value)
    {
        var point = hasComma ? ',' : '.';
        return TryPlain(text, point, out value) || TrySlow(text, point, hasComma ? '.' : ',', out value);
    }

    /// <summary>Digits with at most one decimal character: nearly all there are.</summary>
    private static bool TryPlain(ReadOnlySpan<char> text, char point, out decimal value)
    {
        value = 0;
        if (text.Length is 0 or > 17)
        {
            return false;
        }

        var (mantissa, scale, hasPoint, digits, at) = (0L, 0, false, 0, 0);
        var isNegative = text[0] == '-';
        for (at = isNegative ? 1 : 0; at < text.Length; at++)
        {
            var c = text[at];
            if (char.IsAsciiDigit(c))
            {
                mantissa = (mantissa * 10) + (c - '0');
                scale += hasPoint ? 1 : 0;
                digits++;
            }
            else if (c == point && !hasPoint)
            {
                hasPoint = true;
            }
            else
            {
                return false;
            }
        }

        if (digits == 0)
        {
            return false;
        }

        value = new decimal((int)mantissa, (int)(mantissa >> 32), 0, isNegative && mantissa != 0, (byte)scale);
        return value is < Largest and > -Largest;
    }

    /// <summary>Groups, exponents, brackets, a minus behind.</summary>
    private static bool TrySlow(ReadOnlySpan<char> text, char point, char group, out decimal value)
    {
        value = 0;
        if (text.Length is 0 or > Longest)
        {
            return false;
        }

        var isNegative = false;
        if (text[0] == '(' && text[^1] == ')')
        {
            isNegative = true;
            text = text[1..^1].Trim();
        }
        else if (text[^1] == '-')
        {
            isNegative = true;
            text = text[..^1].TrimEnd();
        }

        Span<char> plain = stackalloc char[Longest];
        var (length, sinceGroup, isFraction) = (0, -1, false);
        foreach (var c in text)
        {
            if (c == group || c is ' ' or '\u00a0' or '\u202f' or '\'')
            {
                // 1.5 with a decimal comma is no 15.
                if (isFraction || (sinceGroup >= 0 && sinceGroup != 3) || length is 0 or > 3 && sinceGroup < 0)
                {
                    return false;
                }

                sinceGroup = 0;
                continue;
            }

            if (c == point || c is 'e' or 'E')
            {
                if (sinceGroup is >= 0 and not 3)
                {
                    return false;
                }

                (isFraction, sinceGroup) = (true, -1);
            }
            else if (sinceGroup >= 0)
            {
                sinceGroup++;
            }

            plain[length++] = c == point ? '.' : c;
        }

        if (sinceGroup is >= 0 and not 3
            || !decimal.TryParse(plain[..length], NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value))
        {
            return false;
        }

        value = isNegative ? -value : value;
        return value is < Largest and > -Largest;
    }
}
