using Rondo.Readings.Archive;
using Rondo.Readings.Rollups;

namespace Rondo.Tests.Readings.Archive;

public sealed class PackedSamplesTests
{
    [Fact]
    public void Every_value_comes_back_to_the_last_bit()
    {
        double[][] cases =
        [
            [0, 0, 0], [1], [230.1, 230.2, double.NaN, 229.95], [12_345_678.901, 12_345_679.004], [-5, 17, -300.25], [0.1 + 0.2, 0.3], [Math.PI, Math.E, double.NaN], [-0.0, 0], [1e300, -1e-300],
            [double.NaN, 7, double.NaN], [9_007_199_254_740_991, 1], [4_503_599_627_370_497.5, 2], [0, 281_474_976_710_653], [0, 281_474_976_710_656], [float.MaxValue, 1], [5, 5, double.NaN], [1e-9, 2e-9], [double.Epsilon],
        ];
        foreach (var values in cases)
        {
            var column = PackedColumn.Pack(3, values, null);
            Assert.Equal(values.Select(BitConverter.DoubleToInt64Bits), column.Unpack(values.Length).Select(v => BitConverter.DoubleToInt64Bits(double.IsNaN(v) ? double.NaN : v)));
        }
    }

    [Fact]
    public void Random_values_come_back_and_those_of_meters_take_two_bytes()
    {
        var random = new Random(11);
        for (var round = 0; round < 300; round++)
        {
            var (digits, size) = (random.Next(0, 12), Math.Pow(10, random.Next(0, 10)));
            var values = Enumerable.Range(0, random.Next(1, 200)).Select(_ => random.Next(10) == 0 ? double.NaN : Math.Round((random.NextDouble() - 0.3) * size, digits)).ToArray();
            if (Array.TrueForAll(values, double.IsNaN))
            {
                continue;
            }

            Assert.Equal(values.Select(BitConverter.DoubleToInt64Bits), PackedColumn.Pack(0, values, null).Unpack(values.Length).Select(BitConverter.DoubleToInt64Bits));
        }

        Assert.Equal((2, 100), (PackedColumn.Pack(0, [.. Enumerable.Range(0, 960).Select(i => Math.Round(15_000 + (i * 0.02), 2))], null).Width, PackedColumn.Pack(0, [1.25, 2], null).Scale));
        Assert.Equal((0, null), (PackedColumn.Pack(0, [7, 7, 7], null).Width, PackedColumn.Pack(0, [7, 7, 7], null).Cells));
    }

    [Fact]
    public void Instants_flags_and_widths_come_back_be_they_even_or_not()
    {
        const long minute = 60_000_000;
        SourceSample[] samples =
        [
            new(1_700_000_000_000_000, [1.5, 10], null), new(1_700_000_000_000_000 + minute, [1.6, double.NaN, 3], "e.x"), new(1_700_000_000_000_000 + (7 * minute), [], null), new(1_700_000_000_000_000 + (9 * minute), [double.NaN, 11], ".e"),
        ];
        var packed = PackedSamples.Pack(samples)!;
        Assert.Equal((minute, 1), (packed.Step, packed.Width));
        Assert.Equal(samples.Select(Line), packed.Unpack().Select(Line));
        Assert.Equal(0, PackedSamples.Pack([.. Enumerable.Range(0, 100).Select(i => new SourceSample(i * minute, [i], null))])!.Width);
        var odd = Enumerable.Range(0, 50).Select(i => new SourceSample((long)i * i * 1_234_567, [i], null)).ToArray();
        Assert.Equal(odd.Select(Line), PackedSamples.Pack(odd)!.Unpack().Select(Line));
        Assert.Equal([5L], PackedSamples.Pack([new SourceSample(5, [1], null)])!.Unpack().Select(s => s.At));
    }

    private static string Line(SourceSample s) => $"{s.At} [{string.Join(' ', s.Values)}] {s.Flags}";
}
