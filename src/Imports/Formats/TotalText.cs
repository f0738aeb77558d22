namespace Rondo.Imports.Formats;

/// <summary>Whether what a row says of its sum is its sum: to half a percent, or to what rounding each value may have made of it.</summary>
internal static class TotalText
{
    /// <summary>The reason of a row whose total is another.</summary>
    public const string Differs = "total_differs";

    /// <summary>Compares.</summary>
    /// <param name="sum">Of the values.</param>
    /// <param name="total">What the row says.</param>
    /// <param name="count">How many values there are.</param>
    /// <param name="scale">Digits behind the point of the most exact of them.</param>
    public static bool Agree(decimal sum, decimal total, int count, int scale)
    {
        // And what rounding the total may have.
        var rounding = (HalfOf(scale) * count) + HalfOf(total.Scale);
        return Math.Abs(sum - total) <= Math.Max(rounding, Math.Abs(total) * 0.005m);
    }

    /// <summary>Half of the last of so many digits behind the point.</summary>
    private static decimal HalfOf(int scale)
    {
        var half = 0.5m;
        for (var i = 0; i < Math.Min(scale, 20); i++)
        {
            half /= 10;
        }

        return half;
    }
}
