using Rondo.Drivers.Modbus;

namespace Rondo.Polling.Configuration;

/// <summary>The fields of the records a device is made of, in the order in which they are written. Ranges are those of the records' own documentation.</summary>
internal static class SpecFields
{
    private static readonly FlagCodec flag = new();
    private static readonly NameCodec name = new();
    private static readonly TimeSpan microsecond = TimeSpan.FromMicroseconds(1);
    private static readonly TimeSpan week = TimeSpan.FromDays(7);

    /// <summary>Fields of an endpoint.</summary>
    public static readonly Field<ModbusEndpointSettings>[] Endpoint =
    [
        new Field<ModbusEndpointSettings, ModbusFraming>("framing", new WordCodec<ModbusFraming>("framing", ("tcp", ModbusFraming.Tcp), ("rtu", ModbusFraming.Rtu)),
            s => s.Framing, (s, v) => s with { Framing = v }),
        new Field<ModbusEndpointSettings, TimeSpan>("connect_timeout", Between(100, 60_000), s => s.ConnectTimeout, (s, v) => s with { ConnectTimeout = v }),
        new Field<ModbusEndpointSettings, TimeSpan>("response_timeout", Between(20, 60_000), s => s.ResponseTimeout, (s, v) => s with { ResponseTimeout = v }),
        new Field<ModbusEndpointSettings, TimeSpan>("settle_delay", Between(0, 10_000), s => s.SettleDelay, (s, v) => s with { SettleDelay = v }),
        new Field<ModbusEndpointSettings, TimeSpan>("inter_request_delay", Between(0, 1000), s => s.InterRequestDelay, (s, v) => s with { InterRequestDelay = v }),
        new Field<ModbusEndpointSettings, bool>("close_after_cycle", flag, s => s.CloseAfterCycle, (s, v) => s with { CloseAfterCycle = v }),
        new Field<ModbusEndpointSettings, bool>("relax_unit_check", flag, s => s.RelaxUnitCheck, (s, v) => s with { RelaxUnitCheck = v }),
        new Field<ModbusEndpointSettings, int>("retries", new WholeCodec(0, 5), s => s.Retries, (s, v) => s with { Retries = v }),
    ];

    /// <summary>Fields of a device behind an endpoint.</summary>
    public static readonly Field<ModbusDeviceSettings>[] Modbus =
    [
        new Field<ModbusDeviceSettings, int>("unit", new WholeCodec(0, 255), s => s.Unit, (s, v) => s with { Unit = (byte)v }, "unit_id", "slave"),
        new Field<ModbusDeviceSettings, int>("max_registers", new WholeCodec(1, 125), s => s.MaxRegisters, (s, v) => s with { MaxRegisters = v }),
        new Field<ModbusDeviceSettings, int>("max_gap", new WholeCodec(0, 124), s => s.MaxGap, (s, v) => s with { MaxGap = v }),
        new Field<ModbusDeviceSettings, bool>("even_aligned", flag, s => s.EvenAligned, (s, v) => s with { EvenAligned = v }),
    ];

    /// <summary>Fields of a device itself, but for its name, address, tags and groups.</summary>
    public static readonly Field<DeviceSpec>[] Device =
    [
        new Field<DeviceSpec, string>("driver", new WordCodec<string>("driver", ("modbus", "modbus")), s => s.Driver, (s, v) => s with { Driver = v }),
        new Field<DeviceSpec, string>("category", new TextCodec(100), s => s.Category, (s, v) => s with { Category = v }),
        new Field<DeviceSpec, string>("parent", new NameCodec(emptyAllowed: true), s => s.Parent ?? "", (s, v) => s with { Parent = v.Length == 0 ? null : v })
        {
            None = "",
        },
        new Field<DeviceSpec, bool>("enabled", flag, s => s.Enabled, (s, v) => s with { Enabled = v }, "monitoring_enabled"),
    ];

    /// <summary>The name of a device.</summary>
    public static readonly Field<DeviceSpec> DeviceName = new Field<DeviceSpec, string>("name", name, s => s.Name, (s, v) => s with { Name = v });

    /// <summary>Fields a group takes from its device, or from the defaults, when it does not say.</summary>
    public static readonly Field<GroupSpec>[] Timing =
    [
        new Field<GroupSpec, TimeSpan>("interval", new DurationCodec(TimeSpan.FromMilliseconds(100), week, TimeSpan.FromMilliseconds(1)),
            s => s.Interval, (s, v) => s with { Interval = v }),
        new Field<GroupSpec, bool>("align", flag, s => s.Align, (s, v) => s with { Align = v }),
        new OptionalField<GroupSpec, TimeSpan>("timeout", new DurationCodec(TimeSpan.FromMilliseconds(20), week, microsecond),
            s => s.Timeout, (s, v) => s with { Timeout = v }),
        new OptionalField<GroupSpec, TimeSpan>("max_lateness", new DurationCodec(TimeSpan.FromMilliseconds(1), week, microsecond),
            s => s.MaxLateness, (s, v) => s with { MaxLateness = v }),
    ];

    /// <summary>Fields that are a group's own.</summary>
    public static readonly Field<GroupSpec>[] Group =
    [
        new Field<GroupSpec, string>("name", name, s => s.Name, (s, v) => s with { Name = v }),
        new Field<GroupSpec, bool>("enabled", flag, s => s.Enabled, (s, v) => s with { Enabled = v }),
    ];

    /// <summary>Fields of a point for people.</summary>
    public static readonly Field<PointSpec>[] Point =
    [
        new Field<PointSpec, string>("name", name, s => s.Name, (s, v) => s with { Name = v }),
        new Field<PointSpec, string>("unit", new TextCodec(20), s => s.Unit, (s, v) => s with { Unit = v }),
        new Field<PointSpec, string>("kind", new WordCodec<string>("kind", ("gauge", "gauge"), ("counter", "counter"), ("energy", "energy"), ("state", "state")),
            s => s.Kind, (s, v) => s with { Kind = v }),
        new OptionalField<PointSpec, decimal>("modulus", new DecimalCodec(zeroAllowed: false), s => s.Modulus, (s, v) => s with { Modulus = v }),
    ];

    /// <summary>Fields of a point in a Modbus device.</summary>
    public static readonly Field<ModbusPoint>[] Register =
    [
        new Field<ModbusPoint, byte>("function", ModbusWords.Function, s => s.Function, (s, v) => s with { Function = v }),
        new Field<ModbusPoint, int>("address", new WholeCodec(0, 65535), s => s.Address, (s, v) => s with { Address = v }),
        new Field<ModbusPoint, ModbusType>("type", ModbusWords.Type, s => s.Type, (s, v) => s with { Type = v }),
        new Field<ModbusPoint, ModbusOrder>("order", ModbusWords.Order, s => s.Order, (s, v) => s with { Order = v }),
        new OptionalField<ModbusPoint, int>("bit", new WholeCodec(0, 15), s => s.Bit, (s, v) => s with { Bit = v }),
        new Field<ModbusPoint, decimal>("scale", new DecimalCodec(zeroAllowed: false), s => s.Scale, (s, v) => s with { Scale = v }),
        new OptionalField<ModbusPoint, int>("scale_address", new WholeCodec(0, 65535), s => s.ScaleAddress, (s, v) => s with { ScaleAddress = v }),
        new Field<ModbusPoint, decimal>("offset", new DecimalCodec(zeroAllowed: true), s => s.Offset, (s, v) => s with { Offset = v }),
        new OptionalField<ModbusPoint, ulong>("not_available", new PatternCodec(), s => s.NotAvailable, (s, v) => s with { NotAvailable = v }),
    ];

    private static DurationCodec Between(int least, int most) => new(TimeSpan.FromMilliseconds(least), TimeSpan.FromMilliseconds(most), microsecond);
}
