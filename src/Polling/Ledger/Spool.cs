using Rondo.Drivers;
using Rondo.Polling.Runtime;
using Rondo.Polling.Slots;

namespace Rondo.Polling.Ledger;

/// <summary>
/// Outcomes on their way to the database, in order, bounded. What does not fit is kept as one row a group: missed, database_down, with a count; a
/// group that overflowed stays so until everything older is on its way, so that its order holds.
/// </summary>
internal sealed class Spool(int capacity, int batchSize)
{
    // A batch costs about as much by itself as thirty of its rows; with several nodes each has fewer of them at a time.
    private const int Company = 150;
    private const double Longer = 2;
    private readonly Lock _gate = new();
    private readonly Queue<PollOutcome> _queue = new();
    private readonly List<ArmedGroup> _overflowing = [];
    private readonly ManualResetEventSlim _isEnough = new();
    private int _enough = int.MaxValue;
    private volatile bool _isOverflowing;

    /// <summary>Where outcomes come from and go back to.</summary>
    public PollOutcomePool Pool { get; } = new();

    /// <summary>True while it is full.</summary>
    public bool IsOverflowing => _isOverflowing;

    /// <summary>Rows waiting.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _queue.Count + _overflowing.Count;
            }
        }
    }

    /// <summary>Takes an outcome; true when it is the first one, so that the recorder is to be woken.</summary>
    public bool Add(PollOutcome outcome)
    {
        lock (_gate)
        {
            if (_queue.Count >= capacity || outcome.Group.Overflow is not null)
            {
                Overflow(outcome);
                return false;
            }

            _queue.Enqueue(outcome);
            if (_queue.Count >= _enough)
            {
                _isEnough.Set();
            }

            return _queue.Count == 1;
        }
    }

    /// <summary>
    /// Moves up to a batch into <paramref name="batch"/>, after letting it gather for <paramref name="gather"/>, and for as long again twice while it is small; false
    /// when there is nothing.
    /// </summary>
    public bool Take(List<PollOutcome> batch, TimeSpan gather)
    {
        if (Count == 0)
        {
            return false;
        }

        if (gather > TimeSpan.Zero)
        {
            // A little company saves commits; enough of it cuts the wait short.
            Wait(batchSize, gather);
            Wait(Math.Min(batchSize, Company), gather * Longer);
        }

        lock (_gate)
        {
            while (batch.Count < batchSize && _queue.TryDequeue(out var outcome))
            {
                batch.Add(outcome);
            }

            if (_queue.Count == 0 && _overflowing.Count > 0)
            {
                // Everything older is on its way: what could not be kept may follow.
                foreach (var group in _overflowing)
                {
                    _queue.Enqueue(group.Overflow!);
                    group.Overflow = null;
                }

                _overflowing.Clear();
                _isOverflowing = false;
            }
        }

        return batch.Count > 0;
    }

    private void Wait(int enough, TimeSpan longest)
    {
        lock (_gate)
        {
            if (_queue.Count >= enough)
            {
                return;
            }

            _enough = enough;
            _isEnough.Reset();
        }

        _isEnough.Wait(longest);
    }

    private void Overflow(PollOutcome outcome)
    {
        _isOverflowing = true;
        outcome.PassOnStatus();
        var group = outcome.Group;
        if (group.Overflow is { } kept && kept.Plan.No == outcome.Plan.No)
        {
            kept.Slots += outcome.Slots;
            Pool.Return(outcome);
            return;
        }

        if (group.Overflow is null)
        {
            _overflowing.Add(group);
        }
        else
        {
            // The plan changed during the outage: one more row, in order, beyond the bound by at most the number of plans.
            _queue.Enqueue(group.Overflow);
        }

        outcome.Outcome = Outcome.Missed;
        outcome.Miss = MissReason.DatabaseDown;
        outcome.WritesStatus = false;
        outcome.NewStatus = null;
        outcome.Result.Reset(0);
        outcome.Result.Fault = ReadFault.None;
        group.Overflow = outcome;
    }
}

/// <summary>Used outcomes, to be used again.</summary>
internal sealed class PollOutcomePool
{
    private const int Most = 4_096;
    private readonly Stack<PollOutcome> _free = new();

    public PollOutcome Rent()
    {
        lock (_free)
        {
            return _free.TryPop(out var outcome) ? outcome : new PollOutcome();
        }
    }

    public void Return(PollOutcome outcome)
    {
        outcome.Group = null!;
        outcome.Shape = null!;
        outcome.NewStatus = null;
        outcome.WritesStatus = false;
        outcome.ForgetTries();
        lock (_free)
        {
            if (_free.Count < Most)
            {
                _free.Push(outcome);
            }
        }
    }
}
