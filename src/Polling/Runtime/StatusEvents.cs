using System.Buffers;
using System.Text;
using System.Text.Json;
using Rondo.Live;
using Rondo.Live.Log;
using Rondo.Polling.Slots;
using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>Writes changed statuses to the log of events, in the transaction that writes the polls that changed them.</summary>
internal static class StatusEvents
{
    public const string Name = "device_status_changed";

    public static void Write(Transaction tx, EventLog? log, IReadOnlyList<PollOutcome> batch)
    {
        List<LiveEvent>? events = null;
        for (var i = 0; i < batch.Count; i++)
        {
            // What stood there already was told with it then.
            if (batch[i] is { NewStatus: { } status, Verdict: Verdict.Recorded, IsTaken: true } outcome && status != outcome.OldStatus)
            {
                (events ??= []).Add(Event(outcome, status));
            }
        }

        if (events is not null)
        {
            log?.Write(tx, events);
        }
    }

    private static LiveEvent Event(PollOutcome outcome, DeviceStatus status)
    {
        var device = outcome.Group.Device;
        var text = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            json.WriteNumber("device_id"u8, device.Id);
            json.WriteString("device"u8, device.Name);
            json.WriteString("category"u8, device.Category);
            json.WriteString("old_status"u8, outcome.OldStatus.Text());
            json.WriteString("new_status"u8, status.Text());
            json.WriteNumber("failures"u8, outcome.Failures);
            json.WriteString("reason"u8, outcome.Reason);
            json.WriteEndObject();
        }

        return new LiveEvent(Name, Topics.Device(device.Id), new Instant(outcome.Slot), Encoding.UTF8.GetString(text.WrittenSpan))
        {
            AlsoOn = device.Category.Length > 0 && Topics.Category(device.Category) is var category && Topics.IsKnown(category) ? category : null,
        };
    }
}
