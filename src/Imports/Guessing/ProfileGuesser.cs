using Rondo.Imports.Formats;
using Rondo.Imports.Profiles;

namespace Rondo.Imports.Guessing;

/// <summary>Looks at a file nobody has described, and proposes a profile to read it by, with how sure each part of it is and why. What the file does not say is told as such, never made up.</summary>
public static class ProfileGuesser
{
    private const int Tried = 1_000;
    private const string Unnamed = "UNNAMED";
    private static readonly Profile _usual = new() { Name = "usual", Text = "" };

    /// <summary>Proposes a profile for a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Name of the profile; null for one after the file.</param>
    /// <param name="order">Which number of a date is the day, where somebody knows it.</param>
    /// <param name="siteZone">Zone of the site, for times that name none; null for UTC.</param>
    /// <param name="maxUnpacked">Largest size once unpacked.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="ImportRefused">It is no file of text or nothing that becomes one, or <paramref name="name"/> is no name.</exception>
    public static ProfileGuess Guess(string path, string? name, DateOrder order, string? siteZone, long maxUnpacked, CancellationToken stop)
    {
        if (name is not null && !Names.IsFit(name))
        {
            throw new ImportRefused($"'{Names.Shown(name)}' is not a name: 1 to {Names.Longest} letters, digits, '.', '-', '_'");
        }

        name ??= NameOf(path);
        var sample = FileSample.Read(path, maxUnpacked);
        stop.ThrowIfCancellationRequested();
        var draft = new ProfileDraft();
        draft.Parts.AddRange(sample.Parts);
        var (isFound, table) = sample.IsXml ? (Xml(sample, draft), null) : Nem12(sample, draft) ? (true, null) : Table(sample, draft, order, siteZone);
        if (!isFound)
        {
            return new ProfileGuess { Name = name, Parts = draft.Parts };
        }

        var yaml = draft.Yaml(name, $"Proposed for {Names.Shown(Path.GetFileName(path))}; look it through before it is relied on", table);
        stop.ThrowIfCancellationRequested();
        return new ProfileGuess { Name = name, Yaml = yaml, Parts = draft.Parts, Trial = Try(path, yaml, maxUnpacked, stop) };
    }

    private static ImportTrial Try(string path, string yaml, long maxUnpacked, CancellationToken stop)
    {
        var profile = ProfileReader.Read(yaml, "the proposed profile");
        if (profile.Shape is FileShape.Long or FileShape.Wide && profile.Named("meter").Count == 0)
        {
            // Whoever hands the file in says it; what the rows give can be seen without.
            profile = profile.For(Unnamed, path);
        }

        try
        {
            return ImportTrial.Read(path, profile, Tried, maxUnpacked, stop);
        }
        catch (ImportRefused refused)
        {
            return new ImportTrial { Profile = profile.Name, Refusal = refused.Message };
        }
    }

    private static bool Xml(FileSample sample, ProfileDraft draft)
    {
        if (!sample.Has("IntervalReading") && !sample.Has("espi"))
        {
            draft.Say("shape", "unknown", GuessPart.Unclear, "it is XML, and nothing in its beginning is of Green Button (ESPI)");
            return false;
        }

        draft.Set("shape", "green-button", GuessPart.Certain, "it is XML with interval readings of ESPI; times, units and directions are those that it says");
        return true;
    }

    private static bool Nem12(FileSample sample, ProfileDraft draft)
    {
        var records = sample.Sheet is null ? sample.Records(',', isQuoted: false) : [];
        var isSaid = records.Count > 0 && records[0] is ["100", "NEM12", ..];
        if (!isSaid && !(records.Count > 0 && records[0] is ["200", _, _, _, _, _, _, _, _, ..] && records.Exists(r => r.Length > 48 && r[0] == "300")))
        {
            return false;
        }

        draft.Set("shape", "nem12", isSaid ? GuessPart.Certain : GuessPart.Likely, isSaid ? "its first record says so" : "its records are those of NEM12, and the first one (100) is missing");
        draft.Set("meters", "nmi", GuessPart.Certain, "as NEM12 has them");
        draft.Say("zone", "UTC+10", GuessPart.Certain, "as NEM12 has it, all year");
        return true;
    }

    private static (bool IsFound, TableShape? Table) Table(FileSample sample, ProfileDraft draft, DateOrder order, string? siteZone)
    {
        if (TableShape.Find(sample, draft.Parts) is not { Rows.Count: > 0 } table)
        {
            draft.Say("shape", "unknown", GuessPart.Unclear, "it is no table: no rows with as many fields each were found");
            return (false, null);
        }

        var wide = new WideGuess(table, draft, order);
        if (wide.Find())
        {
            draft.Set("shape", "wide", GuessPart.Certain, "a row has the values of a day");
            Separator(draft, table, sample);
            Values(draft, table, sample, wide.Values, [], wide.Unit is null);
            Dates(draft, wide.Date!);
            TimeGuess.Zone(draft, hasOffsets: false, siteZone, isByDay: true);
            Meters(draft, wide.Meter);
            wide.Tell();
            return (true, table);
        }

        var rows = new LongGuess(table, draft, order);
        if (!rows.Find())
        {
            draft.Say("shape", "unknown", GuessPart.Unclear, rows.Date is null ? "no column has dates or times in it" : "no column has numbers that could be values");
            return (false, null);
        }

        draft.Set("shape", "long", GuessPart.Certain, "a row has one reading");
        Separator(draft, table, sample);
        Values(draft, table, sample, rows.Value!.Cells, [rows.Value.Column], rows.Unit is null);
        Dates(draft, rows.Date!);
        if (rows.Time?.Clocks is { } clocks)
        {
            draft.Set("times", [clocks], new GuessPart("times", clocks, GuessPart.Certain, "all times of the day are written so"));
        }

        TimeGuess.Tell(rows, table, draft, siteZone);
        Meters(draft, rows.Meter);
        rows.Tell();
        return (true, table);
    }

    private static void Separator(ProfileDraft draft, TableShape table, FileSample sample)
    {
        if (sample.Sheet is null && draft.Parts.FindIndex(p => p.Part == "separator") is var at and >= 0)
        {
            var part = draft.Parts[at];
            draft.Parts.RemoveAt(at);
            draft.Set("separator", $"'{TableShape.Word(table.Separator)}'", part);
        }
    }

    private static void Dates(ProfileDraft draft, ColumnFacts column)
    {
        var dates = column.Dates!;
        draft.Set("dates", dates.Patterns, new GuessPart("dates", string.Join(", ", dates.Patterns), dates.Certainty, dates.Why));
    }

    private static void Meters(ProfileDraft draft, ColumnFacts? column)
    {
        if (column is null)
        {
            draft.Say("meter", "none", GuessPart.Assumed, "no column names the meter; say it when the file is handed in (--meter NAME), or have it taken from the file's name (meter_from_file: in the profile)");
            return;
        }

        var isMpan = column.Cells.TrueForAll(c => MeterText.Read(c, MeterNames.Mpan, out _) is null);
        var isNmi = !isMpan && column.Name.Contains("nmi", StringComparison.Ordinal) && column.Cells.TrueForAll(c => MeterText.Read(c, MeterNames.Nmi, out _) is null);
        draft.Set("meters", isMpan ? "mpan" : isNmi ? "nmi" : "text", isMpan || isNmi ? GuessPart.Certain : GuessPart.Likely, isMpan ? "every one has the check digit of an MPAN" : isNmi ? "by the name of the column, and all have as many characters" : "names of any form");
        if (column.Cells.Find(c => MeterText.Read(c, MeterNames.Text, out _) == "digits_lost") is { } lost)
        {
            draft.Say("damage", Names.Shown(lost), GuessPart.Certain, "a spreadsheet rounded this meter; such rows are rejected: hand in the original");
        }
    }

    /// <summary>Decimal sign, unit, and what stands where values should.</summary>
    private static void Values(ProfileDraft draft, TableShape table, FileSample sample, List<string> cells, int[] columns, bool isUnitOpen)
    {
        var numbers = cells.Where(NumberGuess.IsNumber).ToList();
        var (hasComma, part) = NumberGuess.Of(numbers, table.Separator, sample.Sheet is not null);
        draft.Set("decimal", hasComma ? "','" : "'.'", part);
        if (isUnitOpen)
        {
            var named = table.Header is null ? null : (columns.Length > 0 ? columns : Enumerable.Range(0, table.Width)).Select(c => UnitIn(table.Header[c])).FirstOrDefault(u => u is not null);
            draft.Set("unit", named ?? "kWh", named is null ? GuessPart.Assumed : GuessPart.Certain, named is null ? "nothing names a unit" : "by the name of the column");
        }

        var words = cells.Where(c => !NumberGuess.IsNumber(c) && !_usual.Missing.Contains(c, StringComparer.OrdinalIgnoreCase)).GroupBy(c => c).OrderByDescending(g => g.Count()).ToList();
        if (words.Count > 0)
        {
            draft.Say("words", string.Join(", ", words.Take(5).Select(w => $"'{Names.Shown(w.Key)}' ({w.Count()})")), GuessPart.Likely, "no numbers: such rows are rejected; name those that mean 'no value' under missing:");
        }

        var below = numbers.Count(n => NumberText.TryParse(n, hasComma, out var value) && value < 0);
        if (below > 0)
        {
            draft.Say("negative", $"{below} values", GuessPart.Certain, "are below zero, and such rows are rejected; where that is right, say negative: accept");
        }
    }

    /// <summary>A unit that is a word of a name: <c>Usage (kWh)</c>, <c>kWh/hh</c>, <c>kWh_1</c>.</summary>
    private static string? UnitIn(string name) =>
        name.Split([' ', '(', ')', '[', ']', '{', '}', '/', '_', '-', '.', ':', ',', '1', '2', '3', '4', '5', '6', '7', '8', '9', '0'], StringSplitOptions.RemoveEmptyEntries)
            .Select(w => Array.Find(["kWh", "Wh", "MWh", "kW", "W", "kvarh", "kVAh"], u => u.Equals(w, StringComparison.OrdinalIgnoreCase)))
            .FirstOrDefault(u => u is not null);

    private static string NameOf(string path)
    {
        var name = string.Concat(Path.GetFileName(path).Split('.')[0].Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-')).Trim('-');
        return name.Length == 0 ? "guessed" : name.Length > Names.Longest ? name[..Names.Longest] : name;
    }
}
