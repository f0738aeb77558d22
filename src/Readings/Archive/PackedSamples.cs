using Rondo.Readings.Rollups;

namespace Rondo.Readings.Archive;

/// <summary>Samples of a source that follow one another, packed by column.</summary>
/// <param name="From">Instant of the first.</param>
/// <param name="To">Instant of the last.</param>
/// <param name="Samples">How many.</param>
/// <param name="Step">What all distances between instants are a multiple of.</param>
/// <param name="Width">Bytes of a unit; 0 where they are 0, 1, 2, …</param>
/// <param name="Units">How many steps each lies behind the first.</param>
internal sealed record PackedSamples(long From, long To, int Samples, long Step, int Width, byte[]? Units)
{
    /// <summary>Most samples of one row. Sixteen hours of a value a minute: few enough that SQL which takes values out one by one does not read too much for each, and that unpacking one for a late value is nothing.</summary>
    public const int Most = 960;

    /// <summary>The columns, where they were read.</summary>
    public IReadOnlyList<PackedColumn> Columns { get; init; } = [];

    /// <summary>Packs samples that are in order; null when they cannot be (instants too far apart).</summary>
    public static PackedSamples? Pack(IReadOnlyList<SourceSample> samples)
    {
        var (from, step) = (samples[0].At, 0L);
        foreach (var sample in samples)
        {
            step = Divisor(step, sample.At - from);
        }

        step = Math.Max(1, step);
        var isEven = true;
        for (var i = 0; i < samples.Count; i++)
        {
            isEven &= (samples[i].At - from) / step == i;
        }

        if (PackedColumn.ByteCount((samples[^1].At - from) / step) is not { } bytes)
        {
            return null;
        }

        var width = isEven ? 0 : bytes;
        var units = new byte[width * samples.Count];
        for (var i = 0; i < samples.Count; i++)
        {
            PackedColumn.Write(units, i, width, (samples[i].At - from) / step);
        }

        return new PackedSamples(from, samples[^1].At, samples.Count, step, width, width == 0 ? null : units) { Columns = PackColumns(samples) };
    }

    /// <summary>The instant of the i-th.</summary>
    public long At(int i) => From + (Step * (Width == 0 ? i : PackedColumn.Read(Units!, i, Width)));

    /// <summary>The samples, in order.</summary>
    public List<SourceSample> Unpack()
    {
        var columns = Columns.Select(c => (c.Ordinal, Values: c.Unpack(Samples), c.Flags)).ToList();
        var samples = new List<SourceSample>(Samples);
        for (var i = 0; i < Samples; i++)
        {
            // As long as its last value, as samples are written.
            var width = columns.Where(c => !double.IsNaN(c.Values[i])).Select(c => c.Ordinal + 1).DefaultIfEmpty(0).Max();
            var values = new double[width];
            Array.Fill(values, double.NaN);
            var flags = default(char[]);
            foreach (var column in columns.Where(c => c.Ordinal < width))
            {
                values[column.Ordinal] = column.Values[i];
                if (column.Flags is not null && column.Flags[i] != SampleBatch.Good)
                {
                    flags ??= [.. Enumerable.Repeat(SampleBatch.Good, width)];
                    flags[column.Ordinal] = column.Flags[i];
                }
            }

            samples.Add(new SourceSample(At(i), values, flags is null ? null : new string(flags)));
        }

        return samples;
    }

    private static List<PackedColumn> PackColumns(IReadOnlyList<SourceSample> samples)
    {
        var columns = new List<PackedColumn>();
        for (var ordinal = 0; ordinal < samples.Max(s => s.Values.Length); ordinal++)
        {
            var values = samples.Select(s => ordinal < s.Values.Length ? s.Values[ordinal] : double.NaN).ToArray();
            if (Array.TrueForAll(values, double.IsNaN))
            {
                continue;
            }

            var marks = samples.Select(s => s.Flags is not null && ordinal < s.Flags.Length ? s.Flags[ordinal] : SampleBatch.Good).ToArray();
            columns.Add(PackedColumn.Pack(ordinal, values, marks.AsSpan().ContainsAnyExcept(SampleBatch.Good) ? new string(marks) : null));
        }

        return columns;
    }

    private static long Divisor(long a, long b)
    {
        while (b != 0)
        {
            (a, b) = (b, a % b);
        }

        return a;
    }
}
