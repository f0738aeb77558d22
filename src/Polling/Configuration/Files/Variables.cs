using System.Globalization;
using System.Text.RegularExpressions;

namespace Rondo.Polling.Configuration.Files;

/// <summary>The numbers of one repetition, and their use in texts: <c>{n}</c>, <c>{n+5000}</c>, <c>{n-1}</c>, <c>{n*2}</c>, <c>{n:000}</c>.</summary>
internal sealed partial class Variables(params (string Name, long Value)[] values)
{
    /// <summary>No repetition.</summary>
    public static readonly Variables None = new();

    /// <summary>Whether there is anything to replace.</summary>
    public bool IsEmpty => values.Length == 0;

    /// <summary><c> (n = 7)</c>, for messages.</summary>
    public override string ToString() => IsEmpty ? "" : $" ({string.Join(", ", values.Select(each => $"{each.Name} = {each.Value}"))})";

    /// <summary>Replaces every expression in braces. Without a repetition the text stays as it is.</summary>
    /// <param name="text">The text.</param>
    /// <param name="problem">Null, or what is wrong.</param>
    public string Expand(string text, out string? problem)
    {
        problem = null;
        if (IsEmpty || !text.Contains('{', StringComparison.Ordinal))
        {
            return text;
        }

        string? wrong = null;
        var expanded = Expression().Replace(text, match => Value(match, ref wrong));
        problem = wrong;
        if (problem is null && expanded.AsSpan().IndexOfAny('{', '}') >= 0)
        {
            problem = $"{Wording.Quote(text)} has braces that cannot be read; expected {{{values[0].Name}}}, {{{values[0].Name}+5000}} or {{{values[0].Name}:000}}";
        }

        return expanded;
    }

    private string Value(Match match, ref string? wrong)
    {
        foreach (var (name, value) in values)
        {
            if (name == match.Groups["name"].Value)
            {
                var by = match.Groups["by"].Success ? long.Parse(match.Groups["by"].ValueSpan, CultureInfo.InvariantCulture) : 0;
                var result = match.Groups["op"].Value switch { "+" => value + by, "-" => value - by, "*" => value * by, _ => value };
                return result.ToString(match.Groups["zeros"].Success ? match.Groups["zeros"].Value : "0", CultureInfo.InvariantCulture);
            }
        }

        wrong ??= $"{match.Value} uses {Wording.Quote(match.Groups["name"].Value)}, which repeat does not give; expected {Wording.OneOf(values.Select(each => each.Name).ToArray())}";
        return match.Value;
    }

    [GeneratedRegex(@"\{\s*(?<name>[a-z][a-z0-9_]{0,20})\s*(?:(?<op>[+\-*])\s*(?<by>[0-9]{1,9}))?\s*(?::(?<zeros>0{1,9}))?\s*\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Expression();
}
