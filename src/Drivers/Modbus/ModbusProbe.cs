using System.Globalization;

namespace Rondo.Drivers.Modbus;

/// <summary>What registers would mean as one type in one byte order.</summary>
/// <param name="Type">Type.</param>
/// <param name="Order">Byte order.</param>
/// <param name="Fault"><see cref="ReadFault.None"/>, or why these registers are no such value.</param>
/// <param name="Value">The value; meaningful only without a fault.</param>
/// <param name="Text">The value exactly (64-bit integers too), or the fault in words.</param>
public sealed record ModbusReading(ModbusType Type, ModbusOrder Order, ReadFault Fault, double Value, string Text);

/// <summary>Every meaning of the same registers side by side, so that a person who knows about what a meter shows finds type and order.</summary>
public static class ModbusProbe
{
    private static readonly ModbusOrder[] ByteOrders = [ModbusOrder.ABCD, ModbusOrder.BADC];

    /// <summary>
    /// All types that fit into <paramref name="registers"/> (two bytes a register), in all orders that differ: two for one register,
    /// four for more. <see cref="ModbusType.Bit"/> is shown as the sixteen bits of the first register, its value being bit 0.
    /// </summary>
    public static IReadOnlyList<ModbusReading> Interpret(ReadOnlySpan<byte> registers)
    {
        var readings = new List<ModbusReading>();
        foreach (var type in Enum.GetValues<ModbusType>())
        {
            var size = RegisterCodec.RegistersOf(type);
            if (registers.Length < size * 2)
            {
                continue;
            }

            foreach (var order in size == 1 ? ByteOrders : Enum.GetValues<ModbusOrder>())
            {
                readings.Add(Interpret(registers, type, order));
            }
        }

        return readings;
    }

    private static ModbusReading Interpret(ReadOnlySpan<byte> registers, ModbusType type, ModbusOrder order)
    {
        var raw = RegisterCodec.ReadRaw(registers, type, order);
        var point = new ModbusPoint { Function = 3, Type = type, Order = order, Bit = type == ModbusType.Bit ? 0 : null };
        var fault = RegisterCodec.Decode(point, registers, default, out var value);
        var text = (type, fault) switch
        {
            (_, ReadFault.NotAvailable) => "not a number",
            (_, not ReadFault.None) => "not such digits",
            (ModbusType.Bit, _) => ((long)raw).ToString("b16", CultureInfo.InvariantCulture),
            (ModbusType.Int64, _) => ((long)raw).ToString(CultureInfo.InvariantCulture),
            (ModbusType.UInt64, _) => raw.ToString(CultureInfo.InvariantCulture),
            _ => value.ToString(CultureInfo.InvariantCulture),
        };
        return new ModbusReading(type, order, fault, value, text);
    }
}
