using Rondo.Drivers;
using Rondo.Polling.Runtime;
using Rondo.Polling.Slots;
using Rondo.Tests.Polling.Runtime;

namespace Rondo.Tests.Polling.Ledger;

/// <summary>Outcomes made by hand, as a worker would hand them over.</summary>
internal static class Rows
{
    public static PollOutcome Read(PollingRig rig, ArmedGroup group, long slot, double?[]? values = null, Plan? plan = null)
    {
        var row = Row(rig, group, slot, plan);
        var points = group.Shape.Plan.PointCount;
        row.Result.Reset(points);
        for (var i = 0; i < points; i++)
        {
            var value = values is null ? i : values[i];
            row.Result.Faults[i] = value is null ? ReadFault.Timeout : ReadFault.None;
            row.Result.Values[i] = value ?? 12345;
        }

        var isWhole = row.Result.Good == points;
        row.Outcome = isWhole ? Outcome.Ok : Outcome.Partial;
        row.Result.Fault = isWhole ? ReadFault.None : ReadFault.Timeout;
        return row;
    }

    public static PollOutcome Failed(PollingRig rig, ArmedGroup group, long slot)
    {
        var row = Row(rig, group, slot, null);
        row.Result.Reset(group.Shape.Plan.PointCount);
        row.Outcome = Outcome.Failed;
        row.Result.Fault = ReadFault.Timeout;
        return row;
    }

    public static PollOutcome Missed(PollingRig rig, ArmedGroup group, long slot, int slots)
    {
        var row = Row(rig, group, slot, null);
        row.Result.Reset(0);
        row.Slots = slots;
        row.Outcome = Outcome.Missed;
        row.Miss = MissReason.Late;
        return row;
    }

    private static PollOutcome Row(PollingRig rig, ArmedGroup group, long slot, Plan? plan)
    {
        var row = rig.Recorder.Rent();
        row.Group = group;
        row.Shape = group.Shape;
        row.EndpointId = group.Worker.Id;
        row.LeaseNo = group.Worker.LeaseNo;
        row.Plan = plan ?? group.Plans[0];
        row.Slot = slot;
        row.Slots = 1;
        row.Miss = MissReason.None;
        row.LatenessUs = 1_000;
        row.DurationUs = 2_000;
        return row;
    }
}
