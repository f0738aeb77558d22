using Rondo.Polling.Runtime;
using Rondo.Polling.Slots;

namespace Rondo.Polling.Ledger;

/// <summary>
/// What the recorder knows of one group: up to where the ledger is complete (in memory and durably), and the counts of the hours not yet written.
/// Outcomes are folded after their commit; what is folded and the accounted_to that goes with it are written together, so a crash in between
/// costs nothing: the new owner folds the ledger rows after accounted_to again.
/// </summary>
internal sealed class Account
{
    /// <summary>How far behind accounted_to may be.</summary>
    public static readonly TimeSpan AdvanceEvery = TimeSpan.FromSeconds(30);

    private const long Hour = 3_600_000_000;
    private readonly List<HourCounts> _hours = [];

    /// <summary>The durable accounted_to, in microseconds.</summary>
    public long Durable { get; set; }

    /// <summary>First instant that is not accounted yet.</summary>
    public long Complete { get; set; }

    /// <summary>Monotonic timestamp of the last durable advance.</summary>
    public long AdvancedAt { get; set; }

    public long LastOkAt { get; set; }

    public string? LastError { get; set; }

    public long LastErrorAt { get; set; }

    /// <summary>Counts that are to be written with the next advance; the newest hour last.</summary>
    public IReadOnlyList<HourCounts> Hours => _hours;

    public bool IsBehind => Complete > Durable;

    /// <summary>Takes in a recorded outcome.</summary>
    public void Fold(PollOutcome outcome, string? error)
    {
        Fold(outcome.Slot, outcome.Slots, outcome.Plan.Interval, outcome.Outcome, outcome.LatenessUs, outcome.DurationUs);
        if (outcome.Outcome is Outcome.Ok or Outcome.Partial)
        {
            LastOkAt = outcome.Slot;
        }

        if (error is not null)
        {
            LastError = error;
            LastErrorAt = outcome.Slot;
        }
    }

    /// <summary>Takes in a ledger row.</summary>
    public void Fold(long slot, int slots, long interval, Outcome outcome, long latenessUs, long durationUs)
    {
        var last = slot + ((slots - 1) * interval);
        while (slot <= last)
        {
            // A gap may span hours; each gets its share.
            var hour = slot - (slot % Hour);
            var inHour = Math.Min(last, hour + Hour - 1 - ((hour + Hour - 1 - slot) % interval));
            For(hour).Add(outcome, ((inHour - slot) / interval) + 1, latenessUs, durationUs);
            slot = inHour + interval;
        }

        Complete = Math.Max(Complete, last + 1);
    }

    /// <summary>Starts from counts that were stored.</summary>
    public void Restore(HourCounts counts) => _hours.Add(counts);

    /// <summary>The advance up to <paramref name="complete"/> is durable; only the newest hour may still change.</summary>
    public void Advanced(long complete, long timestamp)
    {
        Durable = complete;
        AdvancedAt = timestamp;
        if (_hours.Count > 1)
        {
            _hours.RemoveRange(0, _hours.Count - 1);
        }
    }

    private HourCounts For(long hour)
    {
        for (var i = _hours.Count - 1; i >= 0; i--)
        {
            if (_hours[i].Hour == hour)
            {
                return _hours[i];
            }
        }

        var counts = new HourCounts(hour);
        _hours.Add(counts);
        return counts;
    }
}

/// <summary>The outcomes of one group in one hour.</summary>
internal sealed class HourCounts(long hour)
{
    public long Hour { get; } = hour;

    public long Ok { get; set; }

    public long Partial { get; set; }

    public long Failed { get; set; }

    public long Missed { get; set; }

    public Histogram Lateness { get; } = new();

    public Histogram Duration { get; } = new();

    public void Add(Outcome outcome, long count, long latenessUs, long durationUs)
    {
        switch (outcome)
        {
            case Outcome.Ok:
                Ok += count;
                break;
            case Outcome.Partial:
                Partial += count;
                break;
            case Outcome.Failed:
                Failed += count;
                break;
            default:
                Missed += count;
                return;
        }

        Lateness.Add(latenessUs);
        Duration.Add(durationUs);
    }
}
