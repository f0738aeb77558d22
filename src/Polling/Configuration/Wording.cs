using System.Text;

namespace Rondo.Polling.Configuration;

/// <summary>How messages quote, list and suggest.</summary>
internal static class Wording
{
    private const int LongestQuote = 60;
    private const int LongestGuess = 64;

    /// <summary>The text in single quotes, shortened, without control characters, so that one mistake stays one readable line.</summary>
    public static string Quote(string text)
    {
        var shown = new StringBuilder("'");
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, LongestQuote)))
        {
            shown.Append(char.IsControl(c) || char.IsSurrogate(c) ? '\uFFFD' : c);
        }

        return shown.Append(text.Length > LongestQuote ? "…'" : "'").ToString();
    }

    /// <summary><c>a, b or c</c>.</summary>
    public static string OneOf(IReadOnlyList<string> words) => words.Count switch
    {
        0 => "nothing",
        1 => words[0],
        _ => string.Join(", ", words.Take(words.Count - 1)) + " or " + words[^1],
    };

    /// <summary><c>; did you mean x?</c> for the known word that is nearest to what was written, or nothing when none is near.</summary>
    public static string DidYouMean(string written, IEnumerable<string> known) =>
        Nearest(written, known) is { } word ? $"; did you mean {word}?" : "";

    /// <summary>The known word with the smallest edit distance, when that is at most a third of its length.</summary>
    public static string? Nearest(string written, IEnumerable<string> known)
    {
        if (written.Length > LongestGuess)
        {
            return null;
        }

        var folded = Fold(written);
        string? best = null;
        var least = int.MaxValue;
        foreach (var word in known)
        {
            var distance = Distance(folded, Fold(word));
            if (distance < least && distance <= Math.Max(1, word.Length / 3))
            {
                (best, least) = (word, distance);
            }
        }

        return best;
    }

    private static string Fold(string word) => word.ToLowerInvariant().Replace('-', '_').Replace(' ', '_');

    // Optimal string alignment: a swap of two neighbours, the commonest slip, counts one.
    private static int Distance(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    cost[i, j] = i + j;
                    continue;
                }

                var step = Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    step = Math.Min(step, cost[i - 2, j - 2] + 1);
                }

                cost[i, j] = step;
            }
        }

        return cost[a.Length, b.Length];
    }
}
