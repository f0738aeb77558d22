using FsCheck;
using FsCheck.Fluent;
using Rondo.Polling.Slots;

namespace Rondo.Tests.Polling.Slots;

public sealed class BreakerTests
{
    private const long Second = 1_000_000;

    [Fact]
    public void It_opens_at_the_threshold_and_each_failed_probe_doubles_the_delay_up_to_the_cap() => Prop.ForAll(
        (from threshold in Gen.Choose(1, 6) from seed in Gen.Choose(0, int.MaxValue) select (threshold, seed)).ToArbitrary(),
        c =>
        {
            var breaker = new Breaker(c.threshold, 2 * Second, 60 * Second, new Random(c.seed));
            var now = 1_000 * Second;
            for (var n = 1; n < c.threshold; n++)
            {
                breaker.Failed(now);
                Assert.False(breaker.IsOpen);
                Assert.False(breaker.Blocks(now));
            }

            foreach (var bound in new[] { 2, 4, 8, 16, 32, 60, 60, 60 })
            {
                breaker.Failed(now);
                Assert.True(breaker.IsOpen);
                var delay = breaker.OpenUntil - now;
                Assert.InRange(delay, bound * Second / 2, bound * Second);
                Assert.True(breaker.Blocks(now + delay - 1));
                Assert.False(breaker.Blocks(now + delay), "one probe may go now");
                now += delay;
            }

            breaker.Succeeded();
            Assert.False(breaker.IsOpen);
            Assert.Equal(0, breaker.Failures);
            Assert.False(breaker.Blocks(now));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Probes_of_units_that_died_together_are_spread()
    {
        var random = new Random(11);
        var delays = Enumerable.Range(0, 500).Select(_ =>
        {
            var breaker = new Breaker(1, 2 * Second, 60 * Second, random);
            breaker.Failed(0);
            return breaker.OpenUntil;
        }).ToArray();
        Assert.InRange(delays.Min(), Second, Second + 50_000);
        Assert.InRange(delays.Max(), 2 * Second - 50_000, 2 * Second);
    }

    [Fact]
    public void With_full_jitter_connections_come_back_over_the_whole_delay()
    {
        var random = new Random(11);
        var delays = Enumerable.Range(0, 500).Select(_ =>
        {
            var breaker = new Breaker(1, 2 * Second, 60 * Second, random, spread: 1);
            breaker.Failed(Second);
            Assert.True(breaker.IsOpen);
            return breaker.OpenUntil - Second;
        }).ToArray();
        Assert.InRange(delays.Min(), 0, 50_000);
        Assert.InRange(delays.Max(), 2 * Second - 50_000, 2 * Second);
    }

    [Fact]
    public void A_success_makes_the_next_delays_short_again()
    {
        var breaker = new Breaker(1, 2 * Second, 60 * Second, new Random(1));
        for (var n = 0; n < 10; n++)
        {
            breaker.Failed(0);
        }

        breaker.Succeeded();
        breaker.Failed(0);
        Assert.InRange(breaker.OpenUntil, Second, 2 * Second);
    }

    [Fact]
    public void A_probe_can_be_let_through_at_once_without_forgetting_the_failures()
    {
        var breaker = new Breaker(3, 2 * Second, 60 * Second, new Random(1));
        breaker.AllowProbe();
        Assert.False(breaker.IsOpen);
        for (var n = 0; n < 3; n++)
        {
            breaker.Failed(100);
        }

        breaker.AllowProbe();
        Assert.False(breaker.Blocks(100));
        Assert.True(breaker.IsOpen);
        breaker.Failed(100);
        Assert.True(breaker.Blocks(101));
    }

    [Theory]
    [InlineData(0, 0, false, false)]
    [InlineData(2, 900, false, false)]
    [InlineData(3, 900, true, true)]
    [InlineData(3, 0, true, false)]
    public void What_a_former_owner_knew_is_taken_over(int failures, long until, bool isOpen, bool blocks)
    {
        var breaker = new Breaker(3, 2 * Second, 60 * Second, new Random(1));
        breaker.Restore(failures, until);
        Assert.Equal(isOpen, breaker.IsOpen);
        Assert.Equal(blocks, breaker.Blocks(899));
        Assert.False(breaker.Blocks(900));
    }
}
