using System.Globalization;
using Rondo.Imports.Files;
using Rondo.Imports.Profiles;

namespace Rondo.Imports.Formats;

/// <summary>Which column is what.</summary>
internal sealed class Header
{
    private const int MostLines = 20;

    private Header(IReadOnlyList<string> names, Dictionary<string, int> at) => (Names, _at) = (names, at);

    private readonly Dictionary<string, int> _at;

    /// <summary>Names as the file has them; empty for a file without a header.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Fields of every row; 0 when nobody says.</summary>
    public int Count => Names.Count;

    /// <summary>The column of that meaning; -1 for none.</summary>
    public int this[string meaning] => _at.GetValueOrDefault(meaning, -1);

    /// <summary>What a column is called for people.</summary>
    public string Name(int column) => column < 0 ? "" : column < Names.Count && Names[column].Length > 0 ? Names[column] : $"#{column + 1}";

    /// <summary>Lower case, without spaces and what else people decorate names with.</summary>
    public static string Normal(string name) => name.StartsWith('#') ? name : string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();

    /// <summary>Looks for the header among the first 20 records; what stands before it is left out. For a profile that counts columns there is none.</summary>
    /// <param name="records">The file, from its beginning.</param>
    /// <param name="profile">What is looked for.</param>
    /// <param name="required">Meanings that must be there, beside the meter; of those with <c>|</c> one.</param>
    /// <exception cref="ImportRefused">There is none, or nobody says which meter it is.</exception>
    public static Header Find(RecordReader records, Profile profile, params string[] required)
    {
        if (profile.OnlyMeter is null && profile.Named("meter").Count == 0)
        {
            throw new ImportRefused($"profile {profile.Name} has no column that names the meter: say which meter the file is of (--meter NAME), or where it stands in the names of files (meter_from_file: in the profile)");
        }

        var header = Look(records, profile, profile.OnlyMeter is null ? ["meter", .. required] : required);
        return profile.OnlyMeter is null || header["meter"] < 0
            ? header
            : throw new ImportRefused($"the rows of the file name their meter themselves, in column {header.Name(header["meter"])}; hand it in without --meter, or by a profile that does not read that column");
    }

    private static Header Look(RecordReader records, Profile profile, string[] required)
    {
        if (profile.Columns.Values.Any(names => names.Any(n => n.StartsWith('#'))))
        {
            return Counted(profile);
        }

        var first = "";
        for (var line = 0; line < MostLines && records.Read(); line++)
        {
            var names = new string[records.Count];
            for (var i = 0; i < names.Length; i++)
            {
                names[i] = records[i].ToString();
            }

            first = line == 0 ? string.Join(", ", names.Take(10)) : first;
            var at = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var (meaning, wanted) in profile.Columns)
            {
                // Of several the one that the profile names first.
                foreach (var name in wanted)
                {
                    if (Array.FindIndex(names, n => Normal(n) == name) is var column and >= 0 && !at.ContainsValue(column))
                    {
                        at[meaning] = column;
                        break;
                    }
                }
            }

            if (required.All(r => r.Split('|').Any(at.ContainsKey)))
            {
                return new Header(names, at);
            }
        }

        throw new ImportRefused(
            $"no header was found in the first {MostLines} lines: profile {profile.Name} needs columns for {string.Join(", ", required.Select(r => r.Replace("|", " or ", StringComparison.Ordinal)))}. "
            + $"The file begins: {Rondo.Imports.Names.Shown(first)}. {(required.Contains("meter") ? "Where its rows name no meter, say which it is (--meter NAME). " : "")}See the names that are known: rondo imports profile show {profile.Name}");
    }

    private static Header Counted(Profile profile)
    {
        var at = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (meaning, names) in profile.Columns)
        {
            if (names is not [['#', .. var number]] || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var column) || column is < 1 or > 1_000)
            {
                throw new ImportRefused($"profile {profile.Name}: columns are either all named or all counted, such as #3");
            }

            at[meaning] = column - 1;
        }

        return new Header([], at);
    }
}
