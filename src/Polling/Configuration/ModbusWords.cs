using Rondo.Drivers.Modbus;

namespace Rondo.Polling.Configuration;

/// <summary>The words for what Modbus numbers or names by letters.</summary>
internal static class ModbusWords
{
    /// <summary>The four reading functions; by word, or by code.</summary>
    public static readonly WordCodec<byte> Function = new(
        "function", ("coil", 1), ("discrete", 2), ("holding", 3), ("input", 4), ("1", 1), ("2", 2), ("3", 3), ("4", 4))
    {
        AsNumber = code => code,
    };

    /// <summary>Types of values.</summary>
    public static readonly WordCodec<ModbusType> Type = new(
        "type", ("bit", ModbusType.Bit), ("int16", ModbusType.Int16), ("uint16", ModbusType.UInt16), ("int32", ModbusType.Int32), ("uint32", ModbusType.UInt32),
        ("int64", ModbusType.Int64), ("uint64", ModbusType.UInt64), ("float32", ModbusType.Float32), ("float64", ModbusType.Float64), ("bcd16", ModbusType.Bcd16),
        ("bcd32", ModbusType.Bcd32), ("mod10k32", ModbusType.Mod10K32), ("sign_magnitude16", ModbusType.SignMagnitude16), ("sign_magnitude32", ModbusType.SignMagnitude32));

    /// <summary>Byte orders, by their 32-bit or their 64-bit name.</summary>
    public static readonly WordCodec<ModbusOrder> Order = new(
        "byte order", ("ABCD", ModbusOrder.ABCD), ("CDAB", ModbusOrder.CDAB), ("BADC", ModbusOrder.BADC), ("DCBA", ModbusOrder.DCBA),
        ("ABCDEFGH", ModbusOrder.ABCD), ("GHEFCDAB", ModbusOrder.CDAB), ("BADCFEHG", ModbusOrder.BADC), ("HGFEDCBA", ModbusOrder.DCBA));

    /// <summary>How many registers a value of this type takes.</summary>
    public static int Width(ModbusType type) => type switch
    {
        ModbusType.Int32 or ModbusType.UInt32 or ModbusType.Float32 or ModbusType.Bcd32 or ModbusType.Mod10K32 or ModbusType.SignMagnitude32 => 2,
        ModbusType.Int64 or ModbusType.UInt64 or ModbusType.Float64 => 4,
        _ => 1,
    };
}
