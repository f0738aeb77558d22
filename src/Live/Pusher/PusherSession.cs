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
        }
        else if (!auth.StartsWith(app.Key + ":", StringComparison.Ordinal) || !app.IsSignature(auth[(app.Key.Length + 1)..], $"{peer.SocketId}:{channel}"))
        {
            Refuse(channel, "the signature is not good for this connection and channel");
        }
        else if (_client.Caller is null && !_hub.Identify(_client, _application) && _client.Caller is null)
        {
            Refuse(channel, "the connection ends");
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
            try
            {
                await _hub.JoinChannelAsync(_client, peer, topic, _newest, stop).ConfigureAwait(false);
            }
            catch (StorageFault fault)
            {
                _hub.LeaveChannel(_client, peer, topic);
                Refuse(channel, $"the database cannot be asked now; try again in a moment ({fault.Kind})", Unavailable);
            }
        }
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
