using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>Fires slots by database time, on a thread of its own; sleeps by the monotonic clock until the next one.</summary>
internal sealed class SlotLoop(Agenda agenda, DatabaseClock clock, Node node, Action interrupt, TimeProvider time) : Loop("polling.slots", time)
{
    private static readonly TimeSpan _longest = TimeSpan.FromMilliseconds(500);

    /// <summary>Slots within so long of others that were just fired go together: threads are woken for several of them and not for each.</summary>
    private static readonly TimeSpan _together = TimeSpan.FromMilliseconds(4);

    private long _fired;
    private bool _couldWork;

    public override TimeSpan StuckAfter => TimeSpan.FromSeconds(5);

    public override bool IsVital => true;

    protected override bool OwnThread => true;

    protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        FailPoint.Reach("polling.slots");
        var mayWork = node.MayWork;
        if (_couldWork && !mayWork)
        {
            interrupt();
        }

        _couldWork = mayWork;
        var now = clock.Now;
        var next = agenda.Fire(now.Micros, clock.JumpedTo.Micros, mayWork);
        if (next == long.MaxValue)
        {
            return new(_longest);
        }

        var sleep = TimeSpan.FromMicroseconds(next - clock.Now.Micros);
        if (sleep < _together && agenda.Fired != _fired)
        {
            _fired = agenda.Fired;
            sleep = _together;
        }

        // Never longer than the clock may have changed its mind in between.
        return new(sleep < _longest ? sleep : _longest);
    }
}
