namespace Rondo.Imports.Guessing;

/// <summary>The beginning of a file as rows of fields under a header, or without one.</summary>
/// <param name="separator">Between fields.</param>
/// <param name="header">Names of the columns; null where there is none.</param>
/// <param name="rows">Rows behind the header that have as many fields as most.</param>
internal sealed class TableShape(char separator, string[]? header, List<string[]> rows)
{
    private const int HeaderLines = 20;
    private const int Looked = 200;

    public char Separator => separator;

    public string[]? Header => header;

    public IReadOnlyList<string[]> Rows => rows;

    public int Width => header?.Length ?? (rows.Count == 0 ? 0 : rows[0].Length);

    /// <summary>Name of a column in the form in which profiles compare; empty without a header.</summary>
    public string Name(int column) => header is null ? "" : Formats.Header.Normal(header[column]);

    /// <summary>What a column is called for people.</summary>
    public string Shown(int column) => header is null || header[column].Length == 0 ? $"#{column + 1}" : Names.Shown(header[column]);

    /// <summary>Cells of a column that hold something, in the order of the file.</summary>
    public List<string> Cells(int column) => [.. rows.Where(r => r[column].Length > 0).Select(r => r[column])];

    /// <summary>Finds separator and header; null where no table can be made out.</summary>
    public static TableShape? Find(FileSample sample, List<GuessPart> parts)
    {
        var separator = Separate(sample, parts);
        var records = separator is { } found ? sample.Records(found) : [];
        if (records.Count == 0)
        {
            return null;
        }

        var width = Usual(records).Count;
        var at = records.FindIndex(r => IsAs(r, width));
        var last = Math.Min(records.Count, at + HeaderLines);
        for (var i = at; i < last; i++)
        {
            if (IsAs(records[i], width) && IsHeader(records[i], records.Skip(i + 1).FirstOrDefault(r => IsAs(r, width))))
            {
                parts.Add(new GuessPart("header", $"line {i + 1} of those that are not empty", GuessPart.Certain, string.Join(", ", records[i].Take(6).Select(n => Names.Shown(n)))));
                var names = records[i][^1].Length == 0 ? records[i][..^1] : records[i];
                return new TableShape(separator!.Value, names, Fitted(records.Skip(i + 1), names.Length));
            }
        }

        parts.Add(new GuessPart("header", "none", GuessPart.Likely, "no row has names over rows of values; columns are counted"));
        return new TableShape(separator!.Value, null, Fitted(records.Skip(at), width));
    }

    private static List<string[]> Fitted(IEnumerable<string[]> records, int width) =>
        [.. records.Where(r => (r.Length == width || (r.Length == width + 1 && r[width].Length == 0)) && !r[0].StartsWith("total", StringComparison.OrdinalIgnoreCase) && !r[0].Equals("sum", StringComparison.OrdinalIgnoreCase))];

    private static bool IsAs(string[] record, int width) => record.Length == width || (record.Length == width + 1 && record[width].Length == 0) || record.Length == width - 1;

    /// <summary>Names are no numbers and no dates, but for times of the day and numbers of periods, and what is below them is.</summary>
    private static bool IsHeader(string[] record, string[]? below)
    {
        if (record.Count(c => ColumnNames.Meaning(c) is not null) >= 2)
        {
            return true;
        }

        return below is not null && !record.Any(IsDatum) && below.Any(IsDatum) && record.Count(c => c.Length > 0) > record.Length / 2;

        static bool IsDatum(string cell) => cell.Length > 0 && (NumberGuess.IsNumber(cell) || DateGuess.Of([cell], DateOrder.DayFirst) is not null || DateGuess.Of([cell], DateOrder.MonthFirst) is not null);
    }

    private static char? Separate(FileSample sample, List<GuessPart> parts)
    {
        if (sample.Sheet is not null)
        {
            return ',';
        }

        if (sample.Hint is { } hint)
        {
            parts.Add(new GuessPart("separator", Word(hint), GuessPart.Certain, "the first line says so (sep=)"));
            return hint;
        }

        var found = ";\t|,".Select(s => (Separator: s, Usual: Usual([.. sample.Records(s).Take(Looked)]))).Where(s => s.Usual.Count > 1).ToList();
        if (found.Count == 0)
        {
            parts.Add(new GuessPart("separator", "none", GuessPart.Unclear, "no character divides the lines into as many fields each"));
            return null;
        }

        // Decimal commas divide lines as evenly as separators do, but for the header: of those that do it about equally well, what gives more fields.
        var most = found.Max(f => f.Usual.Share);
        var best = found.Where(f => f.Usual.Share >= most - 0.05).MaxBy(f => f.Usual.Count);
        parts.Add(new GuessPart("separator", Word(best.Separator), best.Usual.Share > 0.95 ? GuessPart.Certain : GuessPart.Likely, $"{best.Usual.Share:P0} of the lines looked at have {best.Usual.Count} fields by it"));
        return best.Separator;
    }

    /// <summary>How many fields most records have, and which share of them.</summary>
    private static (int Count, double Share) Usual(List<string[]> records)
    {
        var usual = records.Where(r => r.Length > 1).GroupBy(r => r.Length).OrderByDescending(g => g.Count()).ThenByDescending(g => g.Key).FirstOrDefault();
        return usual is null ? (0, 0) : (usual.Key, (double)usual.Count() / records.Count);
    }

    public static string Word(char separator) => separator == '\t' ? "tab" : separator.ToString();
}
