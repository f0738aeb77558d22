namespace Rondo.Readings;

/// <summary>Values on their way into the database, one row for all values of a source at an instant. Used again and again: it is cleared and keeps its room.</summary>
public sealed class SampleBatch
{
    /// <summary>Mark of a value that is plainly good.</summary>
    public const char Good = '.';

    /// <summary>Mark of a value that was estimated.</summary>
    public const char Estimated = 'e';

    /// <summary>Series of one source, at most: what bounds the width of a row.</summary>
    public const int MostOrdinals = 1_000;

    private readonly Dictionary<(long Source, long At), int> _index = [];
    private readonly List<SampleRow> _rows = [];
    private readonly Stack<SampleRow> _spare = [];

    /// <summary>The rows.</summary>
    public IReadOnlyList<SampleRow> Rows => _rows;

    /// <summary>Puts a value in; one that is there already for the same series and instant is answered and replaced.</summary>
    /// <param name="source">The source.</param>
    /// <param name="at">The instant, microseconds since the epoch.</param>
    /// <param name="ordinal">Place of the series in the samples of the source.</param>
    /// <param name="value">A number; never a stand-in for "no value".</param>
    /// <param name="mark"><see cref="Good"/> or another mark.</param>
    /// <returns>The value that was there and its mark, or null.</returns>
    public (double Value, char Mark)? Put(long source, long at, int ordinal, double value, char mark)
    {
        if (!_index.TryGetValue((source, at), out var index))
        {
            var row = _spare.TryPop(out var used) ? used : new SampleRow();
            row.Begin(source, at);
            index = _rows.Count;
            _index.Add((source, at), index);
            _rows.Add(row);
        }

        var was = _rows[index].Get(ordinal);
        _rows[index].Set(ordinal, value, mark);
        return was;
    }

    /// <summary>In the order of the key, so that two writers of the same rows wait for one another and not each for the other.</summary>
    public void Sort()
    {
        _index.Clear();
        _rows.Sort((a, b) => a.Source != b.Source ? a.Source.CompareTo(b.Source) : a.At.CompareTo(b.At));
    }

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        foreach (var row in _rows)
        {
            _spare.Push(row);
        }

        _rows.Clear();
        _index.Clear();
    }
}

/// <summary>All values of a source at an instant.</summary>
public sealed class SampleRow
{
    private double[] _values = new double[1];
    private char[] _marks = new char[1];
    private byte[] _text = [];
    private int _textLength;

    /// <summary>The source.</summary>
    public long Source { get; private set; }

    /// <summary>The instant, microseconds since the epoch.</summary>
    public long At { get; private set; }

    /// <summary>How many places there are, up to the last one with a value.</summary>
    public int Width { get; private set; }

    /// <summary>True when no value is left.</summary>
    public bool IsEmpty => Width == 0;

    /// <summary>True when every value is plainly good.</summary>
    public bool IsGood => !_marks.AsSpan(0, Width).ContainsAnyExcept(SampleBatch.Good);

    /// <summary>The marks as they are stored; null when every value is plainly good.</summary>
    public string? Flags => IsGood ? null : new string(_marks, 0, Width);

    /// <summary>The values by place; not a number where there is none.</summary>
    public ReadOnlySpan<double> Values => _values.AsSpan(0, Width);

    /// <summary>The values as JSON, once they were written so (<see cref="Write"/>) and have not changed since; else empty.</summary>
    internal ReadOnlySpan<byte> Text => _text.AsSpan(0, _textLength);

    /// <summary>A row as it is stored.</summary>
    public static SampleRow Of(long source, long at, IReadOnlyList<double> values, string? flags)
    {
        var row = new SampleRow();
        row.Begin(source, at);
        for (var i = 0; i < values.Count; i++)
        {
            if (!double.IsNaN(values[i]))
            {
                row.Set(i, values[i], flags is not null && i < flags.Length ? flags[i] : SampleBatch.Good);
            }
        }

        return row;
    }

    /// <summary>The value of a place with its mark, or null.</summary>
    public (double Value, char Mark)? Get(int ordinal) => ordinal < Width && !double.IsNaN(_values[ordinal]) ? (_values[ordinal], _marks[ordinal]) : null;

    /// <summary>Puts a value into a place.</summary>
    public void Set(int ordinal, double value, char mark)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ordinal, SampleBatch.MostOrdinals);
        if (ordinal >= _values.Length)
        {
            Array.Resize(ref _values, ordinal + 1);
            Array.Resize(ref _marks, ordinal + 1);
        }

        for (; Width <= ordinal; Width++)
        {
            (_values[Width], _marks[Width]) = (double.NaN, SampleBatch.Good);
        }

        (_values[ordinal], _marks[ordinal], _textLength) = (value, mark, 0);
    }

    /// <summary>Takes the value of a place out.</summary>
    public void Remove(int ordinal)
    {
        if (ordinal < Width)
        {
            _textLength = 0;
            (_values[ordinal], _marks[ordinal]) = (double.NaN, SampleBatch.Good);
            while (Width > 0 && double.IsNaN(_values[Width - 1]))
            {
                Width--;
            }
        }
    }

    /// <summary>Writes the values as JSON.</summary>
    internal void Write() => _textLength = SampleJson.Write(Values, ref _text).Length;

    internal void Begin(long source, long at) => (Source, At, Width, _textLength) = (source, at, 0, 0);
}
