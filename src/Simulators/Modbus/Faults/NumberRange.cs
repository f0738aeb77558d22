using System.Runtime.InteropServices;

namespace Rondo.Simulators.Modbus;

/// <summary>Consecutive numbers, both ends included.</summary>
/// <param name="From">First.</param>
/// <param name="To">Last.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct NumberRange(int From, int To)
{
    /// <summary>True when <paramref name="number"/> is one of them.</summary>
    public bool Contains(int number) => number >= From && number <= To;

    /// <summary><c>7</c> or <c>3-7</c>.</summary>
    public override string ToString() => From == To ? $"{From}" : $"{From}-{To}";

    /// <summary>Reads <c>7</c> or <c>3-7</c>.</summary>
    public static bool TryParse(string text, out NumberRange range)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        var first = dash < 0 ? text : text[..dash];
        var last = dash < 0 ? text : text[(dash + 1)..];
        if (Digits(first, out var from) && Digits(last, out var to) && from <= to)
        {
            range = new NumberRange(from, to);
            return true;
        }

        range = default;
        return false;

        static bool Digits(string text, out int number) => int.TryParse(text, System.Globalization.NumberStyles.None, null, out number);
    }
}
