using Rondo.Polling.Slots;
using Rondo.Storage;

namespace Rondo.Polling.Proof;

/// <summary>One device's line of the status report while it is added up over its groups.</summary>
internal sealed class DeviceTally(StatusDevice device, Instant now)
{
    private readonly Histogram _lateness = new();
    private readonly Histogram _duration = new();
    private Instant? _lastSlot;
    private Instant? _nextSlot;
    private Instant? _lastSuccess;
    private Instant? _lastErrorAt;
    private string? _lastError;
    private long _ok;
    private long _partial;
    private long _failed;
    private long _missed;
    private Share _hour;
    private Share _day;
    private Share _week;

    /// <summary>Slots with an answer, of all.</summary>
    private record struct Share(long Good, long All)
    {
        public readonly double? Rate => All == 0 ? null : (double)Good / All;

        public void Add(long good, long all)
        {
            Good += good;
            All += all;
        }
    }

    /// <summary>What the group's row and its plans say.</summary>
    public void Take(StatusGroup group)
    {
        _lastSuccess = Later(_lastSuccess, group.LastOkAt);
        Error(group.LastErrorAt, group.LastError);
        foreach (var plan in group.Plans)
        {
            // Everything before accounted_to has an outcome.
            if (plan.LastUpTo(group.AccountedTo.Micros - 1) is { } last)
            {
                _lastSlot = Later(_lastSlot, new Instant(last));
            }

            if (plan.FirstFrom(now.Micros) is { } next && (_nextSlot is null || next < _nextSlot.Value.Micros))
            {
                _nextSlot = new Instant(next);
            }
        }
    }

    /// <summary>The folded hours of one group.</summary>
    public void Take(StatusTotals totals, bool readsLastHour)
    {
        _ok += totals.Ok;
        _partial += totals.Part;
        _failed += totals.Failed;
        _missed += totals.Missed;
        _day.Add(totals.DayGood, totals.DayAll);
        _week.Add(totals.WeekGood, totals.WeekAll);
        if (!readsLastHour)
        {
            _hour.Add(totals.HourGood, totals.HourAll);
        }
    }

    /// <summary>The distributions of one folded hour.</summary>
    public void Take(StatusDistribution hour)
    {
        _lateness.Merge(hour.Lateness);
        _duration.Merge(hour.Duration);
    }

    /// <summary>A ledger row that is not folded yet.</summary>
    public void Take(StatusRow row, long interval, StatusHours hours, bool readsLastHour)
    {
        var isGood = IsGood(row.Outcome);
        var good = isGood ? row.Slots : 0;
        switch (row.Outcome)
        {
            case "ok":
                _ok += row.Slots;
                break;
            case "partial":
                _partial += row.Slots;
                break;
            case "failed":
                _failed += row.Slots;
                break;
            default:
                _missed += row.Slots;
                break;
        }

        if (row.Slot >= hours.Week)
        {
            _week.Add(good, row.Slots);
        }

        if (row.Slot >= hours.Day)
        {
            _day.Add(good, row.Slots);
        }

        if (!readsLastHour && row.Slot >= hours.Hour)
        {
            _hour.Add(good, row.Slots);
        }

        if (row is { LatenessUs: { } late, DurationUs: { } took })
        {
            _lateness.Add(late);
            _duration.Add(took);
        }

        _lastSlot = Later(_lastSlot, new Instant(row.Slot.Micros + ((row.Slots - 1) * interval)));
        _lastSuccess = isGood ? Later(_lastSuccess, row.Slot) : _lastSuccess;
        if (row.Outcome is "failed" or "partial")
        {
            Error(row.Slot, row.Detail ?? row.Reason);
        }
    }

    /// <summary>Slots of the last hour.</summary>
    public void Recent(string outcome, long slots) => _hour.Add(IsGood(outcome) ? slots : 0, slots);

    /// <summary>The line.</summary>
    public DevicePolling Done() => new()
    {
        Id = device.Id,
        Name = device.Name,
        Address = device.Address,
        Status = device.Status,
        StatusAt = device.StatusAt,
        Owner = device.Owner,
        LastSlot = _lastSlot,
        NextSlot = _nextSlot,
        LastSuccess = _lastSuccess,
        LastError = _lastError,
        LastErrorAt = _lastErrorAt,
        ConsecutiveFailures = device.Failures,
        Ok = _ok,
        Partial = _partial,
        Failed = _failed,
        Missed = _missed,
        SuccessRate1H = _hour.Rate,
        SuccessRate24H = _day.Rate,
        SuccessRate7D = _week.Rate,
        DurationP50Ms = _duration.Percentile(0.5),
        DurationP99Ms = _duration.Percentile(0.99),
        LatenessP50Ms = _lateness.Percentile(0.5),
        LatenessP99Ms = _lateness.Percentile(0.99),
    };

    private static bool IsGood(string outcome) => outcome is "ok" or "partial";

    private static Instant? Later(Instant? a, Instant? b) => a is null || (b is not null && b > a) ? b : a;

    private void Error(Instant? at, string? error)
    {
        if (at is not null && (_lastErrorAt is null || at >= _lastErrorAt))
        {
            (_lastErrorAt, _lastError) = (at, error);
        }
    }
}
