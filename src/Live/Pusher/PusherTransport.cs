using System.Net.WebSockets;
using System.Text;
using Rondo.Live.Feed;

namespace Rondo.Live.Pusher;

/// <summary>A WebSocket whose close is said in the words of the Pusher protocol.</summary>
internal sealed class PusherTransport(WebSocket socket, FrameStream connection, Action abort) : FeedTransport
{
    private const int LongestReason = 120;

    public override bool IsTwoWay => true;

    public override ValueTask SendAsync(FeedMessage message) => connection.WriteAsync(message.Frame, CancellationToken.None);

    public override async ValueTask CloseAsync(FeedClose close, FeedMessage words)
    {
        var said = PusherClose.Of(close);
        if (close != FeedClose.Done)
        {
            await SendAsync(PusherWriter.Error(said.Status, said.Words)).ConfigureAwait(false);
        }

        var reason = Encoding.UTF8.GetByteCount(said.Words) <= LongestReason ? said.Words : "";
        await socket.CloseOutputAsync((WebSocketCloseStatus)said.Status, reason, CancellationToken.None).ConfigureAwait(false);
    }

    public override void Abort() => abort();
}
