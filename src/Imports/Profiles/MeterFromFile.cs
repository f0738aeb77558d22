using System.Text.RegularExpressions;

namespace Rondo.Imports.Profiles;

/// <summary>Where the meter stands in the names of files: <c>{meter}_*.csv</c>. <c>*</c> is anything, <c>?</c> one character, the case of letters does not matter.</summary>
internal static class MeterFromFile
{
    private const string Place = "{meter}";
    private const int Longest = 200;

    /// <summary>What is wrong with a pattern, or null.</summary>
    public static string? Problem(string pattern) =>
        pattern.Length is 0 or > Longest || pattern.Split(Place).Length != 2 ? $"expected the name of a file with {Place} in it once, such as '{Place}_*.csv', at most {Longest} characters" : null;

    /// <summary>The meter that a file's name has in it; null when the name is another one.</summary>
    public static string? Read(string pattern, string file)
    {
        var expression = string.Join("(?<meter>.+?)", pattern.Split(Place).Select(p => Regex.Escape(p).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\?", ".", StringComparison.Ordinal)));

        // Names are those of others: no pattern may take longer than the name is long.
        var match = Regex.Match(Path.GetFileName(file), $"\\A{expression}\\z", RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline);
        return match.Success ? match.Groups["meter"].Value : null;
    }
}
