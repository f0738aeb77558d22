using System.Globalization;

namespace Rondo.Host.Settings;

/// <summary>Sizes of files as they are written in settings: a whole number with KB, MB or GB, of a thousand each.</summary>
internal static class Sizes
{
    private static readonly (string Unit, long Bytes)[] _units = [("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)];

    /// <summary>Bytes, or null for what is no size.</summary>
    public static long? Parse(string text)
    {
        foreach (var (unit, bytes) in _units)
        {
            if (text.EndsWith(unit, StringComparison.OrdinalIgnoreCase) && int.TryParse(text[..^unit.Length].TrimEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return number * bytes;
            }
        }

        return null;
    }
}
