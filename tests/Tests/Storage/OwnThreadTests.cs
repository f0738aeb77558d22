using Rondo.Storage;

namespace Rondo.Tests.Storage;

public sealed class OwnThreadTests
{
    private static readonly AsyncLocal<string?> _word = new();

    [Fact]
    public async Task What_blocks_holds_up_nobody_else()
    {
        using var all = new CountdownEvent(20);
        var runs = Enumerable.Range(0, 20).Select(n => OwnThread.RunAsync(() => all.Signal() | all.Wait(TimeSpan.FromSeconds(30)), default)).ToArray();
        Assert.All(await Task.WhenAll(runs), Assert.True);
    }

    [Fact]
    public async Task A_thread_that_is_done_is_used_again()
    {
        var threads = new HashSet<int>();
        for (var n = 0; n < 200; n++)
        {
            threads.Add(await OwnThread.RunAsync(() => Environment.CurrentManagedThreadId, default));
        }

        // Other tests use them at the same time, so not always the same one.
        Assert.InRange(threads.Count, 1, 100);
    }

    [Fact]
    public async Task What_it_throws_is_thrown_and_the_thread_goes_on()
    {
        var fault = await Assert.ThrowsAsync<InvalidDataException>(() => OwnThread.RunAsync<int>(() => throw new InvalidDataException("no"), default));
        Assert.Equal("no", fault.Message);
        Assert.Equal(7, await OwnThread.RunAsync(() => 7, default));
    }

    [Fact]
    public async Task What_is_cancelled_before_it_begins_does_not_run()
    {
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        var ran = false;
        await Assert.ThrowsAsync<TaskCanceledException>(() => OwnThread.RunAsync(() => ran = true, stop.Token));
        Assert.False(ran);
    }

    [Fact]
    public async Task It_runs_in_the_context_of_whoever_asked()
    {
        _word.Value = "mine";
        Assert.Equal("mine", await OwnThread.RunAsync(() => _word.Value, default));
        _word.Value = null;
        Assert.Null(await OwnThread.RunAsync(() => _word.Value, default));
    }
}
