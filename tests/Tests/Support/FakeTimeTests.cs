namespace Rondo.Tests.Support;

public sealed class FakeTimeTests
{
    private readonly FakeTime _time = new();

    [Fact]
    public void Advance_moves_the_wall_clock_and_the_monotonic_clock_together()
    {
        var stamp = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(90));
        Assert.Equal(FakeTime.Start.AddSeconds(90), _time.GetUtcNow());
        Assert.Equal(TimeSpan.FromSeconds(90), _time.GetElapsedTime(stamp));
    }

    [Fact]
    public void A_step_of_the_wall_clock_moves_no_timer_and_no_timestamp()
    {
        var fired = 0;
        var stamp = _time.GetTimestamp();
        using var timer = _time.CreateTimer(_ => fired++, null, TimeSpan.FromMinutes(1), Timeout.InfiniteTimeSpan);
        _time.StepWall(TimeSpan.FromHours(1));
        Assert.Equal(FakeTime.Start.AddHours(1), _time.GetUtcNow());
        Assert.Equal(stamp, _time.GetTimestamp());
        _time.StepWall(TimeSpan.FromHours(-2));
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(0, fired);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, fired);
    }

    [Fact]
    public void Timers_fire_in_order_of_their_due_time_with_the_clock_at_that_time()
    {
        var log = new List<string>();
        void Log(object? name) => log.Add($"{name} {(_time.GetUtcNow() - FakeTime.Start).TotalSeconds}");
        using var late = _time.CreateTimer(Log, "late", TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        using var early = _time.CreateTimer(Log, "early", TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        using var every = _time.CreateTimer(Log, "every", TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(["early 1", "every 2", "late 3", "every 4"], log);
        Assert.Equal(FakeTime.Start.AddSeconds(5), _time.GetUtcNow());
    }

    [Fact]
    public void A_timer_armed_by_a_callback_fires_within_the_same_advance()
    {
        var fired = new List<double>();
        ITimer? chain = null;
        chain = _time.CreateTimer(
            _ =>
            {
                fired.Add((_time.GetUtcNow() - FakeTime.Start).TotalSeconds);
                chain!.Change(TimeSpan.FromSeconds(2), Timeout.InfiniteTimeSpan);
            },
            null,
            TimeSpan.FromSeconds(1),
            Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromSeconds(6));
        chain.Dispose();
        Assert.Equal([1, 3, 5], fired);
    }

    [Fact]
    public void A_disposed_or_disarmed_timer_does_not_fire()
    {
        var fired = 0;
        var disposed = _time.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        using var disarmed = _time.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        disposed.Dispose();
        disarmed.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, fired);
        Assert.Equal(0, _time.PendingTimers);
        Assert.False(_time.AdvanceToNextTimer());
        Assert.False(disposed.Change(TimeSpan.Zero, TimeSpan.Zero));
    }

    [Fact]
    public async Task A_timer_due_at_once_needs_no_advance()
    {
        var fired = new TaskCompletionSource();
        await using var timer = _time.CreateTimer(_ => fired.TrySetResult(), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        await fired.Task.WaitAsync(Eventually.DefaultBound);
    }

    [Fact]
    public async Task A_sleeping_loop_can_be_waited_for_and_woken()
    {
        using var tick = new PeriodicTimer(TimeSpan.FromSeconds(10), _time);
        var sleeper = Task.Run(async () => await tick.WaitForNextTickAsync());
        await _time.WhenTimersWaitAsync();
        Assert.Equal(TimeSpan.FromSeconds(10), _time.UntilNextTimer);
        Assert.True(_time.AdvanceToNextTimer());
        Assert.True(await sleeper.WaitAsync(Eventually.DefaultBound));
    }

    [Fact]
    public void A_cancellation_by_time_comes_exactly_at_its_time()
    {
        using var source = new CancellationTokenSource(TimeSpan.FromSeconds(5), _time);
        _time.Advance(TimeSpan.FromMilliseconds(4999));
        Assert.False(source.IsCancellationRequested);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(source.IsCancellationRequested);
    }
}
