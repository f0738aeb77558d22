namespace Rondo.Security;

/// <summary>
/// How often somebody may do something: so many at once, then so many a second. What is refused is not counted, so that whoever keeps on is not held up for ever. Of at most
/// <see cref="Most"/> it is remembered; beyond, those that came longest ago are forgotten, and may as if they had never.
/// </summary>
/// <param name="time">Time.</param>
/// <param name="perSecond">How many a second.</param>
/// <param name="atOnce">How many at once.</param>
public sealed class Pace(TimeProvider time, double perSecond, int atOnce)
{
    /// <summary>Most that are remembered at once.</summary>
    public const int Most = 10_000;

    private readonly Dictionary<string, (double Left, long At)> _who = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>How many are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _who.Count;
            }
        }
    }

    /// <summary>Counts one; how long it would have to wait when it may not be, else null.</summary>
    public TimeSpan? Take(string who)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            var (left, at) = _who.GetValueOrDefault(who, (atOnce, now));
            left = Math.Min(atOnce, left + (time.GetElapsedTime(at, now).TotalSeconds * perSecond));
            _who[who] = left >= 1 ? (left - 1, now) : (left, now);
            if (_who.Count > Most)
            {
                foreach (var old in _who.OrderBy(w => w.Value.At).Take(Most / 10).Select(w => w.Key).ToList())
                {
                    _who.Remove(old);
                }
            }

            return left >= 1 ? null : TimeSpan.FromSeconds((1 - left) / perSecond);
        }
    }
}
