using System.Globalization;
using System.Runtime.CompilerServices;

namespace Rondo.Drivers.Modbus;

/// <summary>
/// Widens a float32 to the double nearest to its shortest decimal form: 230.1f becomes 230.1, not 230.10000610351562. A meter that sends
/// float32 measured about seven digits; the digits after them are the noise of the format, cost space in every database and look false
/// to everyone who reads them. Nothing is lost: the result converts back to the same float32.
/// </summary>
internal static class ShortestDecimal
{
    // Powers of ten that a double holds exactly: dividing or multiplying by one of them rounds once, so the quotient is the nearest double.
    private static readonly double[] Power =
    [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];

    /// <summary>Widens <paramref name="value"/>, which must be finite. About 15 ns, 200 ns for the rare values outside 1e-12 to 1e18.</summary>
    public static double Widen(float value)
    {
        var size = Math.Abs((double)value);
        if (size < 16777216 && size == Math.Floor(size))
        {
            return value;
        }

        var bits = BitConverter.SingleToUInt32Bits(value);
        var exponent = (int)((bits >> 23) & 0xFF) - 127;

        // A power of two has a nearer neighbour below than above, and the extremes need powers of ten that are not exact: formatted instead.
        if (exponent is < -40 or > 60 || (bits & 0x7FFFFF) == 0)
        {
            return WidenByText(value);
        }

        var magnitude = (int)Math.Floor(exponent * 0.30102999566398120);
        if (size >= Scaled(1, magnitude + 1))
        {
            magnitude++;
        }

        // Six digits always survive float32, so a shorter form shows up here as six digits that end in zeros; nine always suffice.
        for (var digits = 6; digits <= 9; digits++)
        {
            var shift = digits - 1 - magnitude;
            var candidate = Scaled(Math.Round(Scaled(size, shift)), -shift);
            if ((float)candidate == (float)size)
            {
                return value < 0 ? -candidate : candidate;
            }
        }

        return WidenByText(value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Scaled(double value, int tens) => tens >= 0 ? value * Power[tens] : value / Power[-tens];

    private static double WidenByText(float value)
    {
        Span<byte> text = stackalloc byte[32];
        return value.TryFormat(text, out var length, default, CultureInfo.InvariantCulture)
            && double.TryParse(text[..length], NumberStyles.Float, CultureInfo.InvariantCulture, out var wide)
            ? wide
            : value;
    }
}
