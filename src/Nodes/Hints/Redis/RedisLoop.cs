using Rondo.Loops;

namespace Rondo.Nodes;

/// <summary>
/// Connects to Redis and hears the hints of other processes there. A pass waits 15 s at most; a lost link is made again after a growing delay, and then everybody is
/// woken once. That Redis is away is no failed pass: a failing loop is a reason of health at once and a line in the log each time, and nothing depends on this one.
/// </summary>
internal sealed class RedisLoop : Loop
{
    private readonly Hints _hints;
    private readonly RedisCarrier _carrier;
    private readonly Backoff _backoff;
    private RedisLink? _connected;

    public RedisLoop(Hints hints, RedisCarrier carrier, TimeProvider time, Chance chance)
        : base("hints.redis", time)
    {
        _hints = hints;
        _carrier = carrier;
        _backoff = new Backoff(BackoffRange.First, BackoffRange.Cap, chance.For("hints.redis.retry"));
    }

    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        // Taken out while in use, as by HintListenLoop. On a stop it is left to the carrier, since the last hints are told when the loops have ended.
        var link = Interlocked.Exchange(ref _connected, null);
        try
        {
            if (link is null)
            {
                link = await _carrier.ConnectAsync(stop).ConfigureAwait(false);
                _hints.MayHaveMissed();
            }

            await link.HearAsync(Hear, stop).ConfigureAwait(false);
        }
        catch (RedisFault fault)
        {
            _carrier.Lost(link, fault);
            return _backoff.Next();
        }

        // Not when it is connected: a Redis that accepts everybody and hangs up at once must not be asked ten times a second, waking everybody each time.
        _backoff.Reset();
        if (Interlocked.Exchange(ref _connected, link) is { } other)
        {
            other.Dispose();
        }

        return TimeSpan.Zero;
    }

    private void Hear(string payload)
    {
        if (_hints.Heard(payload))
        {
            _carrier.Received();
        }
    }
}
