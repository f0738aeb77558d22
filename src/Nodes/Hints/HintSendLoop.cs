using Rondo.Loops;

namespace Rondo.Nodes;

/// <summary>
/// Tells other processes what waits, at most once in 5 ms, whatever the number of hints. Apart from whoever gives them, so that no request and no
/// writing transaction waits for it (a NOTIFY takes a lock of the whole database at its commit). On a thread of its own, since it may wait for the database
/// or for Redis.
/// </summary>
internal sealed class HintSendLoop(Hints hints, TimeProvider time) : Loop("hints.send", time)
{
    /// <summary>Least time between two notifications.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromMilliseconds(5);

    // Woken when there is something.
    private static readonly TimeSpan _idle = TimeSpan.FromSeconds(5);

    protected override bool OwnThread => true;

    protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        var since = hints.SinceTold;
        if (since < Every)
        {
            return new(Every - since);
        }

        hints.Tell();
        return new(hints.IsWaiting ? Every : _idle);
    }
}
