using Rondo.Storage;

namespace Rondo.Live;

/// <summary>What a device yielded at one instant; the data of <c>data</c> events on <c>devices.{id}</c>.</summary>
/// <param name="DeviceId">The device.</param>
/// <param name="Device">Its name.</param>
/// <param name="Group">The poll group's name.</param>
/// <param name="Slot">The slot, which is the instant of the readings.</param>
/// <param name="Points">Names, in the order of <paramref name="Values"/>.</param>
/// <param name="Units">Units of measure.</param>
/// <param name="Values">Values; null where there is none.</param>
public sealed record DeviceReadings(long DeviceId, string Device, string Group, Instant Slot, string[] Points, string[] Units, double?[] Values)
{
    /// <summary>Name of such an event.</summary>
    public const string EventName = "metric_collected";

    /// <summary>The source of the sample: newer readings of the same source replace these.</summary>
    public long Source { get; init; }

    /// <summary>The device's category; empty for none.</summary>
    public string Category { get; init; } = "";
}
