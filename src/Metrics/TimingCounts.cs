namespace Rondo.Metrics;

/// <summary>What a <see cref="Timing"/> held at one moment.</summary>
public sealed class TimingCounts
{
    private readonly long[] _counts;
    private readonly long _ticks;

    internal TimingCounts(long[] counts, long ticks)
    {
        _counts = counts;
        _ticks = ticks;
        Count = counts.Sum();
    }

    /// <summary>How many durations.</summary>
    public long Count { get; }

    /// <summary>Their sum, in seconds.</summary>
    public double Sum => _ticks / (double)TimeSpan.TicksPerSecond;

    /// <summary>How many are no longer than <paramref name="seconds"/>, which is one of the bounds: 1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.4 or 8 times a power of ten.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none of them.</exception>
    public long AtMost(double seconds)
    {
        var last = Timing.IndexOf(seconds);
        ArgumentOutOfRangeException.ThrowIfNegative(last, nameof(seconds));
        var count = 0L;
        for (var i = 0; i <= last; i++)
        {
            count += _counts[i];
        }

        return count;
    }

    /// <summary>The duration below which <paramref name="fraction"/> of all lie, in seconds; null without any. Beyond 100 s it says 100.</summary>
    /// <param name="fraction">0 to 1.</param>
    public double? Percentile(double fraction)
    {
        if (Count == 0)
        {
            return null;
        }

        var rank = Math.Max(1, fraction * Count);
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            if (_counts[bucket] >= rank)
            {
                var (from, to) = Timing.SecondsOf(bucket);
                return from + ((to - from) * rank / _counts[bucket]);
            }

            rank -= _counts[bucket];
        }

        return Timing.SecondsOf(_counts.Length - 1).To;
    }

    internal TimingCounts Since(TimingCounts earlier) => new([.. _counts.Zip(earlier._counts, (now, then) => now - then)], _ticks - earlier._ticks);
}
