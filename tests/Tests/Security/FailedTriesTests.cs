using Rondo.Security;
using Rondo.Tests.Support;

namespace Rondo.Tests.Security;

public sealed class FailedTriesTests
{
    [Fact]
    public void After_some_failures_each_further_one_makes_wait_twice_as_long_up_to_a_bound()
    {
        var time = new FakeTime();
        var tries = new FailedTries(time, free: 3, TimeSpan.FromSeconds(10));
        var waits = new List<double>();
        for (var n = 0; n < 8; n++)
        {
            tries.Failed("a");
            waits.Add(tries.Wait("a").TotalSeconds);
        }

        Assert.Equal([0, 0, 1, 2, 4, 8, 10, 10], waits);
        Assert.Equal(TimeSpan.Zero, tries.Wait("b"));
        time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(6, tries.Wait("a").TotalSeconds);
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(TimeSpan.Zero, tries.Wait("a"));
        tries.Failed("a");
        Assert.Equal(10, tries.Wait("a").TotalSeconds);
        time.Advance(TimeSpan.FromSeconds(100));
        tries.Failed("a");
        Assert.Equal(TimeSpan.Zero, tries.Wait("a"));
        tries.Failed("a");
        tries.Failed("a");
        tries.Succeeded("a");
        Assert.Equal((0, TimeSpan.Zero), (tries.Count, tries.Wait("a")));
    }

    [Fact]
    public void What_is_counted_is_bounded()
    {
        var time = new FakeTime();
        var tries = new FailedTries(time, free: 1, TimeSpan.FromMinutes(10));
        for (var n = 0; n < 25_000; n++)
        {
            tries.Failed($"{n}");
            time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.True(tries.Count <= FailedTries.Most);
        }

        tries.Failed("24999");
        Assert.Equal(2, Math.Ceiling(tries.Wait("24999").TotalSeconds));
    }
}
