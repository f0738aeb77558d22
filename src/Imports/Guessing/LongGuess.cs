using System.Globalization;
using Rondo.Imports.Formats;

namespace Rondo.Imports.Guessing;

/// <summary>What the columns of a long file are: one row, one reading.</summary>
internal sealed class LongGuess(TableShape table, ProfileDraft draft, DateOrder order)
{
    private readonly List<ColumnFacts> _all = [.. Enumerable.Range(0, table.Width).Select(c => new ColumnFacts(table, c, order))];
    private readonly HashSet<int> _taken = [];

    /// <summary>The column of the date or the time; null where there is none.</summary>
    public ColumnFacts? Date { get; private set; }

    /// <summary>The column of the time of the day, where it has its own.</summary>
    public ColumnFacts? Time { get; private set; }

    /// <summary>The column of the settlement period, where there is one.</summary>
    public ColumnFacts? Period { get; private set; }

    public ColumnFacts? Value { get; private set; }

    public ColumnFacts? Meter { get; private set; }

    public ColumnFacts? Unit { get; private set; }

    public ColumnFacts? Flag { get; private set; }

    public ColumnFacts? Channel { get; private set; }

    /// <summary>Finds them; false when there is no time or no value.</summary>
    public bool Find()
    {
        Date = Best(c => c.Dates is not null && !IsNamedOtherwise(c, "timestamp", "date", "time_of_day"), c => c.Rank("timestamp") ?? c.Rank("date") ?? 500, c => ColumnNames.IsEnd(c.Name) == true ? 1 : 0, c => c.HasTimes ? 0 : 1);
        if (Date is null)
        {
            return false;
        }

        if (!Date.HasTimes)
        {
            Time = Best(c => c.Clocks is not null, c => ColumnNames.IsEnd(c.Name) == true ? 1 : 0, c => c.Rank("time_of_day") ?? c.Rank("timestamp") ?? 500);
            Period = Time is null ? Best(c => c.Rank("period") is not null && c.IsPeriods) : null;
        }

        Unit = Best(c => c.IsUnits && (c.Rank("unit") is not null || !c.IsNumeric), c => c.Rank("unit") ?? 500);
        Flag = Best(c => c.IsFlags && !IsNamedOtherwise(c, "flag"), c => c.Rank("flag") ?? 500);
        Value = Best(c => c.Rank("value") is not null && c.Cells.Exists(NumberGuess.IsNumber), c => c.Rank("value")!.Value);
        Meter = Best(c => c.Rank("meter") is not null && c.Cells.Count > 0, c => c.Rank("meter")!.Value);
        Value ??= Best(c => c.IsNumeric && !IsNamedOtherwise(c, "value"), c => c.Cells.Exists(v => v.IndexOfAny(['.', ',']) >= 0) ? 0 : 1, c => -c.Column);
        Channel = Best(c => c.Rank("channel") is not null && c.Cells.Count > 0 && c.Distinct <= 20 && c.Cells.TrueForAll(v => Names.IsFit(v)));
        Meter ??= table.Header is null ? Best(c => c.Cells.Count == table.Rows.Count && c.Distinct <= Math.Max(1, table.Rows.Count / 2) && c.Cells.TrueForAll(v => MeterText.Read(v, Profiles.MeterNames.Text, out _) is null)) : null;
        return Value is not null;
    }

    /// <summary>Writes down what was found.</summary>
    public void Tell()
    {
        Put("meter", Meter);
        Put(Time is not null || Period is not null ? "date" : "timestamp", Date);
        Put("time_of_day", Time);
        Put("period", Period);
        Put("value", Value);
        Put("unit", Unit);
        Put("flag", Flag);
        Put("channel", Channel);
        if (table.Header is not null && Enumerable.Range(0, table.Width).Where(c => !_taken.Contains(c) && table.Header[c].Length > 0).ToList() is { Count: > 0 } left)
        {
            draft.Say("not_read", string.Join(", ", left.Take(10).Select(table.Shown)), GuessPart.Likely, "nothing that an import takes");
        }
    }

    private void Put(string meaning, ColumnFacts? column)
    {
        if (column is null)
        {
            return;
        }

        var isNamed = column.Rank(meaning) is not null || (meaning is "timestamp" or "date" && (column.Rank("date") ?? column.Rank("timestamp")) is not null);
        draft.Column(table, meaning, column.Column, isNamed ? GuessPart.Certain : GuessPart.Likely, isNamed ? "by its name, and what is in it fits" : string.Create(CultureInfo.InvariantCulture, $"by what is in it, such as '{Names.Shown(column.Cells[0])}'"));
    }

    /// <summary>True for a column whose name says that it is something else.</summary>
    private static bool IsNamedOtherwise(ColumnFacts column, params string[] meanings) =>
        column.Name.Length > 0 && ColumnNames.Meaning(column.Name) is { } meaning && !meanings.Contains(meaning);

    /// <summary>Of the columns that nobody has taken and that fit, the one that comes first by all these; taken by this.</summary>
    private ColumnFacts? Best(Func<ColumnFacts, bool> fits, params Func<ColumnFacts, int>[] by)
    {
        var found = _all.Where(c => !_taken.Contains(c.Column) && fits(c)).OrderBy(_ => 0);
        foreach (var key in by)
        {
            found = found.ThenBy(key);
        }

        var best = found.FirstOrDefault();
        if (best is not null)
        {
            _taken.Add(best.Column);
        }

        return best;
    }
}
