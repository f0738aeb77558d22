namespace Rondo.Loops;

/// <summary>
/// Growing delays with full jitter: the n-th delay is uniform between zero and <c>min(cap, first × 2ⁿ)</c>, so that many callers
/// who failed together do not come back together. Not thread-safe.
/// </summary>
/// <param name="first">Upper bound of the first delay.</param>
/// <param name="cap">Upper bound of every delay.</param>
/// <param name="random">Chance is an input.</param>
public sealed class Backoff(TimeSpan first, TimeSpan cap, Random random)
{
    private int _step;

    /// <summary>How many delays have been handed out since the last <see cref="Reset"/>.</summary>
    public int Step => _step;

    /// <summary>The next delay.</summary>
    public TimeSpan Next()
    {
        var bound = Math.Min(cap.Ticks, first.Ticks * Math.Pow(2, Math.Min(_step, 40)));
        _step++;
        return TimeSpan.FromTicks((long)(bound * random.NextDouble()));
    }

    /// <summary>Starts over after a success.</summary>
    public void Reset() => _step = 0;
}
