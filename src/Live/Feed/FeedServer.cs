using System.IO.Pipelines;
using System.Net.WebSockets;
using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>The feed of one running server: what its doors (a WebSocket, an event stream) need.</summary>
public sealed class FeedServer
{
    private readonly FeedHub _hub;
    private readonly INewestReadings? _newest;
    private readonly IQueueFigures? _queues;
    private readonly ReadingsLoop _readings;
    private readonly ReadingsNewsLoop _news;
    private readonly Database _database;
    private readonly TimeProvider _time;

    internal FeedServer(FeedHub hub, Database database, IFeedAccess access, INewestReadings? newest, IQueueFigures? queues, string node, Action<string> elsewhere, EventBus bus, TimeProvider time)
    {
        _readings = new ReadingsLoop(hub, database, newest, node, elsewhere, time);
        _news = new ReadingsNewsLoop(bus, elsewhere, time);
        (_hub, _database, Access, _newest, _queues, _time) = (hub, database, access, newest, queues, time);
        Tickets = new FeedTickets(database);
        access.OnRevoked(handle => hub.EndAll(c => c.Caller?.Handle == handle || c.Pusher?.IsOf(handle) == true, FeedClose.Revoked));
    }

    /// <summary>Who may listen.</summary>
    public IFeedAccess Access { get; }

    /// <summary>One-time tickets.</summary>
    public FeedTickets Tickets { get; }

    /// <summary>How it goes.</summary>
    public FeedState State => _hub.State;

    /// <summary>Who comes with a ticket or a bearer token; null for nobody that is known, or when the token has ended.</summary>
    public async ValueTask<FeedCaller?> FindAsync(string? ticket, string? token, CancellationToken stop)
    {
        var caller = ticket is not null
            ? await Tickets.RedeemAsync(ticket, stop).ConfigureAwait(false) is { } handle ? await Access.FindAsync(handle, stop).ConfigureAwait(false) : null
            : token is not null ? (await Access.AuthenticateAsync(token, stop).ConfigureAwait(false)).Caller : null;
        return caller?.ExpiresAt is { } ends && ends <= _hub.Now ? null : caller;
    }

    /// <summary>Why <paramref name="caller"/> may not have <paramref name="topic"/>; null when they may.</summary>
    public static string? Refusal(FeedCaller caller, string topic) => FeedRules.Refusal(caller, topic)?.Words;

    /// <summary>Serves one WebSocket until it ends.</summary>
    /// <param name="connection">The connection after the handshake.</param>
    /// <param name="caller">Who it is; null when it will say so.</param>
    /// <param name="door">Where it comes from.</param>
    /// <param name="abort">Ends the connection at once.</param>
    /// <param name="gone">The connection has ended.</param>
    public async Task RunAsync(Stream connection, FeedCaller? caller, IFeedDoor door, Action abort, CancellationToken gone)
    {
        // Heartbeats are messages here, so the WebSocket needs no keep-alive of its own.
        await using var frames = new FrameStream(connection);
        using var socket = WebSocket.CreateFromStream(frames, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.Zero });
        var transport = new SocketTransport(socket, frames, abort);
        if (_hub.Join(transport, caller, door.Address) is not { } client)
        {
            await RefuseAsync(transport).ConfigureAwait(false);
            return;
        }

        try
        {
            if (caller is not null)
            {
                client.Offer(FeedWriter.Authenticated(_hub.Now, caller));
            }

            await new FeedSession(_hub, client, Access, _newest, door).ListenAsync(socket, gone).ConfigureAwait(false);
            await client.Farewell.WaitAsync(_hub.Options.CloseWithin, _time, gone).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is WebSocketException or IOException or OperationCanceledException or TimeoutException or ObjectDisposedException or InvalidOperationException)
        {
            // The connection has ended, whatever it was called.
        }
        finally
        {
            client.Over();
        }
    }

    /// <summary>Serves one event stream until it ends. The topics have been checked.</summary>
    /// <param name="body">Where events go.</param>
    /// <param name="caller">Who it is.</param>
    /// <param name="topics">What they listen to.</param>
    /// <param name="lastId">From where to resume; null for from now on.</param>
    /// <param name="abort">Ends the connection at once.</param>
    /// <param name="gone">The connection has ended.</param>
    /// <returns>False when there are too many clients; nothing was sent.</returns>
    public async Task<bool> RunAsync(PipeWriter body, FeedCaller caller, IReadOnlyList<string> topics, string? lastId, Action abort, CancellationToken gone)
    {
        if (_hub.Join(new StreamTransport(body, abort), caller) is not { } client)
        {
            return false;
        }

        await using var left = gone.Register(client.Abort);
        try
        {
            await new FeedSession(_hub, client, Access, _newest).SubscribeAsync(topics, lastId, gone).ConfigureAwait(false);
            await client.Ended.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // It has gone.
        }
        finally
        {
            client.Over();
        }

        return true;
    }

    /// <summary>Closes everybody, to come back elsewhere or later.</summary>
    public void Stop() => _hub.Stop();

    /// <summary>What hints of other nodes mean here: the topic, and what to do.</summary>
    internal IReadOnlyList<(string Topic, Action Heard)> Hints => [(ReadingsNewsLoop.NewsTopic, _readings.News), (ReadingsNewsLoop.WantedTopic, _news.Wanted)];

    internal void Start(LoopSupervisor supervisor)
    {
        supervisor.Start(_readings);
        if (_database.Dialect == Dialect.Postgres)
        {
            supervisor.Start(_news);
        }

        supervisor.Start(new ClientsLoop(_hub, _time));
        if (_queues is not null)
        {
            supervisor.Start(new QueuesLoop(_hub, _database, _queues, _time));
            supervisor.Start(new BatchesLoop(_hub, _database, _queues, _time));
        }
    }

    private static async Task RefuseAsync(SocketTransport transport)
    {
        try
        {
            await transport.CloseAsync(FeedClose.TooMany, FeedWriter.Error(Instant.Epoch, FeedClose.TooMany.Code, FeedClose.TooMany.Words)).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is WebSocketException or IOException or OperationCanceledException)
        {
            // It has gone already.
        }
    }
}
