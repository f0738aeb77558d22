namespace Rondo.Jobs;

/// <summary>How long to wait before the next attempt.</summary>
public sealed class RetryPolicy
{
    private readonly TimeSpan[] _list;
    private readonly TimeSpan _cap;
    private readonly double _jitter;

    private RetryPolicy(TimeSpan[] list, TimeSpan cap, double jitter)
    {
        _list = list;
        _cap = cap;
        _jitter = jitter;
    }

    /// <summary>10 s, 30 s, 60 s, and 60 s from then on.</summary>
    public static RetryPolicy Default { get; } = List(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60));

    /// <summary>Delay n precedes attempt n + 1; the last one is used again for all that follow.</summary>
    /// <exception cref="ArgumentException">No delay, or a negative one.</exception>
    public static RetryPolicy List(params TimeSpan[] delays) => delays.Length > 0 && Array.TrueForAll(delays, d => d >= TimeSpan.Zero)
        ? new RetryPolicy([.. delays], TimeSpan.MaxValue, 0)
        : throw new ArgumentException("a list of retry delays needs at least one, none of them negative", nameof(delays));

    /// <summary>The first delay, doubled each time up to <paramref name="cap"/>, spread by ± <paramref name="jitter"/>.</summary>
    /// <param name="first">Before the second attempt.</param>
    /// <param name="cap">Longest delay.</param>
    /// <param name="jitter">Share of the delay, 0 to 1; default 0.1.</param>
    public static RetryPolicy Exponential(TimeSpan first, TimeSpan cap, double jitter = 0.1) => first > TimeSpan.Zero && cap >= first && jitter is >= 0 and <= 1
        ? new RetryPolicy([first], cap, jitter)
        : throw new ArgumentException("exponential retries need 0 < first <= cap and a jitter from 0 to 1", nameof(first));

    /// <summary>The delay after attempt <paramref name="attempt"/> (the first is 1).</summary>
    public TimeSpan After(int attempt, Random random)
    {
        if (_cap == TimeSpan.MaxValue)
        {
            return _list[Math.Min(Math.Max(attempt, 1), _list.Length) - 1];
        }

        var doubled = Math.Min(_cap.Ticks, _list[0].Ticks * Math.Pow(2, Math.Min(attempt - 1, 40)));
        return TimeSpan.FromTicks((long)(doubled * (1 + (_jitter * ((2 * random.NextDouble()) - 1)))));
    }
}
