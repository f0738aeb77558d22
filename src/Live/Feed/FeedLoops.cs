using Rondo.Live.Pusher;
using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>Tells readings: those of this process as they are committed, on PostgreSQL those of other nodes once a second.</summary>
internal sealed class ReadingsLoop : Loop
{
    private static readonly TimeSpan _lookEvery = TimeSpan.FromSeconds(1);
    private readonly FeedHub _hub;
    private readonly Database _database;
    private readonly INewestReadings? _newest;
    private readonly string _node;
    private readonly bool _isShared;
    private long _lookedAt;

    public ReadingsLoop(FeedHub hub, Database database, INewestReadings? newest, string node, TimeProvider time)
        : base("live.readings", time)
    {
        (_hub, _database, _newest, _node) = (hub, database, newest, node);
        _isShared = database.Dialect == Dialect.Postgres && newest is not null;
        hub.Hot.Wake = Wake;
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
            return new(_lookEvery);
        }

        var rest = _lookEvery - Time.GetElapsedTime(_lookedAt);
        if (rest > TimeSpan.Zero)
        {
            return new(rest);
        }

        _lookedAt = Time.GetTimestamp();
        using (Expect(TimeSpan.FromSeconds(30)))
        {
            var wanted = ReadingsWanted.Of(_hub.TopicsWithReadings()) with { NotOf = _node };
            foreach (var readings in _newest!.ReadAsync(_database, wanted, stop).GetAwaiter().GetResult())
            {
                _hub.Take(readings);
            }
        }

        return new(_lookEvery);
    }
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
                hub.Counters.Lost();
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
                hub.Counters.Lost();
                client.End(FeedClose.Silent);
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
