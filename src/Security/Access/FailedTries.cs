namespace Rondo.Security;

/// <summary>
/// Counts tries that failed, by whoever tried (an address, a name), and makes them wait: after <paramref name="free"/> of them 1 s, then twice as long each time, at most
/// <paramref name="longest"/>. A success wipes it out, and so does a quiet time of ten times that. Of at most <see cref="Most"/>; beyond, those that failed longest ago are forgotten.
/// </summary>
/// <param name="time">Time.</param>
/// <param name="free">Failures before anybody has to wait.</param>
/// <param name="longest">The longest wait.</param>
public sealed class FailedTries(TimeProvider time, int free, TimeSpan longest)
{
    /// <summary>Most that are counted at once.</summary>
    public const int Most = 10_000;

    private readonly Dictionary<string, Tries> _tries = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>How many are counted.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _tries.Count;
            }
        }
    }

    /// <summary>How long <paramref name="who"/> still has to wait; zero for not at all.</summary>
    public TimeSpan Wait(string who)
    {
        lock (_gate)
        {
            if (!_tries.TryGetValue(who, out var tries) || tries.Failures < free)
            {
                return TimeSpan.Zero;
            }

            var left = WaitAfter(tries.Failures) - time.GetElapsedTime(tries.At);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>It failed again.</summary>
    public void Failed(string who)
    {
        lock (_gate)
        {
            var failures = _tries.TryGetValue(who, out var tries) && time.GetElapsedTime(tries.At) < longest * 10 ? tries.Failures : 0;
            _tries[who] = new Tries(failures + 1, time.GetTimestamp());
            if (_tries.Count > Most)
            {
                foreach (var old in _tries.OrderBy(t => t.Value.At).Take(Most / 10).Select(t => t.Key).ToList())
                {
                    _tries.Remove(old);
                }
            }
        }
    }

    /// <summary>It went well.</summary>
    public void Succeeded(string who)
    {
        lock (_gate)
        {
            _tries.Remove(who);
        }
    }

    private TimeSpan WaitAfter(int failures)
    {
        var doublings = Math.Min(failures - free, 30);
        return TimeSpan.FromSeconds(Math.Min(longest.TotalSeconds, Math.Pow(2, doublings)));
    }

    private readonly record struct Tries(int Failures, long At);
}
