using Rondo.Imports.Files;
using Rondo.Imports.Profiles;

namespace Rondo.Imports.Formats;

/// <summary>
/// Reads the intervals of one file, in the order of the file. The same file read by the same profile gives the same units, however often: that is how an import that was
/// broken off goes on.
/// </summary>
internal abstract class FormatReader(RecordReader? records, Profile profile)
{
    /// <summary>Meters of one file, at most.</summary>
    public const int MostMeters = 500_000;

    // 1990 to 2100: a year that was misread must not make partitions by the thousand.
    private const long Earliest = 631_152_000;
    private const long Latest = 4_102_444_800;
    private readonly Dictionary<(string Meter, string Channel), MeterChannel> _channels = [];
    private readonly Dictionary<string, (string Meter, string? Problem)> _meters = new(StringComparer.Ordinal);
    private Dictionary<string, (string Meter, string? Problem)>.AlternateLookup<ReadOnlySpan<char>>? _lookup;
    private MeterChannel? _last;

    /// <summary>Everything measured by what was seen so far.</summary>
    public IReadOnlyCollection<MeterChannel> Channels => _channels.Values;

    /// <summary>Header of what was rejected, for a file that can be corrected and handed in again; null where there is none.</summary>
    public virtual string? HeaderText => null;

    /// <summary>What is odd about the file as a whole; known at its end.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>Intervals that began before are rejected; seconds since the epoch.</summary>
    public long NotBefore { get; set; } = Earliest;

    /// <summary>Records of the file; for formats that have such.</summary>
    protected RecordReader Records => records!;

    protected Profile Profile => profile;

    /// <summary>Reads one unit: what is in it is added to <paramref name="batch"/>. False when there is nothing more.</summary>
    public bool Read(Batch batch)
    {
        var (intervals, missing) = (batch.Intervals.Count, batch.Missing);
        if (!ReadUnit(batch, out var reject))
        {
            return false;
        }

        if (reject is not null)
        {
            // Of a row that is rejected nothing is stored, so that it can be handed in whole.
            batch.Intervals.RemoveRange(intervals, batch.Intervals.Count - intervals);
            batch.Missing = missing;
            batch.Rejects.Add(reject);
        }

        batch.Units++;
        return true;
    }

    /// <summary>A reader of the shape that the profile says.</summary>
    /// <exception cref="ImportRefused">The file is not what the profile says.</exception>
    public static FormatReader Open(MeterFile file, Profile profile)
    {
        if (profile.Shape == FileShape.GreenButton)
        {
            return new GreenButtonFormat(file, profile);
        }

        var ((text, separator, firstLine), fitted) = file.Sheet is { } sheet ? ((file.Text, sheet.Separator, 1L), OfSheet(profile, sheet)) : (Separators.Find(file.Text, profile), profile);
        return fitted.Shape switch
        {
            FileShape.Nem12 => new Nem12Format(new RecordReader(text, ',', isQuoted: false, firstLine), fitted),
            FileShape.Wide => new WideFormat(new RecordReader(text, separator, firstLine: firstLine), fitted),
            _ => new LongFormat(new RecordReader(text, separator, firstLine: firstLine), fitted),
        };
    }

    /// <summary>In a sheet a day may be written as a spreadsheet program counts it, whatever else the profile expects; from 1904 on nobody knows which of two it is.</summary>
    private static Profile OfSheet(Profile profile, SheetText sheet) => profile with
    {
        Dates = [.. profile.Dates.Where(d => !(sheet.Is1904 && d == "excel")), "iso", .. (sheet.Is1904 ? Array.Empty<string>() : ["excel"])], Times = [.. profile.Times, "HH:mm:ss"],
    };

    protected abstract bool ReadUnit(Batch batch, out Reject? reject);

    /// <summary>The channel of a meter; null with the reason when the cell names none.</summary>
    protected MeterChannel? Channel(ReadOnlySpan<char> cell, ReadOnlySpan<char> channel, ReadOnlySpan<char> unit, out string? problem)
    {
        _lookup ??= _meters.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!_lookup.Value.TryGetValue(cell, out var known))
        {
            if (_meters.Count >= MostMeters)
            {
                throw new ImportRefused($"the file names more than {MostMeters:N0} meters; split it");
            }

            known = MeterText.Read(cell, profile.Meters, out var meter) is { } wrong ? ("", wrong) : (meter, null);
            _meters[cell.ToString()] = known;
        }

        problem = known.Problem;
        if (problem is not null)
        {
            return null;
        }

        if (_last is not null && (object)_last.Meter == known.Meter && channel.Equals(_last.Channel, StringComparison.OrdinalIgnoreCase))
        {
            return _last;
        }

        var name = channel.ToString().ToLowerInvariant();
        if (!Names.IsFit(name))
        {
            problem = "bad_channel";
            return null;
        }

        if (!_channels.TryGetValue((known.Meter, name), out var found))
        {
            found = new MeterChannel(known.Meter, name, Units.OfSeries(unit));
            _channels.Add((known.Meter, name), found);
        }

        return _last = found;
    }

    /// <summary>Reads a value; null for none with its reason: empty for one that is missing, which is not zero.</summary>
    protected decimal? Value(ReadOnlySpan<char> cell, out string? problem)
    {
        problem = null;
        if (cell.Length > 1 && cell[0] == '\'')
        {
            cell = cell[1..];
        }

        if (cell.Length == 0 || IsOneOf(cell, profile.Missing))
        {
            return null;
        }

        if (!NumberText.TryParse(cell, profile.HasDecimalComma, out var value))
        {
            problem = "bad_number";
            return null;
        }

        if (value < 0 && !profile.AllowsNegative)
        {
            problem = "negative";
            return null;
        }

        return value;
    }

    /// <summary>What a flag says; null when nobody knows it.</summary>
    protected Flag? FlagOf(ReadOnlySpan<char> cell) =>
        cell.Length == 0 || IsOneOf(cell, profile.Actual) ? Flag.Actual : IsOneOf(cell, profile.Estimated) ? Flag.Estimated : IsOneOf(cell, profile.NoValue) ? Flag.None : null;

    /// <summary>What is wrong with the beginning of an interval, or null.</summary>
    protected string? TimeProblem(long start) => start is < Earliest or > Latest ? "bad_time" : start < NotBefore ? "too_old" : null;

    protected Reject Rejected(string field, ReadOnlySpan<char> value, string reason, string? context = null) =>
        Rejected(Records.Line, Records.Raw(Reject.LongestRaw), field, value, reason, context);

    protected static Reject Rejected(long line, string raw, string field, ReadOnlySpan<char> value, string reason, string? context = null) => new(
        line, field, value[..Math.Min(value.Length, Reject.LongestValue)].ToString(), reason, raw, context);

    private static bool IsOneOf(ReadOnlySpan<char> cell, IReadOnlyList<string> words)
    {
        foreach (var word in words)
        {
            if (cell.Equals(word, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>What a flag says of a value.</summary>
internal enum Flag
{
    Actual,
    Estimated,

    /// <summary>That there is none.</summary>
    None,
}
