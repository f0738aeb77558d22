namespace Rondo.Readings.Rollups;

/// <summary>
/// What is known of one bucket of one series, in parts of which the parts of a coarser bucket can be made: counts and sums add up, the lowest of the lowest is the lowest, the first is the first of the first.
/// </summary>
internal sealed class Parts
{
    /// <summary>Where the bucket begins.</summary>
    public long At { get; init; }

    /// <summary>Readings in it.</summary>
    public int Readings { get; set; }

    /// <summary>Of those, not plainly good.</summary>
    public int Suspect { get; set; }

    /// <summary>Readings that were planned in it; null when nobody knows.</summary>
    public int? Expected { get; set; }

    /// <summary>Their sum; null when it cannot be told exactly (<see cref="Exact"/>).</summary>
    public decimal? Total { get; set; } = 0;

    /// <summary>The lowest.</summary>
    public double Low { get; set; } = double.PositiveInfinity;

    /// <summary>The highest.</summary>
    public double High { get; set; } = double.NegativeInfinity;

    /// <summary>The first.</summary>
    public double First { get; set; }

    /// <summary>The last.</summary>
    public double Last { get; set; }

    /// <summary>By how much a counter rose from one reading to the next, told where the first of the two lies; null for what is no counter, and when it is unknown.</summary>
    public decimal? Delta { get; set; }

    /// <summary>The same across holes: it is not known when in the hole it rose.</summary>
    public decimal? Unallocated { get; set; }

    /// <summary>Takes in a reading that comes after all others.</summary>
    public void Add(double value, bool isSuspect)
    {
        First = Readings == 0 ? value : First;
        Last = value;
        Readings++;
        Suspect += isSuspect ? 1 : 0;
        Low = Math.Min(Low, value);
        High = Math.Max(High, value);
        Total = Exact.Sum(Total, Exact.Of(value));
    }

    /// <summary>Takes in a finer bucket that comes after all others.</summary>
    public void Add(Parts finer)
    {
        First = Readings == 0 ? finer.First : First;
        Last = finer.Last;
        Low = Math.Min(Low, finer.Low);
        High = Math.Max(High, finer.High);
        Total = Exact.Sum(Total, finer.Total);
        Delta = Readings == 0 ? finer.Delta : Exact.Sum(Delta, finer.Delta);
        Unallocated = Readings == 0 ? finer.Unallocated : Exact.Sum(Unallocated, finer.Unallocated);
        Readings += finer.Readings;
        Suspect += finer.Suspect;
    }

    /// <summary>The parts of a bucket out of those of the finer ones in it, which are in order and at least one.</summary>
    public static Parts Fold(long at, IEnumerable<Parts> finer)
    {
        var parts = new Parts { At = at };
        foreach (var one in finer)
        {
            parts.Add(one);
        }

        return parts;
    }
}
