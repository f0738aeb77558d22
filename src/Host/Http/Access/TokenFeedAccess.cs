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
    // A question has a thread of its own, and a connection of the few that fenced writes need too: strangers by the thousand wait for one another, not writes for them.
    private static readonly SemaphoreSlim _turns = new(2);
    private readonly ConcurrentDictionary<AccessGrant, byte> _watched = new();
    private Action<string> _revoked = _ => { };

    /// <inheritdoc/>
    public async ValueTask<FeedAnswer> AuthenticateAsync(string token, CancellationToken stop)
    {
        var answer = access.IsRemembered(token)
            ? await access.AuthenticateAsync(token, stop).ConfigureAwait(false)
            : await InTurnAsync(() => access.AuthenticateAsync(token, stop), stop).ConfigureAwait(false);
        return answer.Grant is { Caller.Kind: "token" } grant
            ? new(await CallerAsync(grant, stop).ConfigureAwait(false))
            : new(null, answer.Grant is not null || answer.Denial is AccessDenial.Unknown or AccessDenial.Malformed);
    }

    /// <inheritdoc/>
    public async ValueTask<FeedCaller?> FindAsync(string handle, CancellationToken stop) =>
        await InTurnAsync(() => access.FindAsync(long.Parse(handle, CultureInfo.InvariantCulture), stop), stop).ConfigureAwait(false) is { } grant
            ? await CallerAsync(grant, stop).ConfigureAwait(false)
            : null;

    /// <summary>Nobody.</summary>
    public FeedCaller? WithoutToken(bool isLoopback) => null;

    /// <inheritdoc/>
    public void OnRevoked(Action<string> revoked) => _revoked += revoked;

    /// <summary>The same for a grant that is known already, also that of a session.</summary>
    public async ValueTask<FeedCaller> CallerAsync(AccessGrant grant, CancellationToken stop)
    {
        var caller = grant.Caller;
        var handle = grant.Id.ToString(CultureInfo.InvariantCulture);
        if (_watched.TryAdd(grant, 0))
        {
            grant.Ended.Register(() => Ended(grant, handle));
        }

        var devices = caller.Scopes.Devices.Count == 0
            ? null
            : await database.ReadAsync("feed.devices", tx => DeviceList.Ids(tx, caller.Scopes.AllowsDevice), stop).ConfigureAwait(false);
        return new FeedCaller(caller.Name, RoleOf(caller.Role))
        {
            TokenId = $"{caller.Kind}:{caller.Name}",
            Handle = handle,
            Ended = grant.Ended,
            ExpiresAt = caller.ExpiresAt,
            Devices = devices,
            Topics = caller.Scopes.Topics.Count == 0 ? null : caller.Scopes.Topics,
        };
    }

    private static async ValueTask<T> InTurnAsync<T>(Func<ValueTask<T>> ask, CancellationToken stop)
    {
        await _turns.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            return await ask().ConfigureAwait(false);
        }
        finally
        {
            _turns.Release();
        }
    }

    private static FeedRole RoleOf(Role role) => role switch
    {
        Role.Admin => FeedRole.Admin,
        Role.Operator => FeedRole.Operator,
        Role.Viewer => FeedRole.Viewer,
        _ => FeedRole.Ingest,
    };

    private void Ended(AccessGrant grant, string handle)
    {
        _watched.TryRemove(grant, out _);

        // The feed ends what expires by itself. One that was let go of here would not be heard of when it is revoked: it has to come again.
        if (grant.End != AccessEnd.Expired)
        {
            _revoked(handle);
        }
    }
}
