using System.Globalization;
using System.Text.Json;

namespace Rondo.Polling.Configuration;

/// <summary>A duration within bounds, in whole steps.</summary>
internal sealed class DurationCodec(TimeSpan least, TimeSpan most, TimeSpan step) : Codec<TimeSpan>
{
    public override string? Read(string text, out TimeSpan value) =>
        Durations.TryParse(text, out value) ? null : $"is not a duration; expected {Durations.Expected}";

    public override string? Check(TimeSpan value) =>
        value < least || value > most ? $"is out of range; expected {Durations.Show(least)} to {Durations.Show(most)}"
        : value.Ticks % step.Ticks != 0 ? $"is too fine; expected a multiple of {Durations.Show(step)}"
        : null;

    public override string Show(TimeSpan value) => Durations.Show(value);
}

/// <summary>A whole number within bounds, decimal or 0x hexadecimal.</summary>
internal sealed class WholeCodec(int least, int most) : Codec<int>
{
    public override string? Read(string text, out int value)
    {
        var read = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? int.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value) && value >= 0
            : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
        return read ? null : $"is not a whole number; expected {least} to {most}";
    }

    public override string? Check(int value) => value < least || value > most ? $"is out of range; expected {least} to {most}" : null;

    public override string Show(int value) => value.ToString(CultureInfo.InvariantCulture);

    public override void Write(Utf8JsonWriter json, int value) => json.WriteNumberValue(value);
}

/// <summary>A decimal number.</summary>
internal sealed class DecimalCodec(bool zeroAllowed) : Codec<decimal>
{
    // Dividing by one with all its decimals drops trailing zeros: 0.10 and 0.1 are one text.
    private const decimal One = 1.0000000000000000000000000000m;

    public override string? Read(string text, out decimal value) =>
        decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) ? null : "is not a number; expected one such as 0.1, 1000, 1e-3";

    public override string? Check(decimal value) => value == 0 && !zeroAllowed ? "is zero, which would lose every value; expected any other number" : null;

    public override string Show(decimal value) => (value / One).ToString(CultureInfo.InvariantCulture);

    public override void Write(Utf8JsonWriter json, decimal value) => json.WriteNumberValue(value / One);
}

/// <summary>Yes or no.</summary>
internal sealed class FlagCodec : Codec<bool>
{
    public override string? Read(string text, out bool value)
    {
        value = text.ToLowerInvariant() is "true" or "yes" or "on";
        return value || text.ToLowerInvariant() is "false" or "no" or "off" ? null : "is neither true nor false; expected true or false";
    }

    public override string Show(bool value) => value ? "true" : "false";

    public override void Write(Utf8JsonWriter json, bool value) => json.WriteBooleanValue(value);
}

/// <summary>A raw bit pattern; hexadecimal in text and JSON, because JSON numbers lose bits beyond 2^53 in many readers.</summary>
internal sealed class PatternCodec : Codec<ulong>
{
    public override string? Read(string text, out ulong value)
    {
        var read = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
            : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        return read ? null : "is not a bit pattern; expected one such as 0x8000 or 65535";
    }

    public override string Show(ulong value) => "0x" + value.ToString("X4", CultureInfo.InvariantCulture);
}
