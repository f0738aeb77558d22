namespace Rondo.Metrics;

/// <summary>
/// Durations, counted in buckets of fixed bounds: ten a decade from 1 µs to 100 s, so a percentile is right within a quarter. One is about 700 bytes, whatever is added. Adding
/// takes some nanoseconds, allocates nothing and waits for nobody; may be done by any thread.
/// </summary>
public sealed class Timing
{
    /// <summary>Longest window of <see cref="Recent"/>, in calls of <see cref="Roll"/>.</summary>
    public const int Window = 5;

    private static readonly long[] _bounds = Bounds();
    private readonly long[] _counts = new long[_bounds.Length + 1];
    private readonly Queue<TimingCounts> _earlier = new();
    private long _ticks;

    /// <summary>Also told of each duration, in seconds; null for nobody. For an exporter that keeps its own books.</summary>
    public Action<double>? Mirror { get; set; }

    /// <summary>Adds a duration; a negative one counts as none.</summary>
    public void Add(TimeSpan duration)
    {
        var ticks = Math.Max(0, duration.Ticks);
        var found = Array.BinarySearch(_bounds, ticks);
        Interlocked.Increment(ref _counts[found < 0 ? ~found : found]);
        Interlocked.Add(ref _ticks, ticks);
        Mirror?.Invoke(duration.TotalSeconds);
    }

    /// <summary>Everything since the start.</summary>
    public TimingCounts Total
    {
        get
        {
            var counts = new long[_counts.Length];
            for (var i = 0; i < counts.Length; i++)
            {
                counts[i] = Interlocked.Read(ref _counts[i]);
            }

            return new TimingCounts(counts, Interlocked.Read(ref _ticks));
        }
    }

    /// <summary>What was added since the <see cref="Window"/>th last call of <see cref="Roll"/>, or since the start when there were fewer.</summary>
    public TimingCounts Recent
    {
        get
        {
            lock (_earlier)
            {
                return _earlier.Count < Window ? Total : Total.Since(_earlier.Peek());
            }
        }
    }

    /// <summary>Begins a new part of the window; to be called at a steady pace.</summary>
    public void Roll()
    {
        lock (_earlier)
        {
            if (_earlier.Count == Window)
            {
                _earlier.Dequeue();
            }

            _earlier.Enqueue(Total);
        }
    }

    internal static int IndexOf(double seconds) => Array.BinarySearch(_bounds, (long)Math.Round(seconds * TimeSpan.TicksPerSecond));

    internal static (double From, double To) SecondsOf(int bucket) => (
        bucket == 0 ? 0 : _bounds[bucket - 1] / (double)TimeSpan.TicksPerSecond,
        _bounds[Math.Min(bucket, _bounds.Length - 1)] / (double)TimeSpan.TicksPerSecond);

    private static long[] Bounds()
    {
        double[] steps = [1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.4, 8];
        var bounds = new List<long>();
        for (long decade = TimeSpan.TicksPerMicrosecond; decade < 100 * TimeSpan.TicksPerSecond; decade *= 10)
        {
            bounds.AddRange(steps.Select(step => (long)Math.Round(step * decade)));
        }

        return [.. bounds, 100 * TimeSpan.TicksPerSecond];
    }
}
