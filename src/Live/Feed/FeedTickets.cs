using System.Security.Cryptography;

namespace Rondo.Live.Feed;

/// <summary>
/// One-time tickets for clients that cannot send a header with their handshake (browsers): whoever has a token gets one, and comes with it within half a minute, to the same node. Kept in memory; none survives
/// a restart.
/// </summary>
public sealed class FeedTickets
{
    /// <summary>How long a ticket is good.</summary>
    public static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(30);

    private const int Most = 10_000;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (FeedCaller Caller, long IssuedAt)> _tickets = [];

    internal FeedTickets(TimeProvider time) => _time = time;

    /// <summary>A ticket for <paramref name="caller"/>; null when there are too many that nobody used.</summary>
    public string? Issue(FeedCaller caller)
    {
        var now = _time.GetTimestamp();
        var ticket = RandomNumberGenerator.GetHexString(40, lowercase: true);
        lock (_gate)
        {
            foreach (var old in _tickets.Where(t => _time.GetElapsedTime(t.Value.IssuedAt, now) > GoodFor).Select(t => t.Key).ToArray())
            {
                _tickets.Remove(old);
            }

            return _tickets.Count < Most && _tickets.TryAdd(ticket, (caller, now)) ? ticket : null;
        }
    }

    /// <summary>Who it was given to, once; null when it is not good (any more).</summary>
    public FeedCaller? Redeem(string ticket)
    {
        lock (_gate)
        {
            return _tickets.Remove(ticket, out var found) && _time.GetElapsedTime(found.IssuedAt) <= GoodFor ? found.Caller : null;
        }
    }

    internal void Revoke(string token)
    {
        lock (_gate)
        {
            foreach (var ticket in _tickets.Where(t => t.Value.Caller.TokenId == token).Select(t => t.Key).ToArray())
            {
                _tickets.Remove(ticket);
            }
        }
    }
}
