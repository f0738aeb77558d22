using Rondo.Loops;
using Rondo.Tests.Support;

namespace Rondo.Tests.Loops;

public sealed class LoopTests : IAsyncDisposable
{
    private readonly FakeTime _time = new();
    private readonly List<string> _failures = [];
    private readonly LoopSupervisor _supervisor;

    public LoopTests() => _supervisor = new LoopSupervisor(_time, new Chance(7), (loop, fault) =>
    {
        lock (_failures)
        {
            _failures.Add($"{loop.Name}: {fault.Message}");
        }
    });

    public ValueTask DisposeAsync() => _supervisor.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_loop_sleeps_as_long_as_its_pass_said_and_not_a_moment_longer(bool ownThread)
    {
        var loop = new ScriptedLoop(_time, ownThread);
        loop.Then(TimeSpan.FromSeconds(10));
        _supervisor.Start(loop);
        await AsleepAsync(loop, 1);
        _time.Advance(TimeSpan.FromSeconds(9.999));
        Assert.Equal(1, loop.Entered);
        _time.Advance(TimeSpan.FromSeconds(0.001));
        await AsleepAsync(loop, 2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_loop_that_has_more_to_do_goes_on_at_once(bool ownThread)
    {
        var loop = new ScriptedLoop(_time, ownThread);
        loop.Then(TimeSpan.Zero);
        loop.Then(TimeSpan.FromSeconds(-1));
        _supervisor.Start(loop);
        await AsleepAsync(loop, 3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_wake_cuts_the_sleep_short(bool ownThread)
    {
        var loop = new ScriptedLoop(_time, ownThread);
        _supervisor.Start(loop);
        await AsleepAsync(loop, 1);
        loop.Wake();
        await AsleepAsync(loop, 2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_wake_during_a_pass_is_not_lost_and_two_are_one(bool ownThread)
    {
        var loop = new ScriptedLoop(_time, ownThread);
        var release = loop.ThenHang();
        _supervisor.Start(loop);
        await Eventually.TrueAsync(() => loop.Entered == 1, "the pass began");
        loop.Wake();
        loop.Wake();
        release.SetResult(TimeSpan.FromHours(1));
        await AsleepAsync(loop, 2);
        Assert.Equal(2, loop.Entered);
    }

    [Fact]
    public async Task A_failing_loop_backs_off_says_why_and_recovers()
    {
        var loop = new ScriptedLoop(_time);
        loop.ThenFail("first");
        loop.ThenFail("second");
        _supervisor.Start(loop);
        await AsleepAsync(loop, 1);
        Assert.Equal("first", loop.LastError);

        // The first delay is at most 200 ms, the second at most 400 ms: full jitter may make them as short as it likes.
        _time.Advance(TimeSpan.FromMilliseconds(200));
        await AsleepAsync(loop, 2);
        Assert.Equal(2, loop.Failures);
        _time.Advance(TimeSpan.FromMilliseconds(400));
        await AsleepAsync(loop, 3);
        Assert.Null(loop.LastError);
        Assert.Equal(["test.loop: first", "test.loop: second"], _failures);
        Assert.True(_supervisor.IsMakingProgress, "failing is not being stuck");
    }

    [Fact]
    public async Task A_stuck_loop_is_given_up_and_replaced_and_its_old_pass_leaves_when_it_comes_back()
    {
        var loop = new ScriptedLoop(_time);
        CancellationToken given = default;
        var release = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Script.Enqueue(stop =>
        {
            given = stop;
            return new(release.Task);
        });
        _supervisor.Start(loop);
        await Eventually.TrueAsync(() => loop.Entered == 1, "the pass began");
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.True(_supervisor.IsMakingProgress);
        Assert.Equal(0, loop.Restarts);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, loop.Restarts);
        await Eventually.TrueAsync(() => given.IsCancellationRequested, "the stuck pass was told to stop");

        // Giving up wakes whoever sleeps, so the new generation may have looked once more: what it enters it also finishes.
        await Eventually.TrueAsync(() => loop.Passes >= 1 && loop.Passes == loop.Entered - 1 && _time.PendingTimers >= 2, "the new generation works and sleeps");

        // The old generation comes back: it must neither count nor run another pass.
        release.SetResult(TimeSpan.Zero);
        var passes = loop.Passes;
        loop.Wake();
        await Eventually.TrueAsync(() => loop.Passes > passes, "the new generation goes on");
        Assert.Equal(loop.Passes, loop.Entered - 1);
        Assert.False(_supervisor.Broken.IsCompleted);
        Assert.Equal(1, Assert.Single(_supervisor.Health).Restarts);
    }

    [Fact]
    public async Task A_loop_stuck_three_times_in_a_row_is_broken_and_the_reason_names_it()
    {
        var loop = new ScriptedLoop(_time);
        var hung = new[] { loop.ThenHang(), loop.ThenHang(), loop.ThenHang() };
        _supervisor.Start(loop);
        for (var n = 1; n <= 3; n++)
        {
            await Eventually.TrueAsync(() => loop.Entered == n, "the pass began");
            Assert.False(_supervisor.Broken.IsCompleted);
            _time.Advance(TimeSpan.FromSeconds(60));
        }

        Assert.Contains("test.loop", await _supervisor.Broken.WaitAsync(Eventually.DefaultBound));
        Assert.False(_supervisor.IsMakingProgress);
        foreach (var each in hung)
        {
            each.SetResult(TimeSpan.Zero);
        }
    }

    [Fact]
    public async Task A_finished_pass_in_between_makes_being_stuck_start_over()
    {
        var loop = new ScriptedLoop(_time);
        var hung = new List<TaskCompletionSource<TimeSpan>>();
        for (var n = 0; n < 4; n++)
        {
            hung.Add(loop.ThenHang());
            loop.Then(TimeSpan.Zero);
        }

        _supervisor.Start(loop);
        for (var n = 0; n < 4; n++)
        {
            await Eventually.TrueAsync(() => loop.Entered == (2 * n) + 1, "the hanging pass began");
            _time.Advance(TimeSpan.FromSeconds(60));
        }

        await Eventually.TrueAsync(() => loop.Passes >= 5, "the loop goes on");
        Assert.Equal(4, loop.Restarts);
        Assert.False(_supervisor.Broken.IsCompleted);
        hung.ForEach(each => each.SetResult(TimeSpan.Zero));
    }

    [Fact]
    public async Task One_stuck_loop_does_not_keep_the_others_from_being_looked_after()
    {
        var (first, second) = (new ScriptedLoop(_time, name: "first"), new ScriptedLoop(_time, name: "second"));
        var hung = new[] { first.ThenHang(), first.ThenHang(), first.ThenHang() };
        _supervisor.Start(first);
        _supervisor.Start(second);
        await AsleepAsync(second, 1);
        for (var n = 1; n <= 3; n++)
        {
            await Eventually.TrueAsync(() => first.Entered == n, "the pass began");
            _time.Advance(TimeSpan.FromSeconds(60));
        }

        var late = second.ThenHang();
        second.Wake();
        await Eventually.TrueAsync(() => second.Entered == 2, "the second loop hangs");
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(1, second.Restarts);
        late.SetResult(TimeSpan.Zero);
        Array.ForEach(hung, each => each.SetResult(TimeSpan.Zero));
    }

    [Fact]
    public async Task Stopping_ends_a_sleeping_loop_at_once_and_waits_for_a_stuck_one_only_so_long()
    {
        var (sleeping, stuck) = (new ScriptedLoop(_time, name: "sleeping"), new ScriptedLoop(_time, name: "stuck"));
        var release = stuck.ThenHang();
        _supervisor.Start(sleeping);
        _supervisor.Start(stuck);
        await AsleepAsync(sleeping, 1);
        await Eventually.TrueAsync(() => stuck.Entered == 1, "the pass began");

        var timers = _time.PendingTimers;
        var stopping = _supervisor.StopAsync(TimeSpan.FromSeconds(2));
        await _time.WhenTimersWaitAsync(timers + 1);
        Assert.False(stopping.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));
        await stopping.WaitAsync(Eventually.DefaultBound);
        Assert.Contains("stuck", Assert.Single(_failures));
        release.SetResult(TimeSpan.Zero);
    }

    [Fact]
    public async Task A_stopped_supervisor_starts_and_replaces_nothing()
    {
        var loop = new ScriptedLoop(_time);
        _supervisor.Start(loop);
        await AsleepAsync(loop, 1);
        await _supervisor.StopAsync(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromHours(3));
        Assert.Equal(1, loop.Entered);
        Assert.Equal(0, loop.Restarts);
        Assert.Throws<ObjectDisposedException>(() => _supervisor.Start(new ScriptedLoop(_time)));
    }

    /// <summary>The loop has finished that many passes and sleeps: its timer stands beside the supervisor's own.</summary>
    private Task AsleepAsync(ScriptedLoop loop, int passes) => Eventually.TrueAsync(
        () => loop.Passes == passes && loop.PassAge == TimeSpan.Zero && _time.PendingTimers >= 2, $"{passes} passes of {loop.Name} are over and it sleeps");
}
