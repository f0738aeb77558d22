using System.Numerics;

namespace Rondo.Jobs.Schedules;

/// <summary>The times of day an expression fires at, as seconds from midnight.</summary>
/// <param name="Hours">Bit 0 is the hour 0.</param>
/// <param name="Minutes">Bit 0 is the minute 0.</param>
/// <param name="Seconds">Bit 0 is the second 0.</param>
internal sealed record CronTimes(ulong Hours, ulong Minutes, ulong Seconds)
{
    /// <summary>The first one of a day.</summary>
    public int First { get; } = (Lowest(Hours) * 3600) + (Lowest(Minutes) * 60) + Lowest(Seconds);

    /// <summary>The first one at or after a second of the day, or null when the day has no more.</summary>
    public int? Next(int secondOfDay)
    {
        var (hour, minute, second) = (secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60);
        if (From(Hours, hour) == hour)
        {
            if (From(Minutes, minute) == minute && From(Seconds, second) is { } sameMinute)
            {
                return (hour * 3600) + (minute * 60) + sameMinute;
            }

            if (From(Minutes, minute + 1) is { } later)
            {
                return (hour * 3600) + (later * 60) + Lowest(Seconds);
            }
        }

        return From(Hours, hour + 1) is { } next ? (next * 3600) + (Lowest(Minutes) * 60) + Lowest(Seconds) : null;
    }

    private static int Lowest(ulong bits) => BitOperations.TrailingZeroCount(bits);

    // At most 60: a shift by 64 would be none.
    private static int? From(ulong bits, int least) => (bits & (ulong.MaxValue << least)) is var left and not 0 ? Lowest(left) : null;
}
