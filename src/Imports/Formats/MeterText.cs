using System.Buffers;
using Rondo.Imports.Profiles;

namespace Rondo.Imports.Formats;

/// <summary>Reads what a meter is called, and refuses what a spreadsheet has damaged.</summary>
internal static class MeterText
{
    private static readonly SearchValues<char> _ofNumbers = SearchValues.Create("0123456789.,");
    private static readonly int[] _primes = [3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43];

    /// <summary>Reads a cell.</summary>
    /// <param name="text">The cell, without the space around it.</param>
    /// <param name="kind">How meters are written.</param>
    /// <param name="meter">The name: upper case, leading zeros kept.</param>
    /// <returns>What is wrong with it, or null.</returns>
    public static string? Read(ReadOnlySpan<char> text, MeterNames kind, out string meter)
    {
        meter = "";

        // What spreadsheets are told so that they leave digits alone.
        if (text.Length > 0 && text[0] == '\'')
        {
            text = text[1..];
        }
        else if (text.Length > 3 && text.StartsWith("=\"") && text[^1] == '"')
        {
            text = text[2..^1];
        }

        text = text.Trim();
        if (text.Length == 0)
        {
            return "no_meter";
        }

        if (IsRounded(text))
        {
            return "digits_lost";
        }

        meter = text.ToString().ToUpperInvariant();
        switch (kind)
        {
            case MeterNames.Mpan:
                meter = meter.Replace(" ", "", StringComparison.Ordinal);
                meter = meter.Length == 21 ? meter[^13..] : meter;
                return IsMpan(meter) ? null : "bad_mpan";
            case MeterNames.Nmi:
                if (meter.Length is not (10 or 11) || !meter.All(char.IsAsciiLetterOrDigit))
                {
                    return "bad_nmi";
                }

                // The check digit behind is not a part of the name, and not every file has it.
                meter = meter[..10];
                return null;
            default:
                return Names.IsFit(meter) ? null : "bad_meter";
        }
    }

    /// <summary>13 digits, of which the last one follows from the others.</summary>
    public static bool IsMpan(string text)
    {
        if (text.Length != 13 || text.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        var sum = 0;
        for (var i = 0; i < 12; i++)
        {
            sum += (text[i] - '0') * _primes[i];
        }

        return sum % 11 % 10 == text[12] - '0';
    }

    /// <summary>2E+12, 2.00E+12: a number that was a name.</summary>
    private static bool IsRounded(ReadOnlySpan<char> text)
    {
        var e = text.IndexOfAny("eE");
        return e > 0 && e + 2 < text.Length && text[e + 1] == '+' && !text[(e + 2)..].ContainsAnyExceptInRange('0', '9') && !text[..e].ContainsAnyExcept(_ofNumbers);
    }
}
