using Rondo.Imports.Formats;

namespace Rondo.Imports.Guessing;

/// <summary>What the columns of a wide file are: one row, one meter and day.</summary>
internal sealed class WideGuess(TableShape table, ProfileDraft draft, DateOrder order)
{
    private const int Least = 23;
    private List<int> _values = [];
    private List<int> _flags = [];
    private bool _isInterleaved;

    /// <summary>The column of the day.</summary>
    public ColumnFacts? Date { get; private set; }

    public ColumnFacts? Meter { get; private set; }

    public ColumnFacts? Unit { get; private set; }

    /// <summary>Cells of values.</summary>
    public List<string> Values => [.. table.Rows.SelectMany(r => _values.Where(c => c < r.Length && r[c].Length > 0).Select(c => r[c])).Take(5_000)];

    /// <summary>Finds them; false when the file is none of this shape.</summary>
    public bool Find()
    {
        if (table.Header is not null)
        {
            _values = [.. Enumerable.Range(0, table.Width).Where(c => WideColumns.IsValue(table.Name(c)))];
            _flags = [.. Enumerable.Range(0, table.Width).Where(c => WideColumns.IsFlag(table.Name(c)))];
            _flags = _flags.Count == _values.Count ? _flags : [];
            _isInterleaved = _flags.Count > 0 && _flags[0] < _values[^1];
        }
        else
        {
            FindCounted();
        }

        if (_values.Count < Least || Minutes is null)
        {
            return false;
        }

        var others = Enumerable.Range(0, table.Width).Where(c => !_values.Contains(c) && !_flags.Contains(c)).Select(c => new ColumnFacts(table, c, order)).ToList();
        Date = others.Where(c => c.Dates is not null).OrderBy(c => c.Rank("date") ?? c.Rank("timestamp") ?? 500).FirstOrDefault();
        others.Remove(Date!);
        Unit = others.Find(c => c.IsUnits);
        Meter = others.Where(c => c.Cells.Count > 0 && c != Unit && c.Rank("meter") is not null).OrderBy(c => c.Rank("meter")).FirstOrDefault()
            ?? (table.Header is null ? others.Find(c => c != Unit && c.Cells.Count == table.Rows.Count && c.Cells.TrueForAll(v => MeterText.Read(v, Profiles.MeterNames.Text, out _) is null)) : null);
        Flag = others.Find(c => c != Unit && c != Meter && c.Rank("flag") is not null && c.IsFlags);
        Total = _counted ?? others.Find(c => c.Rank("total") is not null && c.IsNumeric)?.Column;
        return Date is not null;
    }

    private ColumnFacts? Flag { get; set; }

    private int? Total { get; set; }

    private int? _counted;

    private int? Minutes => _values.Count switch { >= 23 and <= 25 => 60, >= 46 and <= 50 => 30, >= 92 and <= 100 => 15, >= 138 and <= 150 => 10, >= 276 and <= 300 => 5, _ => null };

    /// <summary>Writes down what was found.</summary>
    public void Tell()
    {
        draft.Set("interval", $"{Minutes}m", GuessPart.Certain, $"a row has {_values.Count} values");
        if (table.Header is { } header)
        {
            var first = Formats.Header.Normal(header[_values[0]]);
            draft.Say("labels", Names.Shown(header[_values[0]]), GuessPart.Certain, first is "0030" or "003000" or "0100" or "0015"
                ? "ends of intervals; values go by their position in the row, and the last one belongs to the day of its row"
                : "values go by their position in the row");
        }

        draft.Set("flags", _flags.Count == 0 ? "none" : _isInterleaved ? "interleaved" : "block", _flags.Count == 0 ? GuessPart.Likely : GuessPart.Certain, _flags.Count == 0 ? "no columns of flags beside the values" : "there are as many columns of flags as of values");
        Put("meter", Meter?.Column, Meter?.Rank("meter") is not null);
        Put("date", Date!.Column, (Date.Rank("date") ?? Date.Rank("timestamp")) is not null);
        Put("unit", Unit?.Column, Unit?.Rank("unit") is not null);
        Put("flag", Flag?.Column, true);
        if (Total is { } total)
        {
            draft.Column(table, "total", total, table.Header is null ? GuessPart.Likely : GuessPart.Certain, table.Header is null ? "it is the sum of what follows; it is compared with that" : "by its name; it is compared with the sum of the row");
        }

        if (table.Header is null)
        {
            draft.Column(table, "values", _values[0], GuessPart.Likely, "the first of the values");
        }
    }

    private void Put(string meaning, int? column, bool isNamed)
    {
        if (column is { } at)
        {
            draft.Column(table, meaning, at, isNamed ? GuessPart.Certain : GuessPart.Likely, isNamed ? "by its name, and what is in it fits" : "by what is in it");
        }
    }

    /// <summary>Without names: the longest row of numbers, or of numbers with letters between or behind.</summary>
    private void FindCounted()
    {
        var rows = table.Rows;
        var kinds = Enumerable.Range(0, table.Width).Select(c => table.Cells(c) is { Count: > 0 } cells ? cells.TrueForAll(NumberGuess.IsNumber) && DateGuess.Of([.. cells.Take(20)], DateOrder.DayFirst)?.Matched != Math.Min(20, cells.Count) ? 'n' : cells.TrueForAll(v => v.Length <= 9 && v.All(char.IsLetter)) ? 'a' : '-' : ' ').ToArray();
        var text = new string(kinds);
        var first = text.LastIndexOf('-') + 1;
        while (first < text.Length && kinds[first] != 'n')
        {
            first++;
        }

        var rest = text[first..];
        if (rest.Length > 2 && rest[1] == 'a')
        {
            (_isInterleaved, _values, _flags) = (true, [.. Enumerable.Range(first, rest.Length).Where(c => (c - first) % 2 == 0)], [.. Enumerable.Range(first, rest.Length).Where(c => (c - first) % 2 == 1)]);
            return;
        }

        var block = rest.IndexOf('a', StringComparison.Ordinal);
        _values = [.. Enumerable.Range(first, block < 0 ? rest.Length : block)];
        _flags = block < 0 ? [] : [.. Enumerable.Range(first + block, rest.Length - block)];

        // One more number before them that is what they add up to is their total.
        if (_values.Count > Least && rows.Count > 0 && rows.Count(IsSum) >= rows.Count * 0.9)
        {
            _counted = _values[0];
            _values.RemoveAt(0);
        }
    }

    private bool IsSum(string[] row)
    {
        var (sum, count, scale) = (0m, 0, 0);
        foreach (var column in _values.Skip(1))
        {
            if (NumberText.TryParse(row[column], hasComma: row[column].Contains(',', StringComparison.Ordinal), out var value))
            {
                (sum, count, scale) = (sum + value, count + 1, Math.Max(scale, value.Scale));
            }
        }

        return NumberText.TryParse(row[_values[0]], hasComma: row[_values[0]].Contains(',', StringComparison.Ordinal), out var total) && total != 0 && TotalText.Agree(sum, total, count, scale);
    }
}
