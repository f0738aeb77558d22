namespace Rondo.Imports.Formats;

/// <summary>Units of energy, and what makes one of ours of them.</summary>
internal static class Units
{
    public const string Known = "Wh, kWh, MWh, kW, W, kvarh, kVAh";

    /// <summary>Looks a unit up; the case of its letters does not matter.</summary>
    /// <param name="unit">As it is written.</param>
    /// <param name="intervalS">Length of the interval, for power: kWh = kW × hours.</param>
    /// <param name="multiply">Times this, then divided by <paramref name="divide"/>: a third of an hour has no exact factor.</param>
    /// <param name="divide">See <paramref name="multiply"/>.</param>
    public static bool TryFind(ReadOnlySpan<char> unit, int intervalS, out int multiply, out int divide)
    {
        unit = unit.Trim();
        (multiply, divide) = (1, 1);
        if (Is(unit, "kWh") || Is(unit, "kvarh") || Is(unit, "kVAh"))
        {
            return true;
        }

        if (Is(unit, "Wh"))
        {
            divide = 1_000;
            return true;
        }

        if (Is(unit, "MWh"))
        {
            multiply = 1_000;
            return true;
        }

        if (Is(unit, "kW"))
        {
            (multiply, divide) = (intervalS, 3_600);
            return true;
        }

        if (Is(unit, "W"))
        {
            (multiply, divide) = (intervalS, 3_600_000);
            return true;
        }

        return false;
    }

    /// <summary>True for kW and W.</summary>
    public static bool IsPower(ReadOnlySpan<char> unit) => Is(unit.Trim(), "kW") || Is(unit.Trim(), "W");

    /// <summary>The unit a series has: <c>kWh</c>, or that of reactive or apparent energy.</summary>
    public static string OfSeries(ReadOnlySpan<char> unit)
    {
        unit = unit.Trim();
        return Is(unit, "kvarh") ? "kvarh" : Is(unit, "kVAh") ? "kVAh" : "kWh";
    }

    private static bool Is(ReadOnlySpan<char> unit, string known) => unit.Equals(known, StringComparison.OrdinalIgnoreCase);
}
