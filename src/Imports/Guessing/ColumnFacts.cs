using System.Globalization;
using Rondo.Imports.Formats;
using Rondo.Imports.Profiles;

namespace Rondo.Imports.Guessing;

/// <summary>What the cells of one column are.</summary>
internal sealed class ColumnFacts
{
    private const double Most = 0.9;
    private static readonly string[] _clocks = ["HH:mm", "HH:mm:ss", "H:mm", "H:mm:ss", "H:mm tt", "H:mmtt"];
    private static readonly Profile _usual = new() { Name = "usual", Text = "" };

    public ColumnFacts(TableShape table, int column, DateOrder order)
    {
        (Column, Name, Cells) = (column, table.Name(column), table.Cells(column));
        Dates = DateGuess.Of(Cells, order) is { } dates && dates.Matched >= Cells.Count * Most ? dates : null;
        Clocks = Array.Find(_clocks, c => new TimePattern(c) is var pattern && Cells.Count > 0 && Cells.Count(cell => pattern.TryParse(cell, out _)) >= Cells.Count * Most);
        IsNumeric = Cells.Count > 0 && Cells.Count(NumberGuess.IsNumber) >= Cells.Count * Most;
        IsUnits = Cells.Count > 0 && Cells.TrueForAll(c => Units.TryFind(c, 1_800, out _, out _));
        IsFlags = Cells.Count > 0 && Cells.TrueForAll(c => IsFlag(c));
        Distinct = Cells.Distinct(StringComparer.OrdinalIgnoreCase).Count();
    }

    public int Column { get; }

    /// <summary>Name as profiles compare it; empty for none.</summary>
    public string Name { get; }

    public List<string> Cells { get; }

    /// <summary>How its dates are written; null when they are none.</summary>
    public DateGuess? Dates { get; }

    /// <summary>How its times of the day are written; null when they are none.</summary>
    public string? Clocks { get; }

    public bool IsNumeric { get; }

    public bool IsUnits { get; }

    public bool IsFlags { get; }

    public int Distinct { get; }

    /// <summary>Whether its dates have times of the day in them.</summary>
    public bool HasTimes => Dates is { } dates && Patterns is var patterns && Cells.Exists(c => DateGuess.TryRead(patterns, c, out var clock) && clock.Local % 86_400 != 0 && dates.Matched > 0);

    /// <summary>Whether all its numbers are those of settlement periods.</summary>
    public bool IsPeriods => Cells.Count > 0 && Cells.TrueForAll(c => int.TryParse(c, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n is >= 1 and <= 300);

    public TimePattern[] Patterns => [.. (Dates?.Patterns ?? []).Select(p => new TimePattern(p))];

    /// <summary>How well its name fits a meaning; null when it does not.</summary>
    public int? Rank(string meaning) => ColumnNames.Rank(meaning, Name);

    private static bool IsFlag(string cell) =>
        _usual.Actual.Contains(cell, StringComparer.OrdinalIgnoreCase) || _usual.Estimated.Contains(cell, StringComparer.OrdinalIgnoreCase) || _usual.NoValue.Contains(cell, StringComparer.OrdinalIgnoreCase);
}
