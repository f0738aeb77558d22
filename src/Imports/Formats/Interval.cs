namespace Rondo.Imports.Formats;

/// <summary>A channel of a meter, as one file knows it.</summary>
internal sealed class MeterChannel(string meter, string channel, string unit)
{
    private const int Enough = 24;

    // What was seen of a long file so far; null once that was enough.
    private long[]? _starts = [];

    public string Meter { get; } = meter;

    public string Channel { get; } = channel;

    public string Unit { get; } = unit;

    /// <summary>Name of its series.</summary>
    public string Series => $"{Meter}/{Channel}";

    /// <summary>Start of its interval that was read last, seconds since the epoch: what decides between two equal hours.</summary>
    public long LastStart { get; set; } = long.MinValue;

    /// <summary>From one of its values to the next, in microseconds (<see cref="Look"/>); null while nobody knows.</summary>
    public long? IntervalUs { get; private set; }

    /// <summary>True when the file leaves no doubt about it.</summary>
    public bool IsIntervalSure { get; private set; }

    /// <summary>Where its values go; null until it was looked up.</summary>
    public SeriesPlace? Place { get; set; }

    /// <summary>True when there is nothing more to be seen of its interval.</summary>
    public bool IsLookedAt => _starts is null;

    /// <summary>
    /// Takes the interval from its values: the length that the shape gives them, or, in a long file, whose rows say nothing of it, the distance that more than half of its first values have,
    /// in as many chunks as it takes. Until that is shown it is what the profile says, if it says so itself: the length it is read by when it does not is no knowledge of this file.
    /// </summary>
    /// <param name="values">Its values in the next chunk that has such.</param>
    /// <param name="isLong">One row a value.</param>
    /// <param name="isSaid">The profile says the interval.</param>
    public void Look(IReadOnlyList<Interval> values, bool isLong, bool isSaid)
    {
        var length = values[0].LengthS * 1_000_000L;
        if (!isLong)
        {
            (IntervalUs, IsIntervalSure, _starts) = (length, true, null);
            return;
        }

        long[] starts = [.. (_starts ?? []).Concat(values.Select(v => v.StartS)).Distinct().Order()];
        var usual = starts.Skip(1).Zip(starts, (later, earlier) => later - earlier).GroupBy(d => d).OrderByDescending(g => g.Count()).FirstOrDefault();
        var isShown = usual is not null && starts.Length > 3 && usual.Count() * 2 > starts.Length - 1;

        // Read once in a month: that is not told in seconds.
        IntervalUs = isShown ? (usual!.Key <= 86_400 ? usual.Key * 1_000_000L : null) : isSaid ? length : null;
        IsIntervalSure = isShown && starts.Length >= Enough;
        _starts = starts.Length >= Enough ? null : starts;
    }
}

/// <summary>Where values of a series go.</summary>
/// <param name="SeriesId">The series; 0 when there is none and its values are left out.</param>
/// <param name="SourceId">Its source.</param>
/// <param name="Ordinal">Its place in the samples of the source.</param>
/// <param name="IntervalUs">Its interval as it is stored, in microseconds; null when nobody knows.</param>
/// <param name="IsOfThisFile">This run has said its interval, and may know better once it has seen more.</param>
internal sealed record SeriesPlace(long SeriesId, long SourceId, int Ordinal, long? IntervalUs = null, bool IsOfThisFile = false);

/// <summary>One value of a file.</summary>
/// <param name="Of">What it was measured by.</param>
/// <param name="StartS">Start of the interval, seconds since the epoch, UTC.</param>
/// <param name="LengthS">Length of the interval, seconds.</param>
/// <param name="Value">kWh, or the unit of its series.</param>
/// <param name="IsEstimated">True when it was not measured.</param>
internal readonly record struct Interval(MeterChannel Of, long StartS, int LengthS, decimal Value, bool IsEstimated);

/// <summary>A row that was not taken.</summary>
/// <param name="Line">Its line in the file; the first is 1.</param>
/// <param name="Field">The column, by name or as <c>#3</c>; empty for the whole row.</param>
/// <param name="Value">What stood there.</param>
/// <param name="Reason">A word: <c>bad_number</c>.</param>
/// <param name="Raw">The row as it stands in the file, at most 4,000 characters.</param>
/// <param name="Context">The record it belongs to, in files that have such; null for none.</param>
internal sealed record Reject(long Line, string Field, string Value, string Reason, string Raw, string? Context)
{
    public const int LongestRaw = 4_000;
    public const int LongestValue = 200;
}

/// <summary>What was read and is not yet stored.</summary>
internal sealed class Batch
{
    public List<Interval> Intervals { get; } = [];

    public List<Reject> Rejects { get; } = [];

    /// <summary>Rows, and other records, that were read up to here since the beginning of the file.</summary>
    public long Units { get; set; }

    /// <summary>Fields without a value, since the last batch.</summary>
    public long Missing { get; set; }

    public int Count => Intervals.Count + Rejects.Count;

    public void Clear()
    {
        Intervals.Clear();
        Rejects.Clear();
        Missing = 0;
    }
}
