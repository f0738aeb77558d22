using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text;

namespace Rondo.Live.Feed;

/// <summary>The way to one client. One call at a time.</summary>
internal abstract class FeedTransport
{
    /// <summary>True when the client can say something, so that its silence means something.</summary>
    public abstract bool IsTwoWay { get; }

    public abstract ValueTask SendAsync(FeedMessage message);

    /// <summary>Says why, and ends.</summary>
    public abstract ValueTask CloseAsync(FeedClose close, FeedMessage words);

    /// <summary>Ends at once. From any thread, any number of times.</summary>
    public abstract void Abort();
}

/// <summary>A WebSocket, and the connection below it.</summary>
internal sealed class SocketTransport(WebSocket socket, FrameStream connection, Action abort) : FeedTransport
{
    private const int LongestReason = 120;

    public override bool IsTwoWay => true;

    public override ValueTask SendAsync(FeedMessage message) => connection.WriteAsync(message.Frame, CancellationToken.None);

    public override async ValueTask CloseAsync(FeedClose close, FeedMessage words)
    {
        if (close != FeedClose.Done)
        {
            await SendAsync(words).ConfigureAwait(false);
        }

        var reason = Encoding.UTF8.GetByteCount(close.Words) <= LongestReason ? close.Words : close.Code;
        await socket.CloseOutputAsync((WebSocketCloseStatus)close.Status, reason, CancellationToken.None).ConfigureAwait(false);
    }

    public override void Abort() => abort();
}

/// <summary>Server-sent events.</summary>
internal sealed class StreamTransport(PipeWriter body, Action abort) : FeedTransport
{
    public override bool IsTwoWay => false;

    public override async ValueTask SendAsync(FeedMessage message)
    {
        var flushed = await body.WriteAsync(message.EventStream).ConfigureAwait(false);
        if (flushed.IsCompleted || flushed.IsCanceled)
        {
            throw new IOException("the client has gone");
        }
    }

    public override ValueTask CloseAsync(FeedClose close, FeedMessage words) => close == FeedClose.Done ? default : SendAsync(words);

    public override void Abort() => abort();
}
