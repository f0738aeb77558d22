using Rondo.Live.Feed;

namespace Rondo.Host.Http;

/// <summary>
/// Who may listen to the feed while there are no users and no tokens: whoever comes from this machine, as an administrator, as everywhere in this API. No token is valid, because there is none.
/// </summary>
internal sealed class LoopbackAccess : IFeedAccess
{
    private static readonly FeedCaller _local = new("this machine", FeedRole.Admin);

    /// <inheritdoc/>
    public ValueTask<FeedCaller?> AuthenticateAsync(string token, CancellationToken stop) => default;

    /// <inheritdoc/>
    public FeedCaller? WithoutToken(bool isLoopback) => isLoopback ? _local : null;

    /// <inheritdoc/>
    public void OnRevoked(Action<string> revoked)
    {
        // There is nothing to be revoked.
    }
}
