using Rondo.Imports.Formats;

namespace Rondo.Imports.Guessing;

/// <summary>What columns are called that mean something.</summary>
internal static class ColumnNames
{
    // What shipped profiles know, and what else is seen; names as they are compared, the surest first.
    private static readonly (string Meaning, string[] Names)[] _known =
    [
        ("meter", ["meter", "meterid", "mpan", "mpancore", "mprn", "nmi", "serial", "meternumber", "meterno", "meterserial", "serialnumber", "meterpoint", "meteringpoint", "deviceid", "device", "site", "id"]),
        ("timestamp", ["timestamp", "datetime", "dateandtime", "intervalstart", "startdatetime", "readdatetime", "periodstart", "from", "start", "utc", "intervalend", "enddatetime", "periodend", "periodending", "to", "end"]),
        ("date", ["date", "readdate", "settlementdate", "readingdate", "day"]),
        ("time_of_day", ["timeofday", "readtime", "starttime", "time", "endtime"]),
        ("period", ["period", "settlementperiod", "sp", "hh"]),
        ("value", ["value", "kwh", "reading", "usage", "consumption", "quantity", "energy", "wh", "mwh", "kw", "w", "kvarh", "kvah"]),
        ("unit", ["unit", "units", "uom"]),
        ("flag", ["flag", "status", "quality", "ae", "readtype", "type"]),
        ("channel", ["channel", "register", "measurement", "direction"]),
        ("total", ["total", "daytotal", "dailytotal", "sum", "dayconsumption"]),
    ];

    private static readonly (string Meaning, string[] Parts)[] _within =
    [
        ("meter", ["mpan", "mprn", "nmi", "meter"]),
        ("timestamp", ["timestamp", "datetime"]),
        ("value", ["kwh", "usage", "consumption", "energy"]),
        ("date", ["date"]),
        ("time_of_day", ["time"]),
    ];

    /// <summary>What a name means to those who write files; null for nothing that is known.</summary>
    public static string? Meaning(string name)
    {
        var normal = Header.Normal(name);
        return normal.Length == 0 ? null : Exact(normal) ?? _within.FirstOrDefault(w => w.Parts.Any(p => normal.Contains(p, StringComparison.Ordinal))).Meaning;
    }

    /// <summary>How well a name fits a meaning: the lower the better; null when it does not.</summary>
    public static int? Rank(string meaning, string normal)
    {
        foreach (var (known, names) in _known)
        {
            if (known == meaning && Array.IndexOf(names, normal) is var at and >= 0)
            {
                return at;
            }
        }

        // A name that means something else by itself does not mean this by a part of it.
        return Exact(normal) is null && _within.Any(w => w.Meaning == meaning && w.Parts.Any(p => normal.Contains(p, StringComparison.Ordinal))) ? 100 : null;
    }

    /// <summary>True when the name says that times are ends of intervals; false when it says that they are starts; null when it says neither.</summary>
    public static bool? IsEnd(string normal) =>
        normal is "to" || normal.StartsWith("end", StringComparison.Ordinal) || normal.EndsWith("end", StringComparison.Ordinal) || normal.Contains("endtime", StringComparison.Ordinal) || normal.EndsWith("ending", StringComparison.Ordinal) ? true
        : normal is "from" || normal.Contains("start", StringComparison.Ordinal) || normal.Contains("begin", StringComparison.Ordinal) ? false
        : null;

    private static string? Exact(string normal) => _known.FirstOrDefault(k => k.Names.Contains(normal)).Meaning;
}
