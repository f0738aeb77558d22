using System.Globalization;
using System.Text;

namespace Rondo.Jobs.Schedules;

/// <summary>A piece of an expression that knows where it stood, so that an error can point at it.</summary>
/// <param name="Text">The characters.</param>
/// <param name="At">Place of the first one in the whole expression, from 1.</param>
internal readonly record struct CronPart(string Text, int At)
{
    private const int LongestQuote = 40;

    /// <summary>The text in single quotes, shortened, without what would break a line or turn it round.</summary>
    public static string Quote(string text)
    {
        var shown = new StringBuilder("'");
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, LongestQuote)))
        {
            shown.Append(CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator ? '\uFFFD' : c);
        }

        return shown.Append(text.Length > LongestQuote ? "…'" : "'").ToString();
    }

    /// <summary>The pieces between white space.</summary>
    public static CronPart[] Fields(string text)
    {
        var fields = new List<CronPart>();
        for (var at = 0; at < text.Length; at++)
        {
            var start = at;
            while (at < text.Length && !char.IsWhiteSpace(text[at]))
            {
                at++;
            }

            if (at > start)
            {
                fields.Add(new CronPart(text[start..at], start + 1));
            }
        }

        return [.. fields];
    }

    /// <summary>The items of a list: the pieces between commas, empty ones too.</summary>
    public IEnumerable<CronPart> Items()
    {
        var start = 0;
        for (var at = 0; at <= Text.Length; at++)
        {
            if (at == Text.Length || Text[at] == ',')
            {
                yield return new CronPart(Text[start..at], At + start);
                start = at + 1;
            }
        }
    }

    /// <summary>What stands before a place.</summary>
    public CronPart Before(int index) => new(Text[..index], At);

    /// <summary>What stands behind a place.</summary>
    public CronPart Behind(int index) => new(Text[(index + 1)..], At + index + 1);

    /// <summary>True for the same text in any case.</summary>
    public bool Is(string text) => Text.Equals(text, StringComparison.OrdinalIgnoreCase);
}
