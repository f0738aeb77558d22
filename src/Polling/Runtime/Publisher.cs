using Rondo.Drivers;
using Rondo.Live;
using Rondo.Polling.Slots;
using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>What a device yielded in one poll; the data of <c>data</c> events on <c>devices.{id}</c>.</summary>
/// <param name="DeviceId">The device.</param>
/// <param name="Device">Its name.</param>
/// <param name="Group">The poll group's name.</param>
/// <param name="Slot">The slot, which is the instant of the readings.</param>
/// <param name="Points">Names, in the order of <paramref name="Values"/>.</param>
/// <param name="Units">Units of measure.</param>
/// <param name="Values">Values; null where there is none.</param>
public sealed record DeviceReadings(long DeviceId, string Device, string Group, Instant Slot, string[] Points, string[] Units, double?[] Values);

/// <summary>A device's status changed; the data of <c>device_status_changed</c>.</summary>
/// <param name="DeviceId">The device.</param>
/// <param name="Device">Its name.</param>
/// <param name="Status">The new status.</param>
/// <param name="Failures">Polls in a row without an answer.</param>
/// <param name="Reason">Why the last poll failed, or null.</param>
public sealed record DeviceStatusChanged(long DeviceId, string Device, string Status, int Failures, string? Reason);

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
            var topic = $"devices.{device.Id}";
            var at = new Instant(outcome.Slot);
            if (outcome.Outcome is Outcome.Ok or Outcome.Partial)
            {
                var values = new double?[outcome.Result.Count];
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = outcome.Result.Faults[i] == ReadFault.None ? outcome.Result.Values[i] : null;
                }

                var shape = outcome.Shape;
                bus.Publish(new Event("data", "", topic, at, new DeviceReadings(device.Id, device.Name, outcome.Group.Name, at, shape.PointNames, shape.Units, values)));
            }

            if (outcome.NewStatus is { } status)
            {
                bus.Publish(new Event(
                    "event", "device_status_changed", topic, at, new DeviceStatusChanged(device.Id, device.Name, status.Text(), outcome.Failures, outcome.Reason)));
            }
        }
    }
}
