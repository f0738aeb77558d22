using Rondo.Live.Pusher;
using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>Tells readings: those of this process as they are committed, on PostgreSQL those of other nodes when these say that there are some, and once a second in any case.</summary>
internal sealed class ReadingsLoop : Loop
{
    // Looking has a sixth of this loop's time at most, however often there is news.
    private const int Share = 5;
    private static readonly TimeSpan _sayEvery = TimeSpan.FromSeconds(1);
    private readonly FeedHub _hub;
    private readonly Database _database;
    private readonly INewestReadings? _newest;
    private readonly string _node;
    private readonly bool _isShared;
    private readonly Action<string> _tell;
    private long _lookedAt = long.MinValue;
    private long _saidAt = long.MinValue;
    private TimeSpan _took;
    private int _isNews;

    /// <summary>The loop of one process.</summary>
    /// <param name="hub">Its clients.</param>
    /// <param name="database">Where other nodes store theirs.</param>
    /// <param name="newest">Reads them.</param>
    /// <param name="node">This one.</param>
    /// <param name="tell">Tells other nodes that readings are wanted here.</param>
    /// <param name="time">Time.</param>
    public ReadingsLoop(FeedHub hub, Database database, INewestReadings? newest, string node, Action<string> tell, TimeProvider time)
        : base("live.readings", time)
    {
        (_hub, _database, _newest, _node, _tell) = (hub, database, newest, node, tell);
        _isShared = database.Dialect == Dialect.Postgres && newest is not null;
        hub.Hot.Wake = Wake;
    }

    /// <summary>Another node has committed readings.</summary>
    public void News()
    {
        if (_hub.Hot.IsWanted && Interlocked.Exchange(ref _isNews, 1) == 0)
        {
            Wake();
        }
    }

    protected override bool OwnThread => true;

    protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        var news = _hub.Hot.Take();
        foreach (var readings in news.Values)
        {
            _hub.Take(readings);
        }

        news.Clear();
        if (!_isShared || !_hub.Hot.IsWanted)
        {
            return new(_sayEvery);
        }

        if (Since(_saidAt) >= _sayEvery)
        {
            _saidAt = Time.GetTimestamp();
            _tell(ReadingsNewsLoop.WantedTopic);
        }

        var gap = Volatile.Read(ref _isNews) == 0 ? _hub.Options.LookEvery : _took * Share > ReadingsNewsLoop.Gap ? _took * Share : ReadingsNewsLoop.Gap;
        var rest = (gap < _hub.Options.LookEvery ? gap : _hub.Options.LookEvery) - Since(_lookedAt);
        if (rest > TimeSpan.Zero)
        {
            return new(rest < _sayEvery ? rest : _sayEvery);
        }

        _lookedAt = Time.GetTimestamp();
        Interlocked.Exchange(ref _isNews, 0);
        using (Expect(TimeSpan.FromSeconds(30)))
        {
            var wanted = ReadingsWanted.Of(_hub.TopicsWithReadings()) with { NotOf = _node };
            foreach (var piece in _newest!.ReadAsync(_database, wanted, stop).ToBlockingEnumerable(stop))
            {
                Beat();
                foreach (var readings in piece)
                {
                    _hub.Take(readings);
                }
            }
        }

        _took = Since(_lookedAt);
        return new(_hub.Options.LookEvery < _sayEvery ? _hub.Options.LookEvery : _sayEvery);
    }

    private TimeSpan Since(long at) => at == long.MinValue ? TimeSpan.MaxValue : Time.GetElapsedTime(at);
}

/// <summary>Looks after clients once a second: who has not said who it is, whose token has ended, who is silent or takes nothing; and sends heartbeats.</summary>
internal sealed class ClientsLoop(FeedHub hub, TimeProvider time) : Loop("live.clients", time)
{
    private static readonly TimeSpan _every = TimeSpan.FromSeconds(1);

    protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        var now = Time.GetTimestamp();
        var at = hub.Now;
        FeedMessage? heartbeat = null;
        foreach (var client in hub.Clients())
        {
            if (client.IsStuck(now))
            {
                // Whoever was closed before has been counted as that.
                if (client.Close is null)
                {
                    hub.Counters.Lost();
                }

                client.Abort();
            }
            else if (client.Pusher is not null)
            {
                PusherUpkeep.Look(hub, client, now, at);
            }
            else if (client.Caller is not { } caller)
            {
                if (Time.GetElapsedTime(client.ConnectedAt, now) >= hub.Options.AuthWithin)
                {
                    client.End(FeedClose.AuthTimeout);
                }
            }
            else if (caller.ExpiresAt is { } ends && ends <= at)
            {
                client.End(FeedClose.Expired);
            }
            else if (client.Transport.IsTwoWay && !client.IsCatchingUp && Time.GetElapsedTime(client.HeardAt, now) >= hub.Options.Silence)
            {
                hub.LetGo(client);
            }
            else if (Time.GetElapsedTime(client.BeatAt, now) >= hub.Options.Heartbeat)
            {
                client.BeatAt = now;
                client.Offer(heartbeat ??= FeedWriter.Heartbeat(at));
            }
        }

        return new(_every);
    }
}
