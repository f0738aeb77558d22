namespace Rondo.Storage.Sqlite;

/// <summary>Who held the write lane lately, and for how long; so that whoever waited can be told for whom. Of whoever writes: used by one thread at a time.</summary>
internal sealed class LaneHolders(TimeProvider time)
{
    /// <summary>Who takes less keeps nobody waiting that anybody would ask about.</summary>
    private static readonly TimeSpan _least = TimeSpan.FromMilliseconds(5);

    private readonly (string Who, long From, long To)[] _last = new (string, long, long)[16];
    private int _next;

    /// <summary>Somebody held it from <paramref name="from"/> until now.</summary>
    public void Held(string who, long from)
    {
        var now = time.GetTimestamp();
        if (time.GetElapsedTime(from, now) >= _least)
        {
            _last[_next] = (who, from, now);
            _next = (_next + 1) % _last.Length;
        }
    }

    /// <summary>Who held it for most of the time since <paramref name="since"/>, in words; null when nobody held it for long.</summary>
    public string? Since(long since)
    {
        var held = _last.Where(h => h.Who is not null && h.To > since)
            .GroupBy(h => h.Who, h => time.GetElapsedTime(Math.Max(h.From, since), h.To))
            .Select(g => (Who: g.Key, For: g.Aggregate(TimeSpan.Zero, (sum, one) => sum + one)))
            .OrderByDescending(h => h.For).ToList();
        return held.Count == 0 ? null : $"{held[0].Who} held it for {held[0].For.TotalMilliseconds:0} ms{(held.Count > 1 ? $", {held[1].Who} for {held[1].For.TotalMilliseconds:0} ms" : "")}";
    }
}
