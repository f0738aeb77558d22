using System.Globalization;

namespace Rondo.Live.Log;

/// <summary>The place of an event in the log, as clients keep it: epoch, number and stamp. For them it is one opaque text.</summary>
/// <param name="Epoch">Name of the log.</param>
/// <param name="Id">Number of the event; 0 for before the first.</param>
/// <param name="Stamp">Stamp of the event; 0 for before the first.</param>
public readonly record struct ResumeToken(string Epoch, long Id, int Stamp)
{
    /// <summary>Longest text that can be one.</summary>
    public const int Longest = 64;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Epoch}-{Id}-{Stamp:x}");

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(string? text, out ResumeToken token)
    {
        token = default;
        if (text is null || text.Length > Longest || text.Split('-') is not [{ Length: > 0 } epoch, var number, var stamp])
        {
            return false;
        }

        if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || !int.TryParse(stamp, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var mark) || mark < 0)
        {
            return false;
        }

        token = new ResumeToken(epoch, id, mark);
        return true;
    }
}
