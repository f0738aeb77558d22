namespace Rondo.Drivers.Modbus;

/// <summary>The whole-number types: bit pattern to sign and size, and back.</summary>
internal static class RegisterInteger
{
    /// <summary>False when the pattern is none of the type's (a BCD digit above 9, a mod-10000 register above 9999).</summary>
    public static bool TryDecode(ulong raw, ModbusType type, int bit, out ulong size, out bool negative)
    {
        negative = false;
        switch (type)
        {
            case ModbusType.Bit:
                size = (raw >> bit) & 1;
                return true;
            case ModbusType.Int16:
                return Signed((short)raw, out size, out negative);
            case ModbusType.Int32:
                return Signed((int)raw, out size, out negative);
            case ModbusType.Int64:
                return Signed((long)raw, out size, out negative);
            case ModbusType.SignMagnitude16:
                negative = (raw & 0x8000) != 0;
                size = raw & 0x7FFF;
                return true;
            case ModbusType.SignMagnitude32:
                negative = (raw & 0x80000000) != 0;
                size = raw & 0x7FFFFFFF;
                return true;
            case ModbusType.Bcd16:
                return TryDigits(raw, 4, out size);
            case ModbusType.Bcd32:
                return TryDigits(raw, 8, out size);
            case ModbusType.Mod10K32:
                size = ((raw >> 16) * 10_000) + (raw & 0xFFFF);
                return raw >> 16 <= 9999 && (raw & 0xFFFF) <= 9999;
            default:
                size = raw;
                return true;
        }
    }

    /// <summary>False when the type cannot hold the value.</summary>
    public static bool TryEncode(double value, ModbusType type, out ulong raw)
    {
        raw = 0;
        var whole = Math.Round(value, MidpointRounding.AwayFromZero);
        var (least, most) = Range(type);

        // The upper limits of the 64-bit types are not doubles; the double next to them is already too large.
        if (double.IsNaN(whole) || whole < least || (most >= 9.2e18 ? whole >= most : whole > most))
        {
            return false;
        }

        var size = whole <= -9223372036854775808.0 ? 1UL << 63 : (ulong)Math.Abs(whole);
        raw = type switch
        {
            ModbusType.Int16 => (ushort)(short)whole,
            ModbusType.Int32 => (uint)(int)whole,
            ModbusType.Int64 => (ulong)(long)whole,
            ModbusType.SignMagnitude16 => size | (whole < 0 ? 0x8000UL : 0),
            ModbusType.SignMagnitude32 => size | (whole < 0 ? 0x80000000UL : 0),
            ModbusType.Bcd16 or ModbusType.Bcd32 => Digits(size),
            ModbusType.Mod10K32 => ((size / 10_000) << 16) | (size % 10_000),
            _ => size,
        };
        return true;
    }

    private static (double Least, double Most) Range(ModbusType type) => type switch
    {
        ModbusType.Bit => (0, 1),
        ModbusType.Int16 => (short.MinValue, short.MaxValue),
        ModbusType.UInt16 => (0, ushort.MaxValue),
        ModbusType.Int32 => (int.MinValue, int.MaxValue),
        ModbusType.UInt32 => (0, uint.MaxValue),
        ModbusType.Int64 => (-9223372036854775808.0, 9223372036854775808.0),
        ModbusType.SignMagnitude16 => (-0x7FFF, 0x7FFF),
        ModbusType.SignMagnitude32 => (-0x7FFFFFFF, 0x7FFFFFFF),
        ModbusType.Bcd16 => (0, 9999),
        ModbusType.Bcd32 or ModbusType.Mod10K32 => (0, 99_999_999),
        _ => (0, 18446744073709551616.0),
    };

    private static bool Signed(long value, out ulong size, out bool negative)
    {
        negative = value < 0;
        size = negative ? (ulong)-(value + 1) + 1 : (ulong)value;
        return true;
    }

    private static bool TryDigits(ulong raw, int digits, out ulong size)
    {
        size = 0;
        for (var i = digits - 1; i >= 0; i--)
        {
            var digit = (raw >> (i * 4)) & 0xF;
            if (digit > 9)
            {
                return false;
            }

            size = (size * 10) + digit;
        }

        return true;
    }

    private static ulong Digits(ulong size)
    {
        var raw = 0UL;
        for (var shift = 0; size != 0; shift += 4, size /= 10)
        {
            raw |= size % 10 << shift;
        }

        return raw;
    }
}
