using FsCheck;
using FsCheck.Fluent;
using Rondo.Polling.Slots;

namespace Rondo.Tests.Polling.Slots;

public sealed class HistogramTests
{
    private static Arbitrary<(int[] Values, int Percent)> Samples() => (
        from magnitudes in Gen.Choose(2, 30).NonEmptyListOf()
        from values in Gen.CollectToSequence(magnitudes.Select(bits => Gen.Choose(1 << bits, (int)Math.Min(int.MaxValue, (2L << bits) - 1))))
        from percent in Gen.Choose(1, 100)
        select (values.ToArray(), percent)).ToArbitrary();

    [Fact]
    public void A_percentile_is_at_most_a_quarter_too_high_and_never_too_low() => Prop.ForAll(Samples(), sample =>
    {
        var histogram = new Histogram();
        foreach (var value in sample.Values)
        {
            histogram.Add(value);
        }

        var sorted = sample.Values.Order().ToArray();
        var exact = sorted[Math.Max(0, (int)Math.Ceiling(sample.Percent / 100.0 * sorted.Length) - 1)] / 1000.0;
        Assert.InRange(histogram.Percentile(sample.Percent / 100.0)!.Value, exact, exact * 1.2500001);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_written_and_merged_is_what_was_added() => Prop.ForAll(Samples(), Samples(), (a, b) =>
    {
        var (together, first, second) = (new Histogram(), new Histogram(), new Histogram());
        foreach (var value in a.Values)
        {
            together.Add(value);
            first.Add(value);
        }

        foreach (var value in b.Values)
        {
            together.Add(value);
            second.Add(value);
        }

        first.Merge(second.ToString());
        Assert.Equal(together.ToString(), first.ToString());
        Assert.Equal(together.Count, first.Count);
        Assert.Equal(together.Percentile(0.5), first.Percentile(0.5));
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("500:3 -1:2 7:-2 :1 7: 3:x")]
    public void Text_that_is_damaged_adds_nothing(string text)
    {
        var histogram = new Histogram();
        histogram.Merge(text);
        Assert.Equal(0, histogram.Count);
        Assert.Null(histogram.Percentile(0.5));
        Assert.Equal("", histogram.ToString());
    }

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(long.MaxValue)]
    public void No_value_is_out_of_range(long micros)
    {
        var histogram = new Histogram();
        histogram.Add(micros);
        Assert.Equal(1, histogram.Count);
        Assert.NotNull(histogram.Percentile(1));
    }

    [Fact]
    public void A_cleared_histogram_is_as_new()
    {
        var histogram = new Histogram();
        histogram.Add(5_000_000);
        histogram.Clear();
        histogram.Add(100);
        Assert.Equal(1, histogram.Count);
        Assert.InRange(histogram.Percentile(1)!.Value, 0.1, 0.125);
    }
}
