using System.Text.Json;

namespace Rondo.Polling.Configuration;

/// <summary>One word of a closed set. Case, <c>_</c> and <c>-</c> do not matter; the first word of a value is the one that is shown.</summary>
internal sealed class WordCodec<TValue>(string noun, params (string Word, TValue Value)[] words) : Codec<TValue>
    where TValue : notnull
{
    private readonly string[] shown = words.DistinctBy(pair => pair.Value).Select(pair => pair.Word).ToArray();

    /// <summary>Writes the value as a number instead of its word.</summary>
    public Func<TValue, int>? AsNumber { get; init; }

    public override string? Read(string text, out TValue value)
    {
        var folded = Fold(text);
        foreach (var (word, each) in words)
        {
            if (Fold(word) == folded)
            {
                value = each;
                return null;
            }
        }

        value = words[0].Value;
        return $"is not a {noun}; expected {Wording.OneOf(shown)}{Wording.DidYouMean(text, words.Select(pair => pair.Word))}";
    }

    public override string? Check(TValue value) =>
        Array.Exists(words, pair => pair.Value.Equals(value)) ? null : $"is not a {noun}; expected {Wording.OneOf(shown)}";

    public override string Show(TValue value)
    {
        foreach (var (word, each) in words)
        {
            if (each.Equals(value))
            {
                return word;
            }
        }

        return value.ToString() ?? "";
    }

    public override void Write(Utf8JsonWriter json, TValue value)
    {
        if (AsNumber is null)
        {
            base.Write(json, value);
        }
        else
        {
            json.WriteNumberValue(AsNumber(value));
        }
    }

    private static string Fold(string text) => text.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();
}

/// <summary>Free text of bounded length on one line.</summary>
internal sealed class TextCodec(int longest) : Codec<string>
{
    public override string? Read(string text, out string value)
    {
        value = text.Trim();
        return null;
    }

    public override string? Check(string value) =>
        value.Length > longest ? $"has {value.Length} characters; expected at most {longest}"
        : value.Any(c => char.IsControl(c)) ? "holds control characters; expected plain text on one line"
        : value != value.Trim() ? "begins or ends with a space; expected none there"
        : null;

    public override string Show(string value) => value;
}

/// <summary>A name that is part of series names, topics and addresses of the API.</summary>
internal sealed class NameCodec(bool emptyAllowed = false) : Codec<string>
{
    private const int Longest = 100;

    public override string? Read(string text, out string value)
    {
        value = text.Trim();
        return null;
    }

    public override string? Check(string value) =>
        value.Length == 0 && emptyAllowed ? null
        : value.Contains('{') ? "holds a brace, which is replaced only together with repeat; expected letters, digits, '.', '_' and '-'"
        : value.Length is 0 or > Longest || value.Any(c => !(char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
            ? $"is not a name; expected 1 to {Longest} letters, digits, '.', '_' and '-'"
        : null;

    public override string Show(string value) => value;
}
