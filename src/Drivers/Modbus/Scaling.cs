using System.Globalization;

namespace Rondo.Drivers.Modbus;

/// <summary>
/// <c>value = raw × Scale × 10^tens + Offset</c>. Whole numbers scale in decimal, which is exact: 2301 × 0.1 is 230.1, not 230.10000000000002.
/// Where decimal would overflow, double is used.
/// </summary>
internal static class Scaling
{
    /// <summary>Largest power of ten a scale register may hold, either way (SunSpec: sunssf is -10 to 10).</summary>
    public const int MaxTens = 10;

    // A safe margin below decimal's 7.9e28.
    private const double DecimalLimit = 1e28;

    /// <summary>Scales a whole number of up to 64 bits and a sign.</summary>
    public static double OfInteger(ulong size, bool negative, ModbusPoint point, int tens)
    {
        if (size <= 1UL << 53 && IsPlain(point, tens))
        {
            return negative ? -(double)size : size;
        }

        return Scale(negative ? -(decimal)size : size, negative ? -(double)size : size, point, tens);
    }

    /// <summary>Scales a float32, widened by <see cref="ShortestDecimal"/>. Its at most nine digits scale in decimal as well.</summary>
    public static double OfSingle(float raw, ModbusPoint point, int tens)
    {
        if (!float.IsFinite(raw))
        {
            return double.NaN;
        }

        // Adding zero turns negative zero into zero.
        var wide = ShortestDecimal.Widen(raw) + 0.0;
        if (IsPlain(point, tens))
        {
            return wide;
        }

        // Decimal has 28 places after the point: a float smaller than this would lose digits in it.
        return Math.Abs(wide) is >= 1e-12 and < 1e15 ? Scale((decimal)wide, wide, point, tens) : ScaleDouble(wide, point, tens);
    }

    /// <summary>Scales a float64. Its up to 17 digits do not survive the conversion to decimal, so it scales in double.</summary>
    public static double OfDouble(double raw, ModbusPoint point, int tens) =>
        IsPlain(point, tens) ? raw + 0.0 : ScaleDouble(raw, point, tens);

    private static bool IsPlain(ModbusPoint point, int tens) => tens == 0 && point.Scale == 1m && point.Offset == 0m;

    private static double ScaleDouble(double raw, ModbusPoint point, int tens)
    {
        var factor = tens >= 0 ? (double)point.Scale * Power(tens) : (double)point.Scale / Power(-tens);
        return (raw * factor) + (double)point.Offset + 0.0;
    }

    private static double Scale(decimal raw, double approximate, ModbusPoint point, int tens)
    {
        var estimate = ScaleDouble(approximate, point, tens);
        if (Math.Abs(estimate) + (2 * Math.Abs((double)point.Offset)) >= DecimalLimit
            || Math.Abs(approximate * (double)point.Scale) >= DecimalLimit)
        {
            return estimate;
        }

        var scaled = raw * point.Scale;
        if (tens > 0)
        {
            scaled *= Power(tens);
        }
        else if (tens < 0)
        {
            scaled /= Power(-tens);
        }

        return ToDouble(scaled + point.Offset);
    }

    /// <summary>
    /// The nearest double. The framework's conversion divides the digits by a power of ten, which rounds once, as long as the digits fit
    /// into 53 bits; longer ones would round twice, so they go by text.
    /// </summary>
    private static double ToDouble(decimal value)
    {
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(value, parts);
        if (parts[2] == 0 && (uint)parts[1] < 1u << 21)
        {
            return (double)value + 0.0;
        }

        Span<byte> text = stackalloc byte[40];
        return value.TryFormat(text, out var length, default, CultureInfo.InvariantCulture)
            && double.TryParse(text[..length], NumberStyles.Float, CultureInfo.InvariantCulture, out var nearest)
            ? nearest + 0.0
            : (double)value;
    }

    private static long Power(int tens)
    {
        var power = 1L;
        for (; tens > 0; tens--)
        {
            power *= 10;
        }

        return power;
    }
}
