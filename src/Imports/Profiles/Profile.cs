using Rondo.Imports.Formats;

namespace Rondo.Imports.Profiles;

/// <summary>The shape of a file.</summary>
public enum FileShape
{
    /// <summary>One row for each reading.</summary>
    Long,

    /// <summary>One row for each meter and day.</summary>
    Wide,

    /// <summary>NEM12 (Australia): records by number.</summary>
    Nem12,

    /// <summary>Green Button (ESPI): XML of interval readings.</summary>
    GreenButton,
}

/// <summary>What becomes of a value where there is one already.</summary>
public enum OverlapRule
{
    /// <summary>The one that is there stays.</summary>
    KeepFirst,

    /// <summary>The new one takes its place.</summary>
    LastWins,

    /// <summary>The better one stays: an actual value takes the place of an estimated one and never the other way round; of equal quality the last wins.</summary>
    HigherQualityWins,
}

/// <summary>What becomes of meters that nobody knows.</summary>
public enum UnknownMeters
{
    /// <summary>They are made.</summary>
    Create,

    /// <summary>The whole file is refused, before anything of it is written.</summary>
    Refuse,

    /// <summary>Their values are counted and left out.</summary>
    Skip,
}

/// <summary>What 48 values of a day of 50 half hours mean.</summary>
public enum LongDay
{
    /// <summary>Nobody knows: the row is rejected.</summary>
    Reject,

    /// <summary>The second of the two equal hours was left out; it stays missing.</summary>
    Dropped,
}

/// <summary>What becomes of a row whose total is not the sum of its values.</summary>
public enum Totals
{
    /// <summary>The row is rejected.</summary>
    Reject,

    /// <summary>The whole file is refused, before anything of it is written.</summary>
    Refuse,

    /// <summary>Nobody looks.</summary>
    Ignore,
}

/// <summary>How meters are written.</summary>
public enum MeterNames
{
    /// <summary>Any text.</summary>
    Text,

    /// <summary>An MPAN: 13 digits with a check digit, or 21 of which these are the last.</summary>
    Mpan,

    /// <summary>An NMI: 10 characters, or 11 of which the last is a check digit.</summary>
    Nmi,
}

/// <summary>How the files of one kind are read: what a YAML file says, with defaults for what it does not.</summary>
public sealed record Profile
{
    /// <summary>Its name: 1 to 60 letters, digits, <c>. - _</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The YAML it was read from; kept with every import, so that what is gone on with is read as it was begun.</summary>
    public required string Text { get; init; }

    /// <summary>One line for people.</summary>
    public string Description { get; init; } = "";

    /// <summary>The shape.</summary>
    public FileShape Shape { get; init; }

    /// <summary>The shape as profiles write it.</summary>
    public string ShapeText => Shape == FileShape.GreenButton ? "green-button" : $"{Shape}".ToLowerInvariant();

    /// <summary>The sheet of an Excel file, by its name; null for the first one that is shown.</summary>
    public string? Sheet { get; init; }

    /// <summary>What separates fields; null to look at the file.</summary>
    public char? Separator { get; init; }

    /// <summary>Comma instead of point in numbers.</summary>
    public bool HasDecimalComma { get; init; }

    /// <summary>Zone of times that name none, by its IANA name.</summary>
    public string Zone { get; init; } = "UTC";

    /// <summary>Whether a time is the end of its interval; null to see it from the header of a wide file, and the start otherwise.</summary>
    public bool? IsEnd { get; init; }

    /// <summary>Length of an interval, seconds: 300 to 86,400, a part of a day.</summary>
    public int IntervalS { get; init; } = 1_800;

    /// <summary>Whether the profile itself says it.</summary>
    public bool SaysInterval { get; init; }

    /// <summary>Unit where no column names one.</summary>
    public string Unit { get; init; } = "kWh";

    /// <summary>Channel where no column names one.</summary>
    public string Channel { get; init; } = "import";

    /// <summary>How meters are written.</summary>
    public MeterNames Meters { get; init; }

    /// <summary>Where the name of a file has the meter, <c>{meter}_*.csv</c>; null where its rows name it, or whoever hands it in.</summary>
    public string? MeterFromFile { get; init; }

    /// <summary>The meter that all of a file is of; null where its rows name theirs. Never of the YAML: see <see cref="For"/>.</summary>
    public string? OnlyMeter { get; init; }

    /// <summary>Names of columns by what they mean, in lower case without spaces; or <c>#3</c> for the third column of a file without a header.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Columns { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>How dates, or dates with times, are written.</summary>
    public IReadOnlyList<string> Dates { get; init; } = [];

    /// <summary>How times are written, where they have a column of their own.</summary>
    public IReadOnlyList<string> Times { get; init; } = ["HH:mm:ss", "HH:mm", "HHmm"];

    /// <summary>Whether values of a wide file have flags: <c>none</c>, <c>interleaved</c> or <c>block</c>.</summary>
    public string WideFlags { get; init; } = "none";

    /// <summary>Texts that stand for no value, beside an empty field.</summary>
    public IReadOnlyList<string> Missing { get; init; } = ["-", "--", "*", "NULL", "N/A", "#N/A", "NAN"];

    /// <summary>Flags of actual values.</summary>
    public IReadOnlyList<string> Actual { get; init; } = ["A", "ACTUAL", "R", "V", "VALID"];

    /// <summary>Flags of estimated values.</summary>
    public IReadOnlyList<string> Estimated { get; init; } = ["E", "EST", "ESTIMATED", "S", "F"];

    /// <summary>Flags of values that are none.</summary>
    public IReadOnlyList<string> NoValue { get; init; } = ["M", "X", "N", "C", "MISSING"];

    /// <summary>Whether values below zero are taken.</summary>
    public bool AllowsNegative { get; init; }

    /// <summary>Whether a last line without an end is taken; its last value may have been cut off.</summary>
    public bool TakesUnfinished { get; init; }

    /// <summary>What 48 values of a day of 50 half hours mean.</summary>
    public LongDay LongDay { get; init; }

    /// <summary>What becomes of a row of a wide file whose total is not the sum of its values; where a column means <c>total</c>.</summary>
    public Totals Totals { get; init; }

    /// <summary>What becomes of values that are there already.</summary>
    public OverlapRule Overlap { get; init; } = OverlapRule.HigherQualityWins;

    /// <summary>What becomes of meters nobody knows.</summary>
    public UnknownMeters Unknown { get; init; }

    /// <summary>This profile for one file: with the meter that was said for it, or that its name has in it.</summary>
    /// <param name="meter">The meter that was said; null for none.</param>
    /// <param name="file">What the file is called.</param>
    /// <exception cref="ImportRefused">That is no meter, or the name has none in it.</exception>
    public Profile For(string? meter, string file)
    {
        if (meter is null && MeterFromFile is null)
        {
            return this;
        }

        if (Shape == FileShape.Nem12)
        {
            throw new ImportRefused("a NEM12 file names its meters itself; hand it in without --meter");
        }

        var said = meter ?? Profiles.MeterFromFile.Read(MeterFromFile!, file)
            ?? throw new ImportRefused($"the name of the file, {Imports.Names.Shown(file)}, is not like '{MeterFromFile}', by which profile {Name} takes the meter from it (meter_from_file); call it so, or say the meter (--meter NAME)");
        return MeterText.Read(said, Meters, out var name) is { } problem
            ? throw new ImportRefused($"'{Imports.Names.Shown(said)}' {(meter is null ? "in the name of the file " : "")}is not a meter as profile {Name} has them: {problem}")
            : this with { OnlyMeter = name };
    }

    /// <summary>Names of the columns of that meaning; none when the profile has no such.</summary>
    public IReadOnlyList<string> Named(string meaning) => Columns.GetValueOrDefault(meaning) ?? [];
}
