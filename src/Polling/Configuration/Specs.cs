using Rondo.Drivers.Modbus;

namespace Rondo.Polling.Configuration;

/// <summary>What the user wants of one device; the same record comes from a device file and from the HTTP API, and is compared with what is stored.</summary>
public sealed record DeviceSpec
{
    /// <summary>Unique name; ASCII letters, digits, <c>. _ -</c>, 1 to 100 characters.</summary>
    public required string Name { get; init; }

    /// <summary>Driver; only <c>modbus</c> in this version.</summary>
    public string Driver { get; init; } = "modbus";

    /// <summary>Address of the endpoint in the normal form of <see cref="EndpointAddress"/>: <c>host:port</c>, so that two spellings are one endpoint.</summary>
    public required string Address { get; init; }

    /// <summary>Settings of the endpoint; devices that share an endpoint must agree on them.</summary>
    public ModbusEndpointSettings Endpoint { get; init; } = new();

    /// <summary>Settings of the device.</summary>
    public ModbusDeviceSettings Modbus { get; init; } = new();

    /// <summary>Free category, for example <c>energy</c>, at most 100 characters; empty for none.</summary>
    public string Category { get; init; } = "";

    /// <summary>Free tags, at most 50 of 1 to 100 characters each, without repetition; their order means nothing.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Name of the parent device, or null.</summary>
    public string? Parent { get; init; }

    /// <summary>False pauses the whole device: no slots are expected. Also accepted as <c>monitoring_enabled</c>.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>What is read, and how often; at most 64 groups. A device without any only groups others (it is their <see cref="Parent"/>).</summary>
    public IReadOnlyList<GroupSpec> Groups { get; init; } = [];
}

/// <summary>The points of one device that are read together on one interval.</summary>
public sealed record GroupSpec
{
    /// <summary>Name, unique within the device. Default <c>main</c>.</summary>
    public string Name { get; init; } = "main";

    /// <summary>Interval. Default 10 s, range 100 ms to 7 days, whole milliseconds.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>True: slots fall on whole multiples of the interval since the epoch (billing meters). False (default): spread by a stable hash.</summary>
    public bool Align { get; init; }

    /// <summary>How long one poll may take from its start, 20 ms to the interval. Default null: the interval less a margin.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>A slot that starts later than this is missed, 1 ms to the interval. Default null: a quarter of the interval, at most 30 s.</summary>
    public TimeSpan? MaxLateness { get; init; }

    /// <summary>False pauses this group alone.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The points, 1 to 1000, in the order in which new ones get their ordinals. Points are known by name: another order is not a change.</summary>
    public IReadOnlyList<PointSpec> Points { get; init; } = [];
}

/// <summary>One value read from a device.</summary>
public sealed record PointSpec
{
    /// <summary>Name, unique within the device over all its groups; its series is <c>device/point</c>. Same characters as a device's name.</summary>
    public required string Name { get; init; }

    /// <summary>Unit of measure for people (<c>V</c>, <c>kWh</c>), at most 20 characters; empty for none.</summary>
    public string Unit { get; init; } = "";

    /// <summary>Kind of its series: <c>gauge</c> (default), <c>counter</c>, <c>energy</c>, <c>state</c>.</summary>
    public string Kind { get; init; } = "gauge";

    /// <summary>Where a counter starts over, in units of its values: 65536 for one of 16 bits that counts by one. Above zero; null when it does not, or nobody knows.</summary>
    public decimal? Modulus { get; init; }

    /// <summary>Where it is and how it is decoded.</summary>
    public required ModbusPoint Modbus { get; init; }
}
