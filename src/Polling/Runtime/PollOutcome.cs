using Rondo.Drivers;
using Rondo.Polling.Slots;

namespace Rondo.Polling.Runtime;

/// <summary>What the ledger said to a row.</summary>
internal enum Verdict : byte
{
    Recorded,
    Duplicate,
    OffPlan,
    Fenced,
}

/// <summary>One outcome on its way to the ledger. Pooled: a worker fills it, the recorder writes it and gives it back.</summary>
internal sealed class PollOutcome
{
    private readonly List<long> _tried = [];

    public ArmedGroup Group { get; set; } = null!;

    /// <summary>What was read, and where each value belongs, as it was when the poll started.</summary>
    public GroupShape Shape { get; set; } = null!;

    public long EndpointId { get; set; }

    public long LeaseNo { get; set; }

    public Plan Plan { get; set; }

    public long Slot { get; set; }

    /// <summary>1, or the number of slots of a gap.</summary>
    public int Slots { get; set; } = 1;

    public Outcome Outcome { get; set; }

    public MissReason Miss { get; set; }

    public long LatenessUs { get; set; }

    public long DurationUs { get; set; }

    public ReadResult Result { get; } = new();

    /// <summary>True when the device's row is to be written: its status changed, or its failures grew.</summary>
    public bool WritesStatus { get; set; }

    public DeviceStatus Status { get; set; }

    /// <summary>Set when this poll changed the device's status.</summary>
    public DeviceStatus? NewStatus { get; set; }

    /// <summary>What it was before, when <see cref="NewStatus"/> is set.</summary>
    public DeviceStatus OldStatus { get; set; }

    public int Failures { get; set; }

    public long BreakerUntil { get; set; }

    public Verdict Verdict { get; set; }

    /// <summary>True when this transaction made its row; false when it stood there already, because an earlier one had arrived after all.</summary>
    public bool IsTaken { get; set; }

    /// <summary>
    /// The lease numbers it was tried with in transactions that failed in a way that leaves open whether they were committed. Several when its device moved
    /// meanwhile, and its row may stand under any of them.
    /// </summary>
    public IReadOnlyList<long> TriedLeaseNos => _tried;

    /// <summary>A transaction with it failed.</summary>
    public void NoteTry()
    {
        if (!_tried.Contains(LeaseNo))
        {
            _tried.Add(LeaseNo);
        }
    }

    /// <summary>It is used again for something else.</summary>
    public void ForgetTries() => _tried.Clear();

    public long LastSlot => Slot + ((Slots - 1) * Plan.Interval);

    /// <summary>Its row will not be written: what it says of its device is for the next poll to write, and to tell.</summary>
    public void PassOnStatus()
    {
        if (WritesStatus)
        {
            Group.Device.IsStatusStale = true;
        }

        if (NewStatus is not null)
        {
            if (!Group.Device.IsChangeUntold)
            {
                Group.Device.UntoldFrom = OldStatus;
            }

            Group.Device.IsChangeUntold = true;
        }
    }

    /// <summary>Reason as the ledger stores it; null only for ok.</summary>
    public string? Reason => Outcome switch
    {
        Outcome.Ok => null,
        Outcome.Missed => Miss.Text(),
        _ => Result.Fault.Text() ?? "partial",
    };
}

/// <summary>The read plan of a group and where its values go. Replaced as a whole when points change, so that an outcome never meets another shape than the one it was read with.</summary>
internal sealed class GroupShape
{
    public required long SourceId { get; init; }

    public required ReadPlan Plan { get; init; }

    /// <summary>Ordinal of each point in the sample.</summary>
    public required int[] Ordinals { get; init; }

    /// <summary>Length of the sample's array.</summary>
    public required int Width { get; init; }

    public required string[] PointNames { get; init; }

    public required string[] Units { get; init; }
}
