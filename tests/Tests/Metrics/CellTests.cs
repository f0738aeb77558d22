using Rondo.Metrics;

namespace Rondo.Tests.Metrics;

public class CellTests
{
    [Fact]
    public void Values_of_a_label_that_nobody_knew_of_cannot_make_more_series_than_the_bound()
    {
        var cells = new Labelled<Counter>(50, () => new Counter());
        Parallel.For(0, 20_000, n => cells[$"label-{n}"].Add());
        Assert.Equal(51, cells.All.Count);
        Assert.Equal(Labelled<Counter>.Other, cells.All[^1].Label);
        Assert.Equal(20_000, cells.All.Sum(c => c.Cell.Value));
    }

    [Fact]
    public void A_label_that_is_spelled_like_the_rest_is_the_rest()
    {
        var cells = new Labelled<Counter>(1, () => new Counter());
        cells["other"].Add();
        cells["a"].Add();
        cells["b"].Add();
        Assert.Equal([("a", 1), ("other", 2)], cells.All.Select(c => (c.Label, c.Cell.Value)));
    }

    [Fact]
    public void A_duration_is_counted_in_the_bucket_whose_bound_it_does_not_exceed()
    {
        var timing = new Timing();
        timing.Add(TimeSpan.FromSeconds(1));
        timing.Add(TimeSpan.FromSeconds(1) + TimeSpan.FromTicks(1));
        timing.Add(TimeSpan.FromSeconds(-1));
        timing.Add(TimeSpan.FromHours(1));
        var total = timing.Total;
        Assert.Equal((4, 2, 1, 3), (total.Count, total.AtMost(1), total.AtMost(0.8), total.AtMost(100)));
        Assert.Throws<ArgumentOutOfRangeException>(() => total.AtMost(3));
    }

    [Fact]
    public void A_percentile_is_right_within_a_quarter()
    {
        var timing = new Timing();
        for (var n = 1; n <= 10_000; n++)
        {
            timing.Add(TimeSpan.FromMicroseconds(n * 100));
        }

        foreach (var fraction in new[] { 0.01, 0.5, 0.95, 0.99, 1 })
        {
            Assert.InRange(timing.Total.Percentile(fraction)!.Value, fraction * 0.8, fraction * 1.25);
        }

        Assert.Null(new Timing().Total.Percentile(0.5));
    }

    [Fact]
    public void The_window_forgets_what_is_older_and_the_total_does_not()
    {
        var timing = new Timing();
        timing.Add(TimeSpan.FromSeconds(1));
        for (var n = 0; n < Timing.Window; n++)
        {
            Assert.Equal(1, timing.Recent.Count);
            timing.Roll();
        }

        timing.Add(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, timing.Recent.Count);
        Assert.InRange(timing.Recent.Percentile(1)!.Value, 0.0008, 0.001);
        Assert.Equal(2, timing.Total.Count);
        Assert.Equal(1.001, timing.Total.Sum, 6);
    }

    [Fact]
    public void To_count_allocates_nothing()
    {
        var (counter, timing, cells) = (new Counter(), new Timing(), new Labelled<Counter>(10, () => new Counter()));
        Count(100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Count(10_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Count(int times)
        {
            for (var n = 0; n < times; n++)
            {
                counter.Add();
                timing.Add(TimeSpan.FromTicks(n));
                cells["queue"].Add();
            }
        }
    }
}
