using Rondo.Live.Feed;

namespace Rondo.Host.Http;

/// <summary>The address of a request at the feed's door: whoever guesses tokens in its first message waits like whoever guesses them in a header.</summary>
internal sealed class FeedDoor(DoorGuard guard, HttpContext context) : IFeedDoor
{
    /// <inheritdoc/>
    public string Address { get; } = DoorGuard.AddressOf(context);

    /// <inheritdoc/>
    public bool IsClosed(string token) => guard.IsClosed(context, token);

    /// <inheritdoc/>
    public void Failed() => guard.Failed(context);

    /// <summary>The door for one request.</summary>
    public static FeedDoor Of(HttpContext context) => new(context.RequestServices.GetRequiredService<DoorGuard>(), context);
}
