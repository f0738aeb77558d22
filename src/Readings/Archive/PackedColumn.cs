using System.Text;

namespace Rondo.Readings.Archive;

/// <summary>
/// The values of one series in samples that follow one another, as small as they are: what is printed of a value (0007) is a whole number by a power of ten, and of those what they are above the smallest takes a few bytes each.
/// Plain SQL can take one out. Every value comes back to the last bit: what would not is kept as text.
/// </summary>
/// <param name="Ordinal">Place of the series in its source's samples.</param>
/// <param name="Base">The smallest, by <paramref name="Scale"/>.</param>
/// <param name="Scale">Power of ten.</param>
/// <param name="Width">Bytes of a value; 0 when all are the same and none is missing.</param>
/// <param name="Cells">0 for no value, else one more than it is above the smallest.</param>
/// <param name="Texts">The values as JSON, where they are no decimals of few digits.</param>
/// <param name="Flags">A mark for each sample; null when all are plainly good.</param>
internal sealed record PackedColumn(int Ordinal, long Base, long Scale, int Width, byte[]? Cells, string? Texts, string? Flags)
{
    /// <summary>Widest cell, in bytes.</summary>
    public const int MostWidth = 6;

    private const long MostScale = 1_000_000_000;
    private const double MostExact = 1L << 53;

    /// <summary>Packs values.</summary>
    /// <param name="ordinal">Place of the series.</param>
    /// <param name="values">By sample; NaN for none. At least one is there.</param>
    /// <param name="flags">A mark for each sample, or null.</param>
    public static PackedColumn Pack(int ordinal, double[] values, string? flags)
    {
        if (Scaled(values) is not var (scale, scaled) || Bounds(values, scaled) is not var (low, high) || ByteCount(high - low + 1) is not { } bytes)
        {
            var room = Array.Empty<byte>();
            return new PackedColumn(ordinal, 0, 1, 0, null, Encoding.UTF8.GetString(SampleJson.Write(values, ref room)), flags);
        }

        var width = low == high && !Array.Exists(values, double.IsNaN) ? 0 : bytes;
        var cells = new byte[width * values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            Write(cells, i, width, double.IsNaN(values[i]) ? 0 : scaled[i] - low + 1);
        }

        return new PackedColumn(ordinal, low, scale, width, width == 0 ? null : cells, null, flags);
    }

    /// <summary>The values by sample; NaN for none.</summary>
    public double[] Unpack(int samples)
    {
        if (Texts is not null)
        {
            return [.. SampleJson.Read(Texts)];
        }

        var values = new double[samples];
        for (var i = 0; i < samples; i++)
        {
            var cell = Width == 0 ? 1 : Read(Cells!, i, Width);
            values[i] = cell == 0 ? double.NaN : (double)(Base + cell - 1) / Scale;
        }

        return values;
    }

    /// <summary>Bytes that a number takes; null when they are too many.</summary>
    public static int? ByteCount(long number)
    {
        var bytes = 1;
        while (bytes <= MostWidth && number >= 1L << (8 * bytes))
        {
            bytes++;
        }

        return bytes <= MostWidth ? bytes : null;
    }

    /// <summary>Writes the i-th number of <paramref name="width"/> bytes, the highest first.</summary>
    public static void Write(byte[] cells, int i, int width, long number)
    {
        for (var j = width - 1; j >= 0; j--, number >>= 8)
        {
            cells[(i * width) + j] = (byte)number;
        }
    }

    /// <summary>Reads it.</summary>
    public static long Read(byte[] cells, int i, int width)
    {
        var number = 0L;
        for (var j = 0; j < width; j++)
        {
            number = (number << 8) | cells[(i * width) + j];
        }

        return number;
    }

    private static (long Low, long High)? Bounds(double[] values, long[] scaled)
    {
        var (low, high) = (long.MaxValue, long.MinValue);
        for (var i = 0; i < values.Length; i++)
        {
            if (!double.IsNaN(values[i]))
            {
                (low, high) = (Math.Min(low, scaled[i]), Math.Max(high, scaled[i]));
            }
        }

        return low > high ? null : (low, high);
    }

    // The smallest power of ten by which all are whole, and each of which comes back the same to the last bit.
    private static (long Scale, long[] Scaled)? Scaled(double[] values)
    {
        var scale = 1L;
        foreach (var value in values)
        {
            while (!double.IsNaN(value) && Whole(value, scale) is null)
            {
                if (scale == MostScale)
                {
                    return null;
                }

                scale *= 10;
            }
        }

        var scaled = new long[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            if (!double.IsNaN(values[i]))
            {
                if (Whole(values[i], scale) is not { } whole)
                {
                    return null;
                }

                scaled[i] = whole;
            }
        }

        return (scale, scaled);
    }

    private static long? Whole(double value, long scale)
    {
        var whole = Math.Round(value * scale);
        return Math.Abs(whole) < MostExact && BitConverter.DoubleToInt64Bits((double)(long)whole / scale) == BitConverter.DoubleToInt64Bits(value) ? (long)whole : null;
    }
}
