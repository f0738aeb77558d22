namespace Rondo.Polling.Slots;

/// <summary>
/// The schedule in force for a group from an instant until another. Slots are arithmetic: <c>From ≤ slot &lt; Until</c> and
/// <c>(slot − Phase) mod Interval = 0</c>. All in microseconds since the epoch.
/// </summary>
/// <param name="No">Number of the plan within its group, from 1.</param>
/// <param name="From">First instant.</param>
/// <param name="Until">First instant after it; <see cref="Open"/> while it is in force.</param>
/// <param name="Interval">Distance of two slots; at least 100 ms.</param>
/// <param name="Phase">Offset of the grid, 0 ≤ phase &lt; interval.</param>
public readonly record struct Plan(int No, long From, long Until, long Interval, long Phase)
{
    /// <summary>End of a plan that has none yet.</summary>
    public const long Open = long.MaxValue;

    /// <summary>True for a slot of this plan.</summary>
    public bool Contains(long slot) => slot >= From && slot < Until && Remainder(slot - Phase, Interval) == 0;

    /// <summary>The first slot at or after <paramref name="at"/>, or null when the plan ends before it.</summary>
    public long? FirstFrom(long at)
    {
        var slot = AtOrAfter(Math.Max(at, From));
        return slot < Until ? slot : null;
    }

    /// <summary>The last slot at or before <paramref name="at"/>, or null when there is none.</summary>
    public long? LastUpTo(long at)
    {
        var bound = Until == Open ? at : Math.Min(at, Until - 1);
        var slot = bound - Remainder(bound - Phase, Interval);
        return slot >= From ? slot : null;
    }

    /// <summary>How many slots fall in <c>[from, until)</c>.</summary>
    public long Count(long from, long until)
    {
        var begin = Math.Max(from, From);
        var end = Math.Min(until, Until);
        if (end <= begin)
        {
            return 0;
        }

        var first = AtOrAfter(begin);
        return first >= end ? 0 : ((end - 1 - first) / Interval) + 1;
    }

    private static long Remainder(long value, long interval)
    {
        var remainder = value % interval;
        return remainder < 0 ? remainder + interval : remainder;
    }

    private long AtOrAfter(long at)
    {
        var remainder = Remainder(at - Phase, Interval);
        return remainder == 0 ? at : at + Interval - remainder;
    }
}
