using Rondo.Live.Feed;
using Rondo.Storage;

namespace Rondo.Live.Pusher;

/// <summary>What one client of the Pusher protocol says, and what comes of it.</summary>
internal sealed class PusherSession(FeedHub hub, FeedClient client, PusherPeer peer, PusherApp app, IFeedAccess access, INewestReadings? newest) : FeedSession(hub, client, access, newest)
{
    private const int Unauthorised = 401;
    private const int Unavailable = 503;
    private const int ClientEventRefused = 4301;

    // A signature that this server has not made was made by somebody else who has the secret: by a back-end, which decides by itself who may listen.
    private static readonly FeedCaller _application = new("application", FeedRole.Admin);
    private readonly FeedHub _hub = hub;
    private readonly FeedClient _client = client;
    private readonly IFeedAccess _access = access;
    private readonly INewestReadings? _newest = newest;
    private int _mistakes;

    public override async Task HandleAsync(ReadOnlyMemory<byte> message, CancellationToken stop)
    {
        if (_client.Close is not null)
        {
            return;
        }

        var request = PusherRequest.Read(message, out var mistake);
        switch (request?.Kind)
        {
            case null:
                Mistake(null, mistake!);
                break;
            case PusherRequestKind.Ping:
                _client.Offer(PusherWriter.Pong);
                break;
            case PusherRequestKind.Pong:
                break;
            case PusherRequestKind.Subscribe:
                await SubscribeAsync(request.Channel, request.Auth, stop).ConfigureAwait(false);
                break;
            case PusherRequestKind.Unsubscribe:
                if (PusherChannel.TopicOf(request.Channel, out _) is { } topic)
                {
                    _hub.LeaveChannel(_client, peer, topic);
                }

                break;
            case PusherRequestKind.ClientEvent:
                Mistake(ClientEventRefused, "events of clients are not relayed here; publish by the signed HTTP API");
                break;
            default:
                Mistake(null, "expected pusher:subscribe, pusher:unsubscribe, pusher:ping or pusher:pong");
                break;
        }
    }

    private async Task SubscribeAsync(string channel, string auth, CancellationToken stop)
    {
        if (PusherChannel.TopicOf(channel, out var why) is not { } topic)
        {
            Refuse(channel, why);
            return;
        }

        if (!auth.StartsWith(app.Key + ":", StringComparison.Ordinal) || !PusherSignature.IsGood(app, auth[(app.Key.Length + 1)..], peer.SocketId, channel, out var handle))
        {
            Refuse(channel, "the signature is not good for this connection and channel");
            return;
        }

        try
        {
            if ((handle is null ? Vouched() : await BoundAsync(handle, stop).ConfigureAwait(false)) is { } problem)
            {
                Refuse(channel, problem);
            }
            else if (FeedRules.Refusal(_client.Caller!, topic) is { } refusal)
            {
                Refuse(channel, refusal.Words);
            }
            else if (!_hub.MayHaveMore(peer))
            {
                Refuse(channel, $"a connection may have {_hub.Options.MaxTopics} channels");
            }
            else
            {
                await JoinAsync(channel, topic, stop).ConfigureAwait(false);
            }
        }
        catch (StorageFault fault)
        {
            Refuse(channel, Away(fault), Unavailable);
        }
    }

    private async Task JoinAsync(string channel, string topic, CancellationToken stop)
    {
        try
        {
            await _hub.JoinChannelAsync(_client, peer, topic, _newest, stop).ConfigureAwait(false);
        }
        catch (StorageFault fault)
        {
            _hub.LeaveChannel(_client, peer, topic);
            Refuse(channel, Away(fault), Unavailable);
        }
    }

    private static string Away(StorageFault fault) => $"the database cannot be asked now; try again in a moment ({fault.Kind})";

    /// <summary>Takes a back-end's word where nobody else's is known; returns what is wrong, or null.</summary>
    private string? Vouched() => _client.Caller is null && !_hub.Identify(_client, _application) && _client.Caller is null ? "the connection ends" : null;

    /// <summary>Another node has signed on behalf of somebody: the connection is theirs from now on, if they still may. Returns what is wrong, or null.</summary>
    private async Task<string?> BoundAsync(string handle, CancellationToken stop)
    {
        if (_client.Caller is { } already && already.Handle == handle)
        {
            return null;
        }

        if (await _access.FindAsync(handle, stop).ConfigureAwait(false) is not { } caller)
        {
            return "the token has ended";
        }

        if (_hub.Bind(peer.SocketId, caller) is null)
        {
            return "the connection is somebody else's, or there are too many with this token";
        }

        // Whoever ended between the question and the answer was not yet known to have this connection.
        if (await _access.FindAsync(handle, stop).ConfigureAwait(false) is null)
        {
            _client.End(FeedClose.Revoked);
            return "the token has ended";
        }

        return null;
    }

    private void Refuse(string channel, string words, int status = Unauthorised) => _client.Offer(PusherWriter.Refused(channel, status, words));

    private void Mistake(int? code, string words)
    {
        if (++_mistakes > _hub.Options.MaxErrors)
        {
            _client.End(FeedClose.BadMessages);
            return;
        }

        _client.Offer(PusherWriter.Error(code, words));
    }
}
