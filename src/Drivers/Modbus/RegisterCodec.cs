using System.Buffers.Binary;

namespace Rondo.Drivers.Modbus;

/// <summary>
/// Registers to a raw bit pattern and back, for every type and byte order. Within a register the high byte comes first (Application
/// Protocol 1.1b3, section 4.2); how a value spreads over registers is not in the specification, hence the orders.
/// </summary>
public static class RegisterCodec
{
    /// <summary>How many registers a value of <paramref name="type"/> occupies: 1, 2 or 4.</summary>
    public static int RegistersOf(ModbusType type) => type switch
    {
        ModbusType.Int32 or ModbusType.UInt32 or ModbusType.Float32 or ModbusType.Bcd32 or ModbusType.Mod10K32
            or ModbusType.SignMagnitude32 => 2,
        ModbusType.Int64 or ModbusType.UInt64 or ModbusType.Float64 => 4,
        _ => 1,
    };

    /// <summary>The bit pattern of a value, most significant byte first, from the <see cref="RegistersOf"/> registers it occupies.</summary>
    public static ulong ReadRaw(ReadOnlySpan<byte> registers, ModbusType type, ModbusOrder order) => RegistersOf(type) switch
    {
        1 => Arrange(BinaryPrimitives.ReadUInt16BigEndian(registers), order),
        2 => Arrange(BinaryPrimitives.ReadUInt32BigEndian(registers), order),
        _ => Arrange(BinaryPrimitives.ReadUInt64BigEndian(registers), order),
    };

    /// <summary>Writes the bit pattern <paramref name="raw"/> into the registers a value of <paramref name="type"/> occupies.</summary>
    public static void WriteRaw(ulong raw, ModbusType type, ModbusOrder order, Span<byte> registers)
    {
        // Every order is its own inverse, so one arrangement serves both directions.
        switch (RegistersOf(type))
        {
            case 1:
                BinaryPrimitives.WriteUInt16BigEndian(registers, Arrange((ushort)raw, order));
                break;
            case 2:
                BinaryPrimitives.WriteUInt32BigEndian(registers, Arrange((uint)raw, order));
                break;
            default:
                BinaryPrimitives.WriteUInt64BigEndian(registers, Arrange(raw, order));
                break;
        }
    }

    /// <summary>
    /// Decodes the value of <paramref name="point"/>, scaled. The number is meaningful only when <see cref="ReadFault.None"/> is returned;
    /// otherwise <see cref="ReadFault.NotAvailable"/> (NaN, infinity, the marker) or <see cref="ReadFault.Protocol"/> (digits that are none).
    /// </summary>
    /// <param name="point">Type, order, scaling.</param>
    /// <param name="registers">The registers of the value.</param>
    /// <param name="scaleRegister">The register at <see cref="ModbusPoint.ScaleAddress"/>; ignored when the point has none.</param>
    /// <param name="value">The value: finite, never negative zero.</param>
    public static ReadFault Decode(
        ModbusPoint point, ReadOnlySpan<byte> registers, ReadOnlySpan<byte> scaleRegister, out double value)
    {
        value = 0;
        var raw = ReadRaw(registers, point.Type, point.Order);
        if (point.NotAvailable is { } marker && raw == marker)
        {
            return ReadFault.NotAvailable;
        }

        var tens = 0;
        if (point.ScaleAddress is not null)
        {
            tens = (short)ReadRaw(scaleRegister, ModbusType.Int16, point.Order);
            if (tens == short.MinValue)
            {
                return ReadFault.NotAvailable;
            }

            if (tens is < -Scaling.MaxTens or > Scaling.MaxTens)
            {
                return ReadFault.Protocol;
            }
        }

        switch (point.Type)
        {
            case ModbusType.Float32:
                value = Scaling.OfSingle(BitConverter.UInt32BitsToSingle((uint)raw), point, tens);
                break;
            case ModbusType.Float64:
                value = Scaling.OfDouble(BitConverter.UInt64BitsToDouble(raw), point, tens);
                break;
            default:
                if (!RegisterInteger.TryDecode(raw, point.Type, point.Bit ?? 0, out var size, out var negative))
                {
                    return ReadFault.Protocol;
                }

                value = Scaling.OfInteger(size, negative, point, tens);
                break;
        }

        return double.IsFinite(value) ? ReadFault.None : ReadFault.NotAvailable;
    }

    /// <summary>
    /// Encodes an unscaled value. False, with nothing written, when the type cannot hold it; fractions are rounded to the nearest whole
    /// number for whole types.
    /// </summary>
    public static bool Encode(double value, ModbusType type, ModbusOrder order, Span<byte> registers)
    {
        ulong raw;
        switch (type)
        {
            case ModbusType.Float32:
                raw = BitConverter.SingleToUInt32Bits((float)value);
                break;
            case ModbusType.Float64:
                raw = BitConverter.DoubleToUInt64Bits(value);
                break;
            default:
                if (!RegisterInteger.TryEncode(value, type, out raw))
                {
                    return false;
                }

                break;
        }

        WriteRaw(raw, type, order, registers);
        return true;
    }

    /// <summary>Encodes the scaled value of a point, the inverse of <see cref="Decode"/> without a scale register.</summary>
    public static bool Encode(double value, ModbusPoint point, Span<byte> registers)
    {
        if (point.Type == ModbusType.Bit && point.Bit is { } bit)
        {
            var on = value != (double)point.Offset;
            WriteRaw(on ? 1UL << bit : 0, ModbusType.Bit, point.Order, registers);
            return true;
        }

        return Encode((value - (double)point.Offset) / (double)point.Scale, point.Type, point.Order, registers);
    }

    private static ushort Arrange(ushort value, ModbusOrder order) =>
        order is ModbusOrder.BADC or ModbusOrder.DCBA ? BinaryPrimitives.ReverseEndianness(value) : value;

    private static uint Arrange(uint value, ModbusOrder order) => order switch
    {
        ModbusOrder.CDAB => (value << 16) | (value >> 16),
        ModbusOrder.BADC => ((value & 0x00FF00FF) << 8) | ((value >> 8) & 0x00FF00FF),
        ModbusOrder.DCBA => BinaryPrimitives.ReverseEndianness(value),
        _ => value,
    };

    private static ulong Arrange(ulong value, ModbusOrder order) => order switch
    {
        ModbusOrder.CDAB => SwapBytes(BinaryPrimitives.ReverseEndianness(value)),
        ModbusOrder.BADC => SwapBytes(value),
        ModbusOrder.DCBA => BinaryPrimitives.ReverseEndianness(value),
        _ => value,
    };

    private static ulong SwapBytes(ulong value) => ((value & 0x00FF00FF00FF00FF) << 8) | ((value >> 8) & 0x00FF00FF00FF00FF);
}
