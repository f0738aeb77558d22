using Rondo.Polling.Slots;

namespace Rondo.Polling.Runtime;

/// <summary>
/// Every armed group by its next slot: one heap per node, no timer per device. Firing is arithmetic on plans; it never computes "now + interval",
/// so it cannot drift, and a slot at or before the last fired one never fires again, whatever the clock does.
/// </summary>
internal sealed class Agenda
{
    private readonly Lock _gate = new();
    // Of slots that are due at the same instant the one whose own time is over first goes first: an idle endpoint takes what it is offered first.
    private readonly PriorityQueue<ArmedGroup, (long Slot, long Deadline)> _queue = new();
    private int _count;

    /// <summary>How many groups have fired; of the thread that fires them.</summary>
    public long Fired { get; private set; }

    /// <summary>Armed groups that have a next slot.</summary>
    public int Count
    {
        get
        {
            // While a slot fires its group is not counted for a moment.
            lock (_gate)
            {
                return _count;
            }
        }
    }

    /// <summary>Arms a group, or takes in its changed plans. Nothing at or before <paramref name="accountedUpTo"/> fires.</summary>
    public void Arm(ArmedGroup group, IEnumerable<Plan> plans, long accountedUpTo)
    {
        lock (_gate)
        {
            group.ArmedFrom = Math.Max(group.ArmedFrom, accountedUpTo);
            group.Plans.Clear();
            group.Plans.AddRange(plans);
            group.Plans.Sort((a, b) => a.No.CompareTo(b.No));
            Enqueue(group);
        }
    }

    /// <summary>Fires everything due at <paramref name="now"/>; returns the next due instant (long.MaxValue for none).</summary>
    /// <param name="now">Database time.</param>
    /// <param name="jumpedTo">Where the clock's last step forward led to: what lies before is missed for that reason.</param>
    /// <param name="mayWork">False when the node may not work (its lease cannot be renewed): due slots are missed.</param>
    public long Fire(long now, long jumpedTo, bool mayWork)
    {
        lock (_gate)
        {
            while (_queue.TryPeek(out var group, out var due) && due.Slot <= now)
            {
                _queue.Dequeue();
                if (group.NextSlot != due.Slot)
                {
                    continue; // Re-armed since: its newer entry counts.
                }

                FireGroup(group, now, jumpedTo, mayWork);
                Fired++;
            }

            return _queue.TryPeek(out _, out var next) ? next.Slot : long.MaxValue;
        }
    }

    /// <summary>Forgets every group; nothing fires any more.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _queue.Clear();
            _count = 0;
        }
    }

    private void FireGroup(ArmedGroup group, long now, long jumpedTo, bool mayWork)
    {
        _count--;
        group.NextSlot = long.MaxValue;
        foreach (var plan in group.Plans)
        {
            if (group.NextOf(plan) is not { } first || first > now)
            {
                continue;
            }

            var last = plan.LastUpTo(now)!.Value;
            group.Fired = (plan.No, last);
            var run = mayWork && now - last <= group.MaxLatenessUs;
            MissBetween(group, plan, first, run ? last - plan.Interval : last, jumpedTo, mayWork);
            if (run)
            {
                group.Worker.Offer(group, last, plan);
            }
        }

        Enqueue(group);
    }

    private static void MissBetween(ArmedGroup group, Plan plan, long first, long last, long jumpedTo, bool mayWork)
    {
        if (last < first)
        {
            return;
        }

        // One row per reason: what the jump passed over, and what is simply late.
        if (mayWork && first <= jumpedTo && last > jumpedTo)
        {
            var split = plan.LastUpTo(jumpedTo)!.Value;
            Miss(group, plan, first, split, MissReason.ClockJump);
            first = split + plan.Interval;
        }

        Miss(group, plan, first, last, !mayWork ? MissReason.DatabaseDown : last <= jumpedTo ? MissReason.ClockJump : group.LateReason(first));
    }

    private static void Miss(ArmedGroup group, Plan plan, long first, long last, MissReason reason) =>
        group.Miss(plan, first, (int)Math.Min(int.MaxValue, ((last - first) / plan.Interval) + 1), reason);

    private void Enqueue(ArmedGroup group)
    {
        if (group.NextSlot != long.MaxValue)
        {
            _count--;
        }

        group.NextSlot = long.MaxValue;
        var deadline = long.MaxValue;
        foreach (var plan in group.Plans)
        {
            if (group.NextOf(plan) is { } slot && slot < group.NextSlot)
            {
                (group.NextSlot, deadline) = (slot, slot + plan.Interval);
            }
        }

        if (group.NextSlot != long.MaxValue)
        {
            _count++;
            _queue.Enqueue(group, (group.NextSlot, deadline));
        }
    }
}
