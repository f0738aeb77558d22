using Rondo.Metrics;
using Rondo.Polling.Runtime;
using Rondo.Polling.Slots;

namespace Rondo.Polling.Ledger;

/// <summary>What a recorder wrote since it started. Written by its thread, read by anybody (a value may be a batch old).</summary>
internal sealed class RecorderTotals
{
    private readonly Histogram _lateness = new();
    private readonly Histogram _commit = new();
    private readonly Lock _gate = new();
    private readonly long[] _missed = new long[Enum.GetValues<MissReason>().Length];

    public long Ok { get; private set; }

    public long Partial { get; private set; }

    public long Failed { get; private set; }

    public long Missed { get; private set; }

    public long Points { get; private set; }

    public long Duplicates { get; private set; }

    public long OffPlan { get; private set; }

    public long Fenced { get; set; }

    public long Lost { get; set; }

    public long Batches { get; set; }

    public long MaxLatenessUs { get; private set; }

    /// <summary>For metrics: since the start, whatever is reset.</summary>
    public PollerNumbers Numbers => new([.. Enum.GetValues<MissReason>().Where(r => r != MissReason.None).Select(r => (r.Text()!, _missed[(int)r]))], LatenessTimes, CommitTimes);

    private Timing LatenessTimes { get; } = new();

    private Timing CommitTimes { get; } = new();

    /// <summary>Lateness p50 and p99, and commit (slot to commit) p99, in milliseconds, since the last reset.</summary>
    public (double? LatenessP50, double? LatenessP99, double? CommitP99) Percentiles()
    {
        lock (_gate)
        {
            return (_lateness.Percentile(0.5), _lateness.Percentile(0.99), _commit.Percentile(0.99));
        }
    }

    /// <summary>Starts the distributions over, for a measurement after the warm-up.</summary>
    public void ResetDistributions()
    {
        lock (_gate)
        {
            _lateness.Clear();
            _commit.Clear();
            MaxLatenessUs = 0;
        }
    }

    public void Count(PollOutcome outcome, long committedAt)
    {
        switch (outcome.Verdict)
        {
            case Verdict.Duplicate:
                Duplicates++;
                return;
            case Verdict.OffPlan:
                OffPlan++;
                return;
            case Verdict.Fenced:
                Fenced++;
                return;
            default:
                break;
        }

        switch (outcome.Outcome)
        {
            case Outcome.Ok:
                Ok++;
                Points += outcome.Result.Count;
                break;
            case Outcome.Partial:
                Partial++;
                Points += outcome.Result.Good;
                break;
            case Outcome.Failed:
                Failed++;
                break;
            default:
                Missed += outcome.Slots;
                _missed[(int)outcome.Miss] += outcome.Slots;
                return;
        }

        LatenessTimes.Add(TimeSpan.FromMicroseconds(outcome.LatenessUs));
        CommitTimes.Add(TimeSpan.FromMicroseconds(committedAt - outcome.Slot));
        lock (_gate)
        {
            _lateness.Add(outcome.LatenessUs);
            _commit.Add(committedAt - outcome.Slot);
            MaxLatenessUs = Math.Max(MaxLatenessUs, outcome.LatenessUs);
        }
    }
}
