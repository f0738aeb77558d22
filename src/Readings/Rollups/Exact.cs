using System.Globalization;

namespace Rondo.Readings.Rollups;

/// <summary>
/// Values as exact decimals: what is printed of a value is what is summed, so that the sum of hours is the day to the last digit, in whatever order anybody adds them. A value
/// counts with ten decimal places, and up to 10^15; one beyond (a garbled float) makes the sum it belongs to unknown, not wrong.
/// </summary>
internal static class Exact
{
    /// <summary>Decimal places that count.</summary>
    public const int Places = 10;

    private const double Most = 1e15;

    // A decimal has 28 digits: ten of them behind the point, and sums stay below where digits would be lost.
    private const decimal MostSum = 1e18m;

    /// <summary>The decimal that is printed for a value, or null when it is out of range.</summary>
    public static decimal? Of(double value)
    {
        if (!(Math.Abs(value) < Most))
        {
            return null;
        }

        // The conversion keeps 15 digits; where they do not tell the value, its shortest text does.
        var exact = (decimal)value;
        if ((double)exact != value)
        {
            exact = decimal.Parse(value.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture);
        }

        return decimal.Round(exact, Places);
    }

    /// <summary>The sum, or null when either is unknown or the sum is too large to be exact.</summary>
    public static decimal? Sum(decimal? a, decimal? b) => a + b is { } sum && Math.Abs(sum) < MostSum ? sum : null;
}
