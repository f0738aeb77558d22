namespace Rondo.Imports.Formats;

/// <summary>
/// Which instant a wall clock reading of a long file means. On the two days on which clocks are changed that is told by the order of the file, and where readings are ends of
/// intervals, both ways of writing them are understood: by the true clock, and as the start on the clock plus the length.
/// </summary>
internal static class LocalStarts
{
    /// <summary>The start of the interval; null when there is no such reading.</summary>
    /// <param name="zone">The zone.</param>
    /// <param name="local">What the clock says.</param>
    /// <param name="back">How far the reading is behind the start: 0 for readings of starts, the length for those of ends.</param>
    /// <param name="last">The start that was read last of the same channel.</param>
    /// <param name="length">Length of an interval.</param>
    public static long? Find(ZoneClock zone, long local, int back, long last, int length)
    {
        Span<long> found = stackalloc long[4];
        var count = zone.Map(local, out var first, out var second);
        if (count > 0)
        {
            (found[0], found[1]) = (first - back, second - back);
        }

        var all = count == 0 ? 0 : 2;
        if (back > 0 && zone.Map(local - back, out var start, out var later) > 0)
        {
            (found[all], found[all + 1]) = (start, later);
            all += 2;
        }

        found = found[..all];
        if (all == 0)
        {
            return null;
        }

        found.Sort();
        if (found[0] == found[^1])
        {
            return found[0];
        }

        // By position: what follows on the last one; else the first that is later; else it begins anew.
        if (last != long.MinValue && found.Contains(last + length))
        {
            return last + length;
        }

        // Of readings that are ends, the true clock is believed where no order tells.
        var (from, to) = count > 0 ? (first - back, second - back) : (found[0], found[^1]);
        return last == long.MinValue || from > last || to <= last ? from : to;
    }
}
