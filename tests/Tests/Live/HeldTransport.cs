using System.Text;
using Rondo.Live.Feed;

namespace Rondo.Tests.Live;

/// <summary>A client that takes nothing until it is released.</summary>
internal sealed class HeldTransport : FeedTransport
{
    private readonly TaskCompletionSource _held = new();

    public List<string> Sent { get; } = [];

    public int Begun { get; private set; }

    public override bool IsTwoWay => true;

    public void Release() => _held.SetResult();

    public override async ValueTask SendAsync(FeedMessage message)
    {
        Begun++;
        await _held.Task;
        lock (Sent)
        {
            Sent.Add(Encoding.UTF8.GetString(message.Json.Span));
        }
    }

    public override ValueTask CloseAsync(FeedClose close, FeedMessage words) => default;

    public override void Abort()
    {
        // There is nothing behind it.
    }
}
