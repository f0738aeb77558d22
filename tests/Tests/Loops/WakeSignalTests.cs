using Rondo.Loops;
using Rondo.Tests.Support;

namespace Rondo.Tests.Loops;

public sealed class WakeSignalTests
{
    private readonly FakeTime _time = new();
    private readonly WakeSignal _signal;

    public WakeSignalTests() => _signal = new WakeSignal(_time);

    [Fact]
    public async Task A_sleep_ends_when_its_time_is_over()
    {
        var sleep = _signal.WaitAsync(TimeSpan.FromSeconds(5), default).AsTask();
        _time.Advance(TimeSpan.FromSeconds(4.999));
        Assert.False(sleep.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.001));
        Assert.False(await sleep);
        Assert.Equal(0, _time.PendingTimers);
    }

    [Fact]
    public async Task Somebody_ends_it_and_the_next_one_lasts_its_whole_time()
    {
        var sleep = _signal.WaitAsync(TimeSpan.FromSeconds(5), default).AsTask();
        _time.Advance(TimeSpan.FromSeconds(4));
        _signal.Set();
        Assert.True(await sleep);
        Assert.Equal(0, _time.PendingTimers);

        sleep = _signal.WaitAsync(TimeSpan.FromSeconds(5), default).AsTask();
        _time.Advance(TimeSpan.FromSeconds(4.999));
        Assert.False(sleep.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.001));
        Assert.False(await sleep);
    }

    [Fact]
    public async Task What_was_set_before_ends_the_next_sleep_at_once_and_only_that()
    {
        _signal.Set();
        _signal.Set();
        Assert.True(await _signal.WaitAsync(TimeSpan.FromSeconds(5), default));
        var sleep = _signal.WaitAsync(TimeSpan.FromSeconds(5), default).AsTask();
        Assert.False(sleep.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(await sleep);
    }

    [Fact]
    public async Task A_sleep_that_is_cancelled_leaves_nothing_behind()
    {
        using var stop = new CancellationTokenSource();
        var sleep = _signal.WaitAsync(TimeSpan.FromSeconds(5), stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sleep);
        Assert.Equal(0, _time.PendingTimers);
        _signal.Set();
        Assert.True(await _signal.WaitAsync(TimeSpan.FromSeconds(5), default));
    }
}
