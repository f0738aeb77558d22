using Rondo.Drivers;
using Rondo.Drivers.Modbus;

namespace Rondo.Tests.Drivers;

/// <summary>A clock whose timestamps can be moved ahead; timers stay real.</summary>
internal sealed class MovableTime : TimeProvider
{
    private long _ahead;

    public void Advance(TimeSpan span) => _ahead += (long)(span.TotalSeconds * TimestampFrequency);

    public override long GetTimestamp() => base.GetTimestamp() + _ahead;
}

/// <summary>What most session tests share: fast settings, a plan of whole registers, one read.</summary>
internal static class Reading
{
    public static readonly ModbusEndpointSettings Fast = new()
    {
        ConnectTimeout = TimeSpan.FromSeconds(5),
        ResponseTimeout = TimeSpan.FromSeconds(5),
    };

    /// <summary>For tests in which an answer must fail to come.</summary>
    public static readonly ModbusEndpointSettings Hasty = Fast with { ResponseTimeout = TimeSpan.FromMilliseconds(60) };

    public static ModbusReadPlan Plan(params int[] addresses) => Plan(new ModbusDeviceSettings(), addresses);

    public static ModbusReadPlan Plan(ModbusDeviceSettings device, params int[] addresses) =>
        ModbusReadPlan.Build(device, [.. addresses.Select(address => new ModbusPoint { Address = address, Type = ModbusType.UInt16 })]);

    public static ModbusSession Session(ScriptedServer server, ModbusEndpointSettings? settings = null, TimeProvider? time = null) =>
        new("127.0.0.1", server.Port, settings ?? Fast, time ?? TimeProvider.System);

    public static async Task<ReadResult> ReadAsync(
        ModbusSession session, ReadPlan plan, TimeSpan? within = null, TimeProvider? time = null, CancellationToken stop = default)
    {
        var result = new ReadResult();
        await session.ReadAsync(plan, result, Deadline(within, time), stop);
        return result;
    }

    public static long Deadline(TimeSpan? within = null, TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        return time.GetTimestamp() + (long)((within ?? TimeSpan.FromSeconds(20)).TotalSeconds * time.TimestampFrequency);
    }
}
