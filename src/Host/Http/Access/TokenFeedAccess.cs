using System.Collections.Concurrent;
using System.Globalization;
using Rondo.Live.Feed;
using Rondo.Polling.Fleet;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>
/// Who may listen to the feed: whoever has a token, as far as its role and its limits go. A token that is limited to devices has those that fit when it is presented.
/// </summary>
internal sealed class TokenFeedAccess(AccessControl access, Database database) : IFeedAccess
{
    private readonly ConcurrentDictionary<AccessGrant, byte> _watched = new();
    private Action<string> _revoked = _ => { };

    /// <inheritdoc/>
    public async ValueTask<FeedCaller?> AuthenticateAsync(string token, CancellationToken stop) =>
        (await access.AuthenticateAsync(token, stop).ConfigureAwait(false)).Grant is { Caller.Kind: "token" } grant ? await CallerAsync(grant, stop).ConfigureAwait(false) : null;

    /// <inheritdoc/>
    public async ValueTask<FeedCaller?> FindAsync(string handle, CancellationToken stop) =>
        await access.FindAsync(long.Parse(handle, CultureInfo.InvariantCulture), stop).ConfigureAwait(false) is { } grant ? await CallerAsync(grant, stop).ConfigureAwait(false) : null;

    /// <summary>Nobody.</summary>
    public FeedCaller? WithoutToken(bool isLoopback) => null;

    /// <inheritdoc/>
    public void OnRevoked(Action<string> revoked) => _revoked += revoked;

    /// <summary>The same for a grant that is known already, also that of a session.</summary>
    public async ValueTask<FeedCaller> CallerAsync(AccessGrant grant, CancellationToken stop)
    {
        var caller = grant.Caller;
        var id = $"{caller.Kind}:{caller.Name}";
        if (_watched.TryAdd(grant, 0))
        {
            grant.Ended.Register(() => Ended(grant, id));
        }

        var devices = caller.Scopes.Devices.Count == 0
            ? null
            : await database.ReadAsync("feed.devices", tx => DeviceList.Ids(tx, caller.Scopes.AllowsDevice), stop).ConfigureAwait(false);
        return new FeedCaller(caller.Name, RoleOf(caller.Role))
        {
            TokenId = id,
            Handle = grant.Id.ToString(CultureInfo.InvariantCulture),
            ExpiresAt = caller.ExpiresAt,
            Devices = devices,
            Topics = caller.Scopes.Topics.Count == 0 ? null : caller.Scopes.Topics,
        };
    }

    private static FeedRole RoleOf(Role role) => role switch
    {
        Role.Admin => FeedRole.Admin,
        Role.Operator => FeedRole.Operator,
        Role.Viewer => FeedRole.Viewer,
        _ => FeedRole.Ingest,
    };

    private void Ended(AccessGrant grant, string id)
    {
        _watched.TryRemove(grant, out _);

        // The feed ends what expires by itself. One that was let go of here would not be heard of when it is revoked: it has to come again.
        if (grant.End != AccessEnd.Expired)
        {
            _revoked(id);
        }
    }
}
