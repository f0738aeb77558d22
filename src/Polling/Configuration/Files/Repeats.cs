using System.Globalization;

namespace Rondo.Polling.Configuration.Files;

/// <summary>Reads <c>repeat: 1..200</c> and <c>repeat: {g: 1..10, n: 1..20}</c> (every combination, the last one fastest).</summary>
internal static class Repeats
{
    /// <summary>Most devices one entry may stand for.</summary>
    public const int Most = 100_000;

    private const string Expected = "expected a range such as 1..200, or a mapping of names to ranges such as {g: 1..10, n: 1..20}";

    /// <summary>The repetitions, or null after a mistake.</summary>
    public static IReadOnlyList<Variables>? Read(Node node, string path, MistakeList mistakes)
    {
        var ranges = new List<(string Name, long From, long To)>();
        if (node.Kind == NodeKind.Scalar)
        {
            if (!TryRange(node.Text, out var from, out var to))
            {
                mistakes.Fail(node, path, $"{Wording.Quote(node.Text)} is not a range; {Expected}");
                return null;
            }

            ranges.Add(("n", from, to));
        }
        else if (node.Kind == NodeKind.Map && node.Entries.Count is > 0 and <= 4)
        {
            foreach (var (key, value) in node.Entries)
            {
                if (value.Kind != NodeKind.Scalar || !TryRange(value.Text, out var from, out var to))
                {
                    mistakes.Fail(value, $"{path}.{key.Text}", $"{(value.Kind == NodeKind.Scalar ? Wording.Quote(value.Text) : value.Noun)} is not a range; expected one such as 1..200");
                    return null;
                }

                if (key.Text.Length > 20 || !key.Text.All(char.IsAsciiLetterLower))
                {
                    mistakes.Fail(key, $"{path}.{key.Text}", $"{Wording.Quote(key.Text)} cannot be used in braces; expected a name of small letters");
                    return null;
                }

                ranges.Add((key.Text, from, to));
            }
        }
        else
        {
            mistakes.Fail(node, path, $"is {node.Noun}; {Expected}");
            return null;
        }

        decimal count = 1;
        foreach (var (_, from, to) in ranges)
        {
            count *= to - from + 1;
        }

        if (count > Most)
        {
            mistakes.Fail(node, path, $"stands for {count:N0} devices; expected at most {Most:N0}");
            return null;
        }

        return Combine(ranges, (int)count);
    }

    private static Variables[] Combine(List<(string Name, long From, long To)> ranges, int count)
    {
        var all = new Variables[count];
        for (var i = 0; i < count; i++)
        {
            var values = new (string Name, long Value)[ranges.Count];
            long rest = i;
            for (var r = ranges.Count - 1; r >= 0; r--)
            {
                var (name, from, to) = ranges[r];
                values[r] = (name, from + (rest % (to - from + 1)));
                rest /= to - from + 1;
            }

            all[i] = new Variables(values);
        }

        return all;
    }

    private static bool TryRange(string text, out long from, out long to)
    {
        to = from = 0;
        var dots = text.IndexOf("..", StringComparison.Ordinal);
        return dots > 0
            && uint.TryParse(text.AsSpan(0, dots).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && uint.TryParse(text.AsSpan(dots + 2).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            && (from = first) <= (to = last);
    }
}
