using FsCheck;
using FsCheck.Fluent;
using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;

namespace Rondo.Tests.Polling.Configuration;

/// <summary>Random settings and devices that obey every rule.</summary>
internal static class Spec_generators
{
    private static readonly string[] words = ["a", "B-2", "power_total", "x.y", "°C", "kWh", "Zürich \"1\"", "m³/h", "O'Brien"];

    public static Gen<ModbusEndpointSettings> Endpoints() =>
        from framing in Gen.Elements(ModbusFraming.Tcp, ModbusFraming.Rtu)
        from connect in Time(100_000, 60_000_000)
        from response in Time(20_000, 90_000)
        from settle in Time(0, 10_000_000)
        from pause in Time(0, 1_000_000)
        from flags in Gen.Choose(0, 3)
        from retries in Gen.Choose(0, 5)
        select new ModbusEndpointSettings
        {
            Framing = framing,
            ConnectTimeout = connect,
            ResponseTimeout = response,
            SettleDelay = settle,
            InterRequestDelay = pause,
            CloseAfterCycle = (flags & 1) != 0,
            RelaxUnitCheck = (flags & 2) != 0,
            Retries = retries,
        };

    public static Gen<ModbusDeviceSettings> Devices() =>
        from unit in Gen.Choose(0, 255)
        from max in Gen.Choose(90, 125)
        from gap in Gen.Choose(0, 124)
        from even in Gen.Elements(true, false)
        select new ModbusDeviceSettings { Unit = (byte)unit, MaxRegisters = max, MaxGap = gap, EvenAligned = even };

    public static Gen<ModbusPoint> Points() =>
        from function in Gen.Choose(1, 4)
        from address in Gen.Choose(0, 65532)
        from type in Gen.Elements(Enum.GetValues<ModbusType>())
        from order in Gen.Elements(Enum.GetValues<ModbusOrder>())
        from bit in Gen.Choose(0, 15)
        from scale in Number().Where(value => value != 0)
        from offset in Number()
        from distance in Gen.Choose(0, 40)
        from pattern in Gen.Elements<ulong?>(null, 0, 1, ulong.MaxValue, 0x8000000000000000)
        let isBit = function < 3 || type == ModbusType.Bit
        let width = ModbusWords.Width(isBit ? ModbusType.Bit : type)
        select new ModbusPoint
        {
            Function = (byte)function,
            Address = address,
            Type = isBit ? ModbusType.Bit : type,
            Order = order,
            Bit = isBit && function > 2 ? bit : null,
            Scale = scale,
            Offset = offset,
            ScaleAddress = function > 2 && distance > 5 && address >= distance ? address - distance : null,
            NotAvailable = pattern & (isBit ? 1 : width == 4 ? ulong.MaxValue : (1UL << (width * 16)) - 1),
        };

    public static Gen<DeviceSpec> Specs() =>
        from address in Gen.Elements("10.0.0.1:502", "[::1]:1502", "gw-1.example:65535")
        from endpoint in Endpoints()
        from modbus in Devices()
        from category in Gen.Elements(words)
        from tags in Gen.Elements(words).ListOf()
        from enabled in Gen.Elements(true, false)
        from parent in Gen.Elements(null, "p", "q-1")
        from groups in Groups().ListOf(3)
        select new DeviceSpec
        {
            Name = "device",
            Address = address,
            Endpoint = endpoint,
            Modbus = modbus,
            Category = category,
            Tags = tags.Distinct().ToArray(),
            Enabled = enabled,
            Parent = parent,
            Groups = groups.Select((each, g) => each with { Name = $"g{g}", Points = each.Points.Select((point, p) => point with { Name = $"p{g}_{p}" }).ToArray() }).ToArray(),
        };

    private static Gen<GroupSpec> Groups() =>
        from interval in Gen.Choose(100, int.MaxValue / 4)
        from timeout in Gen.Choose(20, 100)
        from set in Gen.Choose(0, 15)
        from points in PointSpecs().NonEmptyListOf()
        select new GroupSpec
        {
            Interval = TimeSpan.FromMilliseconds(interval),
            Timeout = (set & 1) != 0 ? TimeSpan.FromMilliseconds(timeout) : null,
            MaxLateness = (set & 2) != 0 ? TimeSpan.FromMicroseconds(timeout * 1000 - 1) : null,
            Align = (set & 4) != 0,
            Enabled = (set & 8) != 0,
            Points = points.ToArray(),
        };

    private static Gen<PointSpec> PointSpecs() =>
        from unit in Gen.Elements(words)
        from kind in Gen.Elements("gauge", "counter", "energy", "state")
        from modbus in Points()
        select new PointSpec { Name = "p", Unit = unit, Kind = kind, Modbus = modbus };

    private static Gen<TimeSpan> Time(int least, int most) => Gen.Choose(least, most).Select(us => TimeSpan.FromMicroseconds(us));

    private static Gen<decimal> Number() =>
        from mantissa in Gen.Choose(-1_000_000, 1_000_000)
        from places in Gen.Choose(0, 28)
        select new decimal(Math.Abs(mantissa), 0, 0, mantissa < 0, (byte)places);
}
