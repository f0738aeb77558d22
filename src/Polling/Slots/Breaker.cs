namespace Rondo.Polling.Slots;

/// <summary>
/// Keeps a device (or an endpoint) that fails again and again from costing the others their time: from <c>threshold</c> failures in a row on, one
/// probe per growing delay, everything else is not even tried. Instants are database time in microseconds.
/// </summary>
/// <param name="threshold">Failures in a row before it opens; at least 1.</param>
/// <param name="first">First delay in microseconds.</param>
/// <param name="cap">Longest delay in microseconds.</param>
/// <param name="random">Where in its range a delay falls, so that what died together is not probed together.</param>
/// <param name="spread">
/// How much of the delay is left to chance, 0 to 1. Default a half: a unit behind a gateway costs the others its timeout with each probe, so a probe never
/// comes at once. 1 is full jitter, for connections: thousands of clients of one router that was restarted must not come back together.
/// </param>
public sealed class Breaker(int threshold, long first, long cap, Random random, double spread = 0.5)
{
    private int _step;

    /// <summary>Failures in a row.</summary>
    public int Failures { get; private set; }

    /// <summary>When the next probe may go; 0 while closed.</summary>
    public long OpenUntil { get; private set; }

    /// <summary>True from the threshold on, until a success.</summary>
    public bool IsOpen => OpenUntil != 0;

    /// <summary>True when <paramref name="now"/> is no time to try. A wait longer than the longest delay is none of ours: the clock was set back since.</summary>
    public bool Blocks(long now) => now < OpenUntil && OpenUntil - now <= cap;

    /// <summary>An answer came: closed.</summary>
    public void Succeeded()
    {
        Failures = 0;
        OpenUntil = 0;
        _step = 0;
    }

    /// <summary>No answer came.</summary>
    public void Failed(long now)
    {
        Failures++;
        if (Failures >= threshold)
        {
            var bound = (long)Math.Min(cap, first * Math.Pow(2, Math.Min(_step, 40)));
            _step++;
            OpenUntil = now + bound - (long)(random.NextDouble() * spread * bound);
        }
    }

    /// <summary>Lets the next try through at once, without forgetting the failures (the connection came back, somebody asked).</summary>
    public void AllowProbe() => OpenUntil = OpenUntil == 0 ? 0 : 1;

    /// <summary>Takes over what a former owner knew.</summary>
    public void Restore(int failures, long openUntil)
    {
        Failures = failures;
        OpenUntil = failures >= threshold ? Math.Max(1, openUntil) : 0;
    }
}
