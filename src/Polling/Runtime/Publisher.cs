using Rondo.Drivers;
using Rondo.Live;
using Rondo.Polling.Slots;
using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>A device's status changed; the data of <c>device_status_changed</c>.</summary>
/// <param name="DeviceId">The device.</param>
/// <param name="Device">Its name.</param>
/// <param name="OldStatus">The status before.</param>
/// <param name="Status">The new status.</param>
/// <param name="Failures">Polls in a row without an answer.</param>
/// <param name="Reason">Why the last poll failed, or null.</param>
public sealed record DeviceStatusChanged(long DeviceId, string Device, string OldStatus, string Status, int Failures, string? Reason);

/// <summary>Turns committed outcomes into events. Called after the commit that made them true.</summary>
internal static class Publisher
{
    public static void Publish(EventBus bus, IReadOnlyList<PollOutcome> committed)
    {
        if (bus.IsIdle)
        {
            return;
        }

        foreach (var outcome in committed)
        {
            if (outcome.Verdict != Verdict.Recorded)
            {
                continue;
            }

            var device = outcome.Group.Device;
            var topic = Topics.Device(device.Id);
            var at = new Instant(outcome.Slot);
            if (outcome.Outcome is Outcome.Ok or Outcome.Partial)
            {
                var values = new double?[outcome.Result.Count];
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = outcome.Result.Faults[i] == ReadFault.None ? outcome.Result.Values[i] : null;
                }

                var shape = outcome.Shape;
                bus.Publish(new Event(
                    "data",
                    DeviceReadings.EventName,
                    topic,
                    at,
                    new DeviceReadings(device.Id, device.Name, outcome.Group.Name, at, shape.PointNames, shape.Units, values) { Source = shape.SourceId, Category = device.Category }));
            }

            if (outcome.NewStatus is { } status)
            {
                bus.Publish(new Event(
                    "event", "device_status_changed", topic, at, new DeviceStatusChanged(device.Id, device.Name, outcome.OldStatus.Text(), status.Text(), outcome.Failures, outcome.Reason)));
            }
        }
    }
}
