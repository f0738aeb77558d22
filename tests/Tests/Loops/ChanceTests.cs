using FsCheck;
using FsCheck.Fluent;
using Rondo.Loops;

namespace Rondo.Tests.Loops;

public sealed class ChanceTests
{
    [Theory]
    [InlineData("", 0xECBA3DF2C3383C52UL)]
    [InlineData("meter-1/main", 0xBD21C642AB512646UL)]
    [InlineData("Zürich", 0xF57775572FDCD99DUL)]
    public void The_stable_hash_never_changes_because_phases_are_stored_by_it(string text, ulong hash) => Assert.Equal(hash, StableHash.Of(text));

    [Fact]
    public void Near_names_get_phases_that_spread_over_the_interval()
    {
        var tenths = new int[10];
        for (var i = 0; i < 10_000; i++)
        {
            tenths[StableHash.Of($"meter-{i}/main") % 10_000_000 / 1_000_000]++;
        }

        Assert.All(tenths, count => Assert.InRange(count, 850, 1150));
    }

    [Fact]
    public void The_same_seed_and_name_give_the_same_numbers_and_another_name_gives_others()
    {
        Assert.Equal(new Chance(5).For("a").Next(), new Chance(5).For("a").Next());
        Assert.NotEqual(new Chance(5).For("a").Next(), new Chance(5).For("b").Next());
        Assert.NotEqual(new Chance(5).For("a").Next(), new Chance(6).For("a").Next());
    }

    [Fact]
    public void Delays_grow_with_full_jitter_up_to_the_cap_and_start_over_after_a_success() => Prop.ForAll(
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        seed =>
        {
            var (first, cap) = (TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10));
            var backoff = new Backoff(first, cap, new Random(seed));
            for (var step = 0; step < 60; step++)
            {
                Assert.InRange(backoff.Next(), TimeSpan.Zero, step < 6 ? first * (1 << step) : cap);
            }

            backoff.Reset();
            Assert.InRange(backoff.Next(), TimeSpan.Zero, first);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Jitter_uses_the_whole_range_so_that_callers_who_failed_together_come_back_apart()
    {
        var random = new Random(3);
        var delays = Enumerable.Range(0, 1000).Select(_ => new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), random).Next().TotalSeconds).ToArray();
        Assert.True(delays.Min() < 0.02 && delays.Max() > 0.98, $"{delays.Min()} to {delays.Max()}");
        Assert.InRange(delays.Average(), 0.45, 0.55);
    }
}
