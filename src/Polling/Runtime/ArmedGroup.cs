using Rondo.Polling.Ledger;
using Rondo.Polling.Slots;

namespace Rondo.Polling.Runtime;

/// <summary>
/// A poll group of an owned endpoint. Its outcomes reach the recorder in the order of its slots, always: what happens while a poll is running
/// waits behind it. So the last row of the ledger is a high-water mark that a crash cannot make a liar.
/// </summary>
internal sealed class ArmedGroup(long id, ArmedDevice device, Recorder recorder)
{
    private readonly List<PollOutcome> _behind = [];
    private bool _running;
    private bool _hasPending;
    private long _pendingSlot;
    private Plan _pendingPlan;

    public long Id { get; } = id;

    public ArmedDevice Device { get; set; } = device;

    public string Name { get; set; } = "";

    /// <summary>Where its polls run; changes when the device moves to another address.</summary>
    public EndpointWorker Worker { get; set; } = null!;

    public GroupShape Shape { get; set; } = null!;

    /// <summary>How long one poll may take, in microseconds.</summary>
    public long TimeoutUs { get; set; }

    public long MaxLatenessUs { get; set; }

    /// <summary>Guarded by the agenda: the plan in force, the one after it, and the next slot (long.MaxValue for none).</summary>
    public List<Plan> Plans { get; } = [];

    public long NextSlot { get; set; } = long.MaxValue;

    /// <summary>Nothing up to here fires at all: it was accounted for before the group was armed.</summary>
    public long ArmedFrom { get; set; } = -1;

    /// <summary>A dead node owned it until here: a slot that was due by then and comes too late is that node's gap.</summary>
    public long DownUntil { get; set; } = long.MinValue;

    /// <summary>Why a slot that comes too late is missed.</summary>
    public MissReason LateReason(long slot) => slot <= DownUntil ? MissReason.NodeDown : MissReason.Late;

    /// <summary>The newest plan that fired, and up to where: nothing of it fires again, whatever the clock does. A plan that is newer begins at its own start, however late it was heard of.</summary>
    public (int Plan, long UpTo) Fired { get; set; }

    /// <summary>The first slot of <paramref name="plan"/> that has not fired, or null.</summary>
    public long? NextOf(Plan plan)
    {
        var from = ArmedFrom + 1;
        if (plan.No < Fired.Plan)
        {
            return null;
        }

        return plan.FirstFrom(plan.No == Fired.Plan ? Math.Max(from, Fired.UpTo + 1) : from);
    }

    /// <summary>The recorder's own: what is folded, what is durable.</summary>
    public Account Account { get; } = new();

    /// <summary>The recorder's own: slots that the full spool could not keep.</summary>
    public PollOutcome? Overflow { get; set; }

    /// <summary>The default deadline: a poll ends a little before the next slot, so that polls of a group never overlap.</summary>
    public static long Margin(long interval) => Math.Min(interval / 20, 250_000);

    /// <summary>Puts a slot up for its endpoint; true when the group was not waiting yet.</summary>
    public bool Offer(long slot, Plan plan)
    {
        lock (_behind)
        {
            var fresh = !_hasPending;
            SupersedePending();
            _hasPending = true;
            _pendingSlot = slot;
            _pendingPlan = plan;
            return fresh;
        }
    }

    /// <summary>Records slots that nobody will poll.</summary>
    public void Miss(Plan plan, long slot, int count, MissReason reason)
    {
        lock (_behind)
        {
            SupersedePending(reason);
            Emit(Missed(plan, slot, count, reason));
        }
    }

    /// <summary>True when a slot waits, whether or not one is running.</summary>
    public bool HasPending
    {
        get
        {
            lock (_behind)
            {
                return _hasPending;
            }
        }
    }

    /// <summary>True while a poll of it runs.</summary>
    public bool IsRunning
    {
        get
        {
            lock (_behind)
            {
                return _running;
            }
        }
    }

    /// <summary>True when nothing of it runs or waits; seen at once, so that a slot that starts between two looks is not overlooked.</summary>
    public bool IsAtRest
    {
        get
        {
            lock (_behind)
            {
                return !_running && !_hasPending;
            }
        }
    }

    /// <summary>True when it has a slot to run and none running.</summary>
    public bool IsWaiting
    {
        get
        {
            lock (_behind)
            {
                return _hasPending && !_running;
            }
        }
    }

    /// <summary>When the waiting slot's own time is over; the earliest goes first.</summary>
    public long Urgency => _pendingSlot + _pendingPlan.Interval;

    /// <summary>Takes the waiting slot; the group is running until <see cref="Finish"/>.</summary>
    public bool TryStart(out long slot, out Plan plan)
    {
        lock (_behind)
        {
            slot = _pendingSlot;
            plan = _pendingPlan;
            if (!_hasPending || _running)
            {
                return false;
            }

            _hasPending = false;
            _running = true;
            return true;
        }
    }

    /// <summary>Hands over the outcome of the running poll, and what gathered behind it. Without an outcome the slot was missed for <paramref name="reason"/>.</summary>
    public void Finish(PollOutcome? outcome, long slot, Plan plan, MissReason reason = MissReason.None)
    {
        lock (_behind)
        {
            _running = false;
            Emit(outcome ?? Missed(plan, slot, 1, reason));
            foreach (var later in _behind)
            {
                recorder.Add(later);
            }

            _behind.Clear();
        }
    }

    private void SupersedePending(MissReason newer = MissReason.None)
    {
        if (_hasPending)
        {
            // A newer slot is due: the waiting one did not get its turn within its interval, or the clock stepped over what was left of that.
            Emit(Missed(_pendingPlan, _pendingSlot, 1, newer == MissReason.ClockJump ? newer : _running ? MissReason.Busy : MissReason.Late));
            _hasPending = false;
        }
    }

    private void Emit(PollOutcome outcome)
    {
        if (_running)
        {
            _behind.Add(outcome);
        }
        else
        {
            recorder.Add(outcome);
        }
    }

    private PollOutcome Missed(Plan plan, long slot, int count, MissReason reason)
    {
        var outcome = recorder.Rent();
        var worker = Worker; // Once: it may change.
        outcome.Group = this;
        outcome.Shape = Shape;
        outcome.EndpointId = worker.Id;
        outcome.LeaseNo = worker.LeaseNo;
        outcome.Plan = plan;
        outcome.Slot = slot;
        outcome.Slots = count;
        outcome.Outcome = Outcome.Missed;
        outcome.Miss = reason;
        outcome.Result.Reset(0);
        return outcome;
    }
}
