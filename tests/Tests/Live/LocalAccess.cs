using Rondo.Live.Feed;

namespace Rondo.Tests.Live;

/// <summary>
/// Whoever comes from this machine is an administrator, for tests of everything else.
/// </summary>
internal sealed class LocalAccess : IFeedAccess
{
    private static readonly FeedCaller _local = new("this machine", FeedRole.Admin) { Handle = "local" };

    /// <inheritdoc/>
    public ValueTask<FeedAnswer> AuthenticateAsync(string token, CancellationToken stop) => default;

    /// <inheritdoc/>
    public ValueTask<FeedCaller?> FindAsync(string handle, CancellationToken stop) => new(handle == _local.Handle ? _local : null);

    /// <inheritdoc/>
    public FeedCaller? WithoutToken(bool isLoopback) => isLoopback ? _local : null;

    /// <inheritdoc/>
    public void OnRevoked(Action<string> revoked)
    {
        // There is nothing to be revoked.
    }
}
