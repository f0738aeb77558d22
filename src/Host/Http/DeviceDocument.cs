using System.ComponentModel;

namespace Rondo.Host.Http;

// These records describe to OpenAPI what SpecJson reads and writes; no device passes through them. A test holds their names against SpecJson's.

[Description("A device: what a device file says about one. GET writes every key; of a body only name and address are needed, the rest has defaults.")]
internal sealed record DeviceDocument
{
    [Description("Unique name: ASCII letters, digits, '.', '_' and '-', 1 to 100 characters.")]
    public string? Name { get; init; }

    [Description("host:port of the endpoint; port 502 when left out. Devices of one address share one connection.")]
    public string? Address { get; init; }

    [Description("Another name for address, with port beside it. Accepted in a body only.")]
    public string? Hostname { get; init; }

    [Description("Port for hostname. Accepted in a body only.")]
    public int? Port { get; init; }

    [Description("modbus.")]
    public string? Driver { get; init; }

    [Description("Free category, at most 100 characters.")]
    public string? Category { get; init; }

    [Description("Name of the parent device.")]
    public string? Parent { get; init; }

    [Description("False pauses the device: no slots are expected. Default true.")]
    public bool? Enabled { get; init; }

    [Description("Another name for enabled. Accepted in a body only.")]
    public bool? MonitoringEnabled { get; init; }

    [Description("At most 50 tags.")]
    public IReadOnlyList<string>? Tags { get; init; }

    [Description("Modbus unit, 0 to 255. Default 1.")]
    public int? Unit { get; init; }

    [Description("Most registers in one request, 1 to 125. Default 125.")]
    public int? MaxRegisters { get; init; }

    [Description("Unused registers that are read along to save a request, 0 to 124.")]
    public int? MaxGap { get; init; }

    [Description("True: requests begin and end at even addresses.")]
    public bool? EvenAligned { get; init; }

    [Description("Name of a built-in profile that brings the points. Accepted in a body only: GET shows the points.")]
    public string? Profile { get; init; }

    [Description("Interval of the groups that do not say, such as 10s, 1m. Accepted in a body only: GET shows it at each group.")]
    public string? Interval { get; init; }

    [Description("Points of the device's only group, or the names of the profile's points that are wanted. Accepted in a body only: GET shows them in groups.")]
    public IReadOnlyList<object>? Points { get; init; }

    [Description("The connection; devices that share an address must agree on it.")]
    public EndpointDocument? Endpoint { get; init; }

    [Description("What is read together, and how often.")]
    public IReadOnlyList<GroupDocument>? Groups { get; init; }
}

[Description("Settings of a connection. Durations are written as 500ms, 10s, 5m, 1h.")]
internal sealed record EndpointDocument(
    [property: Description("tcp or rtu (RTU frames over TCP).")] string? Framing,
    string? ConnectTimeout,
    string? ResponseTimeout,
    string? SettleDelay,
    string? InterRequestDelay,
    bool? CloseAfterCycle,
    bool? RelaxUnitCheck,
    int? Retries);

[Description("A poll group: points that are read together on one interval.")]
internal sealed record GroupDocument(
    [property: Description("Unique in the device. Default main.")] string? Name,
    bool? Enabled,
    [property: Description("100ms to 7d. Default 10s.")] string? Interval,
    [property: Description("True: slots fall on whole multiples of the interval, for billing.")] bool? Align,
    string? Timeout,
    string? MaxLateness,
    IReadOnlyList<PointDocument>? Points);

[Description("One value read from a device; its series is device/point.")]
internal sealed record PointDocument(
    string? Name,
    string? Unit,
    [property: Description("gauge, counter, energy or state.")] string? Kind,
    [property: Description("Where a counter starts over, in units of its values; above zero.")] decimal? Modulus,
    [property: Description("coil, discrete, holding or input.")] string? Function,
    [property: Description("Address of the first register, from 0.")] int? Address,
    string? Type,
    string? Order,
    int? Bit,
    decimal? Scale,
    int? ScaleAddress,
    decimal? Offset,
    string? NotAvailable);
