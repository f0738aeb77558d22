using System.Globalization;
using NodaTime;
using Rondo.Imports.Formats;

namespace Rondo.Imports.Profiles;

/// <summary>Reads profiles. Every mistake is told with its line, and what was expected.</summary>
public static class ProfileReader
{
    /// <summary>Longest text, characters.</summary>
    public const int Longest = 64 * 1024;

    private static readonly string[] _meanings = ["meter", "timestamp", "date", "time_of_day", "period", "value", "unit", "flag", "channel", "values", "total"];

    /// <summary>Reads <paramref name="text"/>.</summary>
    /// <param name="text">YAML.</param>
    /// <param name="place">Where it comes from, for errors.</param>
    /// <exception cref="ImportRefused">It has a mistake.</exception>
    public static Profile Read(string text, string place)
    {
        var fields = ProfileYaml.Read(text, place);
        var profile = new Profile
        {
            Name = Word(fields, "name") ?? throw new ImportRefused($"{place}: a profile needs a name"),
            Text = text,
            Description = Word(fields, "description") ?? "",
            Shape = Choice(fields, "shape", FileShape.Long, ("long", FileShape.Long), ("wide", FileShape.Wide), ("nem12", FileShape.Nem12), ("green-button", FileShape.GreenButton)),
            Sheet = Word(fields, "sheet"),
            Separator = Choice<char?>(fields, "separator", null, ("auto", null), (",", ','), (";", ';'), ("tab", '\t'), ("|", '|')),
            HasDecimalComma = Choice(fields, "decimal", false, (".", false), (",", true)),
            Zone = Zone(fields),
            IsEnd = Choice<bool?>(fields, "label", null, ("auto", null), ("start", false), ("end", true)),
            SaysInterval = fields.ContainsKey("interval"),
            IntervalS = Interval(fields),
            Unit = Word(fields, "unit") ?? "kWh",
            Channel = Word(fields, "channel") ?? "import",
            Meters = Choice(fields, "meters", MeterNames.Text, ("text", MeterNames.Text), ("mpan", MeterNames.Mpan), ("nmi", MeterNames.Nmi)),
            MeterFromFile = Pattern(fields),
            Columns = Columns(fields),
            WideFlags = Choice(fields, "flags", "none", ("none", "none"), ("interleaved", "interleaved"), ("block", "block")),
            AllowsNegative = Choice(fields, "negative", false, ("reject", false), ("accept", true)),
            TakesUnfinished = Choice(fields, "unfinished", false, ("reject", false), ("accept", true)),
            LongDay = Choice(fields, "long_day", LongDay.Reject, ("reject", LongDay.Reject), ("dropped", LongDay.Dropped)),
            Totals = Choice(fields, "totals", Totals.Reject, ("reject", Totals.Reject), ("refuse", Totals.Refuse), ("ignore", Totals.Ignore)),
            Overlap = Choice(
                fields, "overlap", OverlapRule.HigherQualityWins, ("keep-first", OverlapRule.KeepFirst), ("last-wins", OverlapRule.LastWins), ("higher-quality-wins", OverlapRule.HigherQualityWins)),
            Unknown = Choice(fields, "unknown_meters", UnknownMeters.Create, ("create", UnknownMeters.Create), ("refuse", UnknownMeters.Refuse), ("skip", UnknownMeters.Skip)),
        };
        var defaults = profile;
        profile = profile with
        {
            Dates = Patterns(fields, "dates", defaults.Dates),
            Times = Patterns(fields, "times", defaults.Times),
            Missing = Words(fields, "missing", defaults.Missing),
            Actual = Words(fields, "actual", defaults.Actual),
            Estimated = Words(fields, "estimated", defaults.Estimated),
            NoValue = Words(fields, "no_value", defaults.NoValue),
        };
        foreach (var left in fields.Values)
        {
            throw left.Mistake("is not known; expected one of name, description, shape, sheet, separator, decimal, zone, label, interval, unit, channel, meters, meter_from_file, columns, dates, times, flags, missing, "
                + "actual, estimated, no_value, negative, unfinished, long_day, totals, overlap, unknown_meters");
        }

        Check(profile, place);
        return profile;
    }

    private static void Check(Profile profile, string place)
    {
        Require(Names.IsFit(profile.Name), $"'{Names.Shown(profile.Name)}' is not a name: 1 to {Names.Longest} letters, digits, '.', '-', '_'");
        Require(Names.IsFit(profile.Channel), $"channel: '{Names.Shown(profile.Channel)}' is not a name: 1 to {Names.Longest} letters, digits, '.', '-', '_'");
        Require(Units.TryFind(profile.Unit, 1_800, out _, out _), $"unit: '{Names.Shown(profile.Unit)}' is not known; expected one of {Units.Known}");
        Require(profile.Sheet is null or { Length: > 0 and <= 100 }, "sheet: the name of a sheet has 1 to 100 characters");
        Require(profile.Shape != FileShape.Nem12 || profile.MeterFromFile is null, "meter_from_file: NEM12 names its meters itself");
        if (profile.Shape is FileShape.Long or FileShape.Wide)
        {
            Require(profile.Named("meter").Count == 0 || profile.MeterFromFile is null, "the meter is either in a column or in the name of the file: take out meter_from_file, or meter under columns");
            Require(profile.Dates.Count > 0, "dates: at least one way to write dates is needed, such as yyyy-MM-dd HH:mm");
            Require(
                profile.Shape == FileShape.Wide ? profile.Named("date").Count > 0 : profile.Named("value").Count > 0 && profile.Named("timestamp").Count + profile.Named("date").Count > 0,
                profile.Shape == FileShape.Wide ? "columns: a column for the date is needed" : "columns: columns for the value and for the timestamp or the date are needed");
        }

        void Require(bool holds, string message)
        {
            if (!holds)
            {
                throw new ImportRefused($"{place}: {message}");
            }
        }
    }

    private static string? Word(Dictionary<string, ProfileField> fields, string key) => fields.Remove(key, out var field) ? field.Scalar() : null;

    private static T Choice<T>(Dictionary<string, ProfileField> fields, string key, T without, params (string Word, T Value)[] choices)
    {
        if (!fields.Remove(key, out var field))
        {
            return without;
        }

        var word = field.Scalar();
        foreach (var (known, value) in choices)
        {
            if (known == word)
            {
                return value;
            }
        }

        throw field.Mistake($"'{Names.Shown(word)}' will not do; expected one of {string.Join(", ", choices.Select(c => c.Word))}");
    }

    private static string Zone(Dictionary<string, ProfileField> fields)
    {
        if (!fields.Remove("zone", out var field))
        {
            return "UTC";
        }

        var zone = field.Scalar();
        return DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone) is not null
            ? zone
            : throw field.Mistake($"'{Names.Shown(zone)}' is not a time zone; expected an IANA name such as Europe/London, or UTC");
    }

    private static int Interval(Dictionary<string, ProfileField> fields)
    {
        if (!fields.Remove("interval", out var field))
        {
            return 1_800;
        }

        var text = field.Scalar();
        return text.EndsWith('m') && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var minutes) && minutes is >= 5 and <= 1_440 && 1_440 % minutes == 0
            ? minutes * 60
            : throw field.Mistake($"'{Names.Shown(text)}' will not do; expected minutes of which a day is a multiple, 5m to 1440m");
    }

    private static string? Pattern(Dictionary<string, ProfileField> fields)
    {
        if (!fields.Remove("meter_from_file", out var field))
        {
            return null;
        }

        return MeterFromFile.Problem(field.Scalar()) is { } problem ? throw field.Mistake($"'{Names.Shown(field.Scalar())}' will not do: {problem}") : field.Scalar();
    }

    private static Dictionary<string, IReadOnlyList<string>> Columns(Dictionary<string, ProfileField> fields)
    {
        var columns = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        if (fields.Remove("columns", out var field))
        {
            foreach (var (meaning, names) in field.Map())
            {
                if (!_meanings.Contains(meaning))
                {
                    throw names.Mistake($"a column cannot mean '{Names.Shown(meaning)}'; expected one of {string.Join(", ", _meanings)}");
                }

                columns[meaning] = [.. names.List().Select(n => Header.Normal(n))];
            }
        }

        return columns;
    }

    private static IReadOnlyList<string> Words(Dictionary<string, ProfileField> fields, string key, IReadOnlyList<string> without) =>
        fields.Remove(key, out var field) ? [.. field.List().Select(w => w.ToUpperInvariant())] : without;

    private static IReadOnlyList<string> Patterns(Dictionary<string, ProfileField> fields, string key, IReadOnlyList<string> without)
    {
        if (!fields.Remove(key, out var field))
        {
            return without;
        }

        foreach (var pattern in field.List())
        {
            if (TimePattern.Problem(pattern) is { } problem)
            {
                throw field.Mistake($"'{Names.Shown(pattern)}' will not do: {problem}");
            }
        }

        return field.List();
    }
}
