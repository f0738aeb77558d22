using Rondo.Imports.Formats;

namespace Rondo.Imports.Guessing;

/// <summary>How the dates of a column are written.</summary>
/// <param name="Patterns">Patterns that read it, most used first.</param>
/// <param name="Matched">How many cells they read.</param>
/// <param name="Certainty">Whether the order of day and month is known.</param>
/// <param name="Why">What speaks for it.</param>
internal sealed record DateGuess(IReadOnlyList<string> Patterns, int Matched, string Certainty, string Why)
{
    private const int MostPatterns = 3;
    private const long Day = 86_400;
    private static readonly string[] _clocks = ["", " HH:mm", " HH:mm:ss", " H:mm", " H:mm:ss", " H:mm tt", " H:mmtt", " H:mm:ss tt"];
    private static readonly string[] _plain = ["iso", "yyyyMMdd", "yyyyMMddHHmm", "yyyyMMddHHmmss", .. With("yyyyMMdd", "yyyy/MM/dd", "yyyy/M/d", "yyyy.MM.dd", "dd-MMM-yy", "d-MMM-yy", "dd-MMM-yyyy", "d-MMM-yyyy", "dd MMM yyyy", "d MMM yyyy", "dd MMM yy", "MMM d yyyy", "MMM d, yyyy", "dd/MMM/yyyy")];
    private static readonly string[] _dayFirst = Ordered("dd", "MM", "d", "M");
    private static readonly string[] _monthFirst = Ordered("MM", "dd", "M", "d");

    /// <summary>Looks at cells in the order of the file.</summary>
    /// <param name="cells">The cells, none empty.</param>
    /// <param name="known">The order of day and month, where somebody has said it.</param>
    public static DateGuess? Of(IReadOnlyList<string> cells, DateOrder known)
    {
        if (cells.Count == 0)
        {
            return null;
        }

        var (day, month) = (Cover(cells, [.. _plain, .. _dayFirst]), Cover(cells, [.. _plain, .. _monthFirst]));
        var best = day.Matched >= month.Matched ? day : month;
        if (best.Matched == 0)
        {
            return null;
        }

        if (!day.Patterns.Any(p => _dayFirst.Contains(p)) && !month.Patterns.Any(p => _monthFirst.Contains(p)))
        {
            return new DateGuess(best.Patterns, best.Matched, Sureness(best.Matched, cells.Count), Told(best.Matched, cells.Count, "it can be read in one way alone"));
        }

        if (known != DateOrder.Unknown)
        {
            var said = known == DateOrder.DayFirst ? day : month;
            return said.Matched == 0 ? null : new DateGuess(said.Patterns, said.Matched, Sureness(said.Matched, cells.Count), Told(said.Matched, cells.Count, "the order of day and month was said"));
        }

        // What one order alone reads tells it; where either reads something that the other does not, nothing is told.
        var (onlyDay, onlyMonth) = (Only(cells, day.Patterns, month.Patterns), Only(cells, month.Patterns, day.Patterns));
        if (onlyDay is { } witness && onlyMonth is null)
        {
            return new DateGuess(day.Patterns, day.Matched, Sureness(day.Matched, cells.Count), Told(day.Matched, cells.Count, $"day first: '{Names.Shown(witness)}' is no date otherwise"));
        }

        if (onlyMonth is { } other && onlyDay is null)
        {
            return new DateGuess(month.Patterns, month.Matched, Sureness(month.Matched, cells.Count), Told(month.Matched, cells.Count, $"month first: '{Names.Shown(other)}' is no date otherwise"));
        }

        var (dayFirst, monthFirst) = (Compiled(day.Patterns), Compiled(month.Patterns));
        var proposed = Speaks(cells, day.Patterns, month.Patterns) == DateOrder.MonthFirst ? month : day;
        return new DateGuess(proposed.Patterns, cells.Count(c => TryRead(dayFirst, c, out _) || TryRead(monthFirst, c, out _)), GuessPart.Unclear, onlyDay is not null
            ? $"'{Names.Shown(onlyDay)}' is a date only with the day first, '{Names.Shown(onlyMonth!)}' only with the month first: the file contradicts itself"
            : $"'{Names.Shown(cells[0])}' may be {Spoken(cells[0], day.Patterns)} or {Spoken(cells[0], month.Patterns)}: no day beyond 12 tells. {Speech(Speaks(cells, day.Patterns, month.Patterns))}Say --date-order day-first or month-first");
    }

    /// <summary>Reads a cell.</summary>
    public static bool TryRead(IReadOnlyList<TimePattern> patterns, string cell, out ClockText clock)
    {
        foreach (var pattern in patterns)
        {
            if (pattern.TryParse(cell, out clock))
            {
                return true;
            }
        }

        clock = default;
        return false;
    }

    private static string Sureness(int matched, int all) => matched == all ? GuessPart.Certain : GuessPart.Likely;

    private static string Told(int matched, int all, string why) => matched == all ? why : $"{why}; {all - matched} of {all} cells are no such date";

    private static string Speech(DateOrder order) => order switch
    {
        DateOrder.DayFirst => "The order of the rows speaks for the day first, and does not prove it. ",
        DateOrder.MonthFirst => "The order of the rows speaks for the month first, and does not prove it. ",
        _ => "",
    };

    /// <summary>Patterns that together read most, those first that read most by themselves.</summary>
    private static (IReadOnlyList<string> Patterns, int Matched) Cover(IReadOnlyList<string> cells, IReadOnlyList<string> candidates)
    {
        List<string> found = [];
        var left = cells;
        while (found.Count < MostPatterns && left.Count > 0)
        {
            var (best, most) = ("", 0);
            foreach (var candidate in candidates)
            {
                var pattern = new TimePattern(candidate);
                var count = left.Count(c => pattern.TryParse(c, out _));
                (best, most) = count > most ? (candidate, count) : (best, most);
            }

            if (most == 0)
            {
                break;
            }

            found.Add(best);
            var taken = new TimePattern(best);
            left = [.. left.Where(c => !taken.TryParse(c, out _))];
        }

        return (found, cells.Count - left.Count);
    }

    /// <summary>A cell that the one reads and the other does not; null for none.</summary>
    private static string? Only(IReadOnlyList<string> cells, IReadOnlyList<string> these, IReadOnlyList<string> those)
    {
        var (one, other) = (Compiled(these), Compiled(those));
        return cells.FirstOrDefault(c => TryRead(one, c, out _) && !TryRead(other, c, out _));
    }

    /// <summary>By which order rows that follow one another lie closer together.</summary>
    private static DateOrder Speaks(IReadOnlyList<string> cells, IReadOnlyList<string> day, IReadOnlyList<string> month)
    {
        var (byDay, byMonth) = (Leaps(cells, Compiled(day)), Leaps(cells, Compiled(month)));
        return byDay < byMonth ? DateOrder.DayFirst : byMonth < byDay ? DateOrder.MonthFirst : DateOrder.Unknown;
    }

    private static int Leaps(IReadOnlyList<string> cells, IReadOnlyList<TimePattern> patterns)
    {
        var (leaps, last) = (0, (long?)null);
        foreach (var cell in cells)
        {
            if (TryRead(patterns, cell, out var clock))
            {
                leaps += last is { } before && Math.Abs(clock.Local - before) > Day ? 1 : 0;
                last = clock.Local;
            }
        }

        return leaps;
    }

    private static string Spoken(string cell, IReadOnlyList<string> patterns) =>
        TryRead(Compiled(patterns), cell, out var clock) ? DateTime.UnixEpoch.AddSeconds(clock.Local).ToString("d MMMM yyyy", System.Globalization.CultureInfo.InvariantCulture) : "nothing";

    private static TimePattern[] Compiled(IReadOnlyList<string> patterns) => [.. patterns.Select(p => new TimePattern(p))];

    private static string[] With(params string[] dates) => [.. dates.SelectMany(d => _clocks.Select(c => d + c)).Where(p => p != "yyyyMMdd")];

    private static string[] Ordered(string first, string second, string shortFirst, string shortSecond) => With([
        .. new[] { '/', '.', '-' }.SelectMany(s => new[] { $"{first}{s}{second}{s}yyyy", $"{first}{s}{second}{s}yy", $"{shortFirst}{s}{shortSecond}{s}yyyy", $"{shortFirst}{s}{shortSecond}{s}yy" }),
    ]);
}
