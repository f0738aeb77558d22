using System.Net.WebSockets;
using Rondo.Live.Feed;

namespace Rondo.Live.Pusher;

/// <summary>The Pusher-compatible door of one running server (docs/protocols/pusher.md): clients by WebSocket, signatures for their channels, and who has which.</summary>
public sealed class PusherServer
{
    private const int Protocol = 7;
    private const int MostChannels = 1_000;
    private readonly FeedHub _hub;
    private readonly IFeedAccess _access;
    private readonly INewestReadings? _newest;
    private readonly bool _isShared;
    private readonly TimeProvider _time;

    internal PusherServer(FeedHub hub, IFeedAccess access, INewestReadings? newest, bool isShared, TimeProvider time) =>
        (_hub, _access, _newest, _isShared, _time) = (hub, access, newest, isShared, time);

    /// <summary>The application that is served; null for none.</summary>
    public PusherApp? App => _hub.Options.Pusher;

    /// <summary>Serves one client until it ends.</summary>
    /// <param name="connection">The connection after the handshake.</param>
    /// <param name="key">The key of the application that it names.</param>
    /// <param name="protocol">The version of the protocol that it names; null for none.</param>
    /// <param name="address">Who counts as one for the bound on connections that nobody has signed for.</param>
    /// <param name="abort">Ends the connection at once.</param>
    /// <param name="gone">The connection has ended.</param>
    public async Task RunAsync(Stream connection, string key, string? protocol, string address, Action abort, CancellationToken gone)
    {
        await using var frames = new FrameStream(connection);
        using var socket = WebSocket.CreateFromStream(frames, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.Zero });
        var transport = new PusherTransport(socket, frames, abort);
        var peer = new PusherPeer(address);
        if (Refusal(key, protocol) is { } refusal)
        {
            await RefuseAsync(transport, refusal).ConfigureAwait(false);
            return;
        }

        if (_hub.Join(transport, peer) is not { } client)
        {
            await RefuseAsync(transport, PusherClose.TooMany).ConfigureAwait(false);
            return;
        }

        try
        {
            client.Offer(PusherWriter.Established(peer.SocketId, Math.Max(1, (int)_hub.Options.ActivityTimeout.TotalSeconds)));
            await new PusherSession(_hub, client, peer, App!, _access, _newest).ListenAsync(socket, gone).ConfigureAwait(false);
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

    /// <summary>
    /// Signs for a client that it may have a channel, on behalf of <paramref name="caller"/>. From then on the connection is theirs: it ends when their token or session does. With a connection of
    /// another node that begins when it brings the signature, which says whose it is.
    /// </summary>
    /// <param name="socketId">The connection, of any node.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="ended">Cancelled when their token or session has ended.</param>
    /// <returns>The signature with the key before it, or why there is none.</returns>
    public (string? Auth, string? Refusal) Authorise(string socketId, string channel, FeedCaller caller, CancellationToken ended)
    {
        if (App is not { } app)
        {
            return (null, "no application of Pusher is set here (pusher.id, pusher.key, pusher.secret)");
        }

        if (!PusherChannel.IsSocketId(socketId))
        {
            return (null, "socket_id is no id of a connection; expected two numbers with a dot, as pusher:connection_established tells it");
        }

        if (PusherChannel.TopicOf(channel, out var why) is not { } topic)
        {
            return (null, why);
        }

        if (FeedRules.Refusal(caller, topic) is { } refusal)
        {
            return (null, refusal.Words);
        }

        if (!_hub.IsHere(socketId))
        {
            return !_isShared || caller.Handle is not { } handle
                ? (null, "there is no such connection")
                : ($"{app.Key}:{PusherSignature.Of(app, socketId, channel, handle)}", null);
        }

        if (_hub.Bind(socketId, caller) is not { } client)
        {
            return (null, "the connection is somebody else's, or there are too many with this token");
        }

        // Whoever ended between the question and the answer was not yet known to have this connection.
        if (ended.IsCancellationRequested)
        {
            client.End(FeedClose.Revoked);
            return (null, "the token has ended");
        }

        return ($"{app.Key}:{PusherSignature.Of(app, socketId, channel)}", null);
    }

    /// <summary>Which channels whose name begins with <paramref name="prefix"/> connections of this node have, at most 1,000, and how many have each.</summary>
    public IReadOnlyDictionary<string, int> Channels(string prefix) => _hub.Channels(prefix, MostChannels);

    /// <summary>How many connections of this node have a channel.</summary>
    public int Count(string channel) => PusherChannel.TopicOf(channel, out _) is { } topic ? _hub.CountOf(topic) : 0;

    private FeedClose? Refusal(string key, string? protocol) =>
        App?.IsKey(key) != true ? PusherClose.UnknownKey
        : string.IsNullOrEmpty(protocol) ? PusherClose.NoProtocol
        : !int.TryParse(protocol, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var version) ? PusherClose.BadProtocol
        : version != Protocol ? PusherClose.OtherProtocol : null;

    private static async Task RefuseAsync(PusherTransport transport, FeedClose why)
    {
        try
        {
            await transport.CloseAsync(why, PusherWriter.Pong).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is WebSocketException or IOException or OperationCanceledException)
        {
            // It has gone already.
        }
    }
}
