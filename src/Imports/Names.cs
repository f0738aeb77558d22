using System.Buffers;

namespace Rondo.Imports;

/// <summary>What may be a name.</summary>
internal static class Names
{
    public const int Longest = 60;
    private static readonly SearchValues<char> _allowed = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.");

    /// <summary>1 to 60 letters, digits, <c>. - _</c>, not only dots: no way out of a folder.</summary>
    public static bool IsFit(ReadOnlySpan<char> name) => name.Length is > 0 and <= Longest && !name.ContainsAnyExcept(_allowed) && name.ContainsAnyExcept('.');

    /// <summary>A text of others, short and on one line.</summary>
    public static string Shown(ReadOnlySpan<char> text)
    {
        var shown = text.Length > Longest ? string.Concat(text[..Longest], "…") : text.ToString();
        return string.Create(shown.Length, shown, (to, from) =>
        {
            for (var i = 0; i < from.Length; i++)
            {
                to[i] = char.IsControl(from[i]) ? ' ' : from[i];
            }
        });
    }
}
