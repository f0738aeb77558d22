using System.Text;

namespace Rondo.Imports.Guessing;

/// <summary>A profile as it is put together: what was found out, and the YAML of it with the reasons as remarks.</summary>
internal sealed class ProfileDraft
{
    private const int LongestRemark = 200;
    private readonly List<(string Key, string Value, GuessPart Part)> _lines = [];
    private readonly List<(string Meaning, int Column)> _columns = [];

    /// <summary>All that was found out.</summary>
    public List<GuessPart> Parts { get; } = [];

    /// <summary>The columns that mean something.</summary>
    public IReadOnlyList<(string Meaning, int Column)> Columns => _columns;

    /// <summary>A field of the profile.</summary>
    public void Set(string key, string value, GuessPart part)
    {
        _lines.Add((key, value, part));
        Parts.Add(part);
    }

    public void Set(string key, string value, string certainty, string why) => Set(key, value, new GuessPart(key, value, certainty, why));

    public void Set(string key, IEnumerable<string> values, GuessPart part) => Set(key, $"[{string.Join(", ", values.Select(Quoted))}]", part);

    /// <summary>Something that is said, and is no field of the profile.</summary>
    public void Say(string part, string value, string certainty, string why) => Parts.Add(new GuessPart(part, value, certainty, why));

    public void Column(TableShape table, string meaning, int column, string certainty, string why)
    {
        _columns.Add((meaning, column));
        Say(meaning, table.Shown(column), certainty, why);
    }

    /// <summary>The YAML.</summary>
    /// <param name="name">Name of the profile.</param>
    /// <param name="description">A line for people.</param>
    /// <param name="table">The table it is of; null where there is none.</param>
    public string Yaml(string name, string description, TableShape? table)
    {
        var text = new StringBuilder($"name: {Quoted(name)}\ndescription: {Quoted(description)}\n");
        foreach (var (key, value, part) in _lines)
        {
            text.Append($"{key}: {value}{Remark(part)}\n");
        }

        if (table is not null && _columns.Count > 0)
        {
            var isCounted = table.Header is null || _columns.Exists(c => !IsFound(table, c.Column));
            text.Append("columns:\n");
            foreach (var (meaning, column) in _columns)
            {
                text.Append($"  {meaning}: [{(isCounted ? $"'#{column + 1}'" : Quoted(table.Header![column]))}]{Remark(Parts.Find(p => p.Part == meaning)!)}\n");
            }

            if (isCounted && table.Header is not null)
            {
                Say("names", "columns are counted", GuessPart.Likely, "a name is there twice, or has neither letters nor digits; the row of names will be rejected as one that has no values");
            }
        }

        return text.ToString();
    }

    /// <summary>In single quotes, in which nothing but a quote means anything.</summary>
    private static string Quoted(string text) => $"'{string.Concat(text.Where(c => !char.IsControl(c))).Replace("'", "''", StringComparison.Ordinal)}'";

    private static bool IsFound(TableShape table, int column) =>
        table.Name(column) is { Length: > 0 } name && !name.StartsWith('#') && Array.FindIndex(table.Header!, n => Formats.Header.Normal(n) == name) == column;

    private static string Remark(GuessPart part)
    {
        var why = string.Concat(part.Why.Select(c => char.IsControl(c) ? ' ' : c));
        return $"  # {part.Certainty}: {(why.Length > LongestRemark ? why[..LongestRemark] + "…" : why)}";
    }
}
