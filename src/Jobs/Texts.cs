using System.Buffers;
using System.Text;

namespace Rondo.Jobs;

/// <summary>Texts of others (errors, answers of devices, lines) on their way into a database that does not take every one.</summary>
internal static class Texts
{
    /// <summary>Longest error, line or note of progress.</summary>
    public const int Most = 4_000;

    /// <summary>Without zero characters (PostgreSQL stores none) and halves of characters, and at most <see cref="Most"/> long.</summary>
    public static string? Fit(string? text)
    {
        if (text is null || (text.Length <= Most && IsFit(text)))
        {
            return text;
        }

        var fit = new StringBuilder(Math.Min(text.Length, Most));
        foreach (var rune in text.EnumerateRunes())
        {
            if (fit.Length + rune.Utf16SequenceLength > Most)
            {
                break;
            }

            fit.Append(rune.Value == 0 ? Rune.ReplacementChar.ToString() : rune.ToString());
        }

        return fit.ToString();
    }

    /// <summary>A number that is not negative, in as few digits and small letters as it takes.</summary>
    public static string InBase36(long number)
    {
        Span<char> digits = stackalloc char[13];
        var first = digits.Length;
        do
        {
            digits[--first] = "0123456789abcdefghijklmnopqrstuvwxyz"[(int)(number % 36)];
            number /= 36;
        }
        while (number > 0);
        return new string(digits[first..]);
    }

    /// <summary>True when both databases store it as it is.</summary>
    public static bool IsFit(string text)
    {
        for (var rest = text.AsSpan(); rest.Length > 0;)
        {
            if (rest[0] == 0 || Rune.DecodeFromUtf16(rest, out _, out var length) != OperationStatus.Done)
            {
                return false;
            }

            rest = rest[length..];
        }

        return true;
    }
}
