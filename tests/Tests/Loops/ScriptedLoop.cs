using System.Collections.Concurrent;
using Rondo.Loops;

namespace Rondo.Tests.Loops;

/// <summary>A loop whose passes are told by the test what to do. A pass that finds nothing to do sleeps for an hour.</summary>
internal sealed class ScriptedLoop(TimeProvider time, bool ownThread = false, string name = "test.loop") : Loop(name, time)
{
    private int _entered;

    /// <summary>What the next passes do.</summary>
    public ConcurrentQueue<Func<CancellationToken, ValueTask<TimeSpan>>> Script { get; } = new();

    /// <summary>Passes that began.</summary>
    public int Entered => Volatile.Read(ref _entered);

    public override TimeSpan StuckAfter => TimeSpan.FromSeconds(60);

    protected override bool OwnThread => ownThread;

    public void Then(TimeSpan sleep) => Script.Enqueue(_ => new(sleep));

    public void ThenFail(string message) => Script.Enqueue(_ => throw new InvalidOperationException(message));

    /// <summary>A pass that ends only when the returned source does, whatever its token says.</summary>
    public TaskCompletionSource<TimeSpan> ThenHang()
    {
        var release = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
        Script.Enqueue(_ => new(release.Task));
        return release;
    }

    protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        Interlocked.Increment(ref _entered);
        return Script.TryDequeue(out var pass) ? pass(stop) : new(TimeSpan.FromHours(1));
    }
}
