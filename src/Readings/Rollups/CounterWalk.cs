using Rondo.Readings.Swaps;

namespace Rondo.Readings.Rollups;

/// <summary>
/// How much a counter rose from one reading to the next. What a reading says depends on one before it and two after it, and on nothing else, so that a late reading changes no more than its neighbours.
/// </summary>
/// <remarks>
/// A reading below the one before it is a reset only when the next one confirms it by being below that one too. When the next one is not, the low one is a slip: it counts for nothing, and the rise is from the
/// one before it to the one after it. While there is no next one nothing is decided. After a reset the counter began at zero; with a known modulus it may have gone over the top, which
/// is taken to be so when that is the shorter way: less than half of the modulus. Across a declared swap of the meter nothing of this is guessed: it rose by what the old one counted to its end and the new one from its start.
/// </remarks>
internal static class CounterWalk
{
    /// <summary>Readings before one whose rise may change with it.</summary>
    public const int Behind = 2;

    /// <summary>The rise from <paramref name="points"/>[<paramref name="j"/>] to the next reading that counts; null when there is none, or none that can be told.</summary>
    /// <param name="points">Readings in order, with at least one before and two after <paramref name="j"/> where there are any.</param>
    /// <param name="j">Which.</param>
    /// <param name="modulus">Where the counter starts over; null when nobody knows.</param>
    /// <param name="swaps">Declared swaps of its meter, in order.</param>
    public static (decimal? Rise, long Until)? From(IReadOnlyList<Point> points, int j, double? modulus, IReadOnlyList<Swap> swaps)
    {
        if (IsSlip(points, j, swaps) || j + 1 >= points.Count)
        {
            return null;
        }

        var next = IsSlip(points, j + 1, swaps) ? j + 2 : j + 1;
        var (from, to) = (points[j].Value, points[next].Value);
        if (Within(swaps, points[j], points[next]) is { Count: > 0 } across)
        {
            // Of a meter between two others nobody knows what it counted.
            return (across is [var swap] ? Across(from, swap, to) : null, points[next].At);
        }

        if (to >= from)
        {
            return (Exact.Of(to) - Exact.Of(from), points[next].At);
        }

        // What another meter says next confirms nothing.
        if (next + 1 >= points.Count || Within(swaps, points[next], points[next + 1]).Count > 0)
        {
            return null;
        }

        var over = Exact.Of(modulus ?? double.NaN) - Exact.Of(from) + Exact.Of(to);
        return (over >= 0 && over < Exact.Of(modulus!.Value) / 2 ? over : Exact.Of(to), points[next].At);
    }

    // The one before a slip is never a slip itself: after a slip comes a reading that is higher than it.
    private static bool IsSlip(IReadOnlyList<Point> points, int i, IReadOnlyList<Swap> swaps) =>
        i > 0 && i + 1 < points.Count && points[i].Value < points[i - 1].Value && points[i + 1].Value >= points[i - 1].Value && Within(swaps, points[i - 1], points[i + 1]).Count == 0;

    private static IReadOnlyList<Swap> Within(IReadOnlyList<Swap> swaps, Point earlier, Point later) => swaps.Count == 0 ? swaps : [.. swaps.Where(s => s.At > earlier.At && s.At <= later.At)];

    private static decimal? Across(double from, Swap swap, double to)
    {
        var rise = Exact.Of(swap.OldEnd ?? from) - Exact.Of(from) + Exact.Of(to) - Exact.Of(swap.NewStart ?? to);

        // Readings that came later may contradict what was declared: unknown is better than wrong.
        return rise >= 0 ? rise : null;
    }
}
