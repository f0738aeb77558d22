using System.Collections.Concurrent;
using System.Security.Cryptography;
using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Security;

/// <summary>
/// Lets in whoever presents a token, and ends that when it is over. What was looked up is remembered, at most <see cref="MostGrants"/>, so that a request costs no question to the
/// database; a loop asks twice a second, and at once when hinted, whether anything about access has changed, and then looks at everything remembered again.
/// </summary>
/// <param name="database">Migrated.</param>
/// <param name="time">Time.</param>
public sealed class AccessControl(Database database, TimeProvider time)
{
    /// <summary>Most tokens that are remembered at once; beyond, those unused for longest are forgotten.</summary>
    public const int MostGrants = 10_000;

    // While the database is away nobody can revoke by it either; but what this node remembers is not worth anything for ever.
    private static readonly TimeSpan _trusted = TimeSpan.FromMinutes(10);
    private static readonly byte[] _nobody = new byte[SHA256.HashSizeInBytes];
    private readonly ConcurrentDictionary<string, AccessGrant> _grants = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private AccessLoop? _loop;
    private long _lookedAt;

    /// <summary>How many tokens are remembered.</summary>
    public int Count => _grants.Count;

    /// <summary>Asks from now on, again and again, whether access has changed. Until then every token is looked up.</summary>
    public void Start(LoopSupervisor supervisor)
    {
        lock (_gate)
        {
            if (_loop is not null)
            {
                return;
            }

            _loop = new AccessLoop(this, database, time);
        }

        supervisor.Start(_loop);
        supervisor.Start(new UsesLoop(this, database, time));
    }

    /// <summary>Something about access has changed: look now. Never blocks.</summary>
    public void Wake() => _loop?.Wake();

    /// <summary>True when <paramref name="token"/> was good lately, and nothing was heard since that it is not.</summary>
    public bool IsRemembered(string token) => TokenText.TryRead(token, out var prefix, out var hash) && Recall(prefix, hash) is not null;

    /// <summary>Who presents <paramref name="token"/>, or why nobody is let in by it.</summary>
    /// <exception cref="StorageFault">The token is not remembered, and the database cannot be asked.</exception>
    public async ValueTask<AccessAnswer> AuthenticateAsync(string token, CancellationToken stop = default)
    {
        if (!TokenText.TryRead(token, out var prefix, out var hash))
        {
            return new(null, AccessDenial.Malformed);
        }

        if (Recall(prefix, hash) is { } known)
        {
            known.Used(database.Clock.Now);
            return new(known, AccessDenial.None);
        }

        var row = await database.AskAsync("security.token", tx => TokenStore.Find(tx, prefix), stop).ConfigureAwait(false);
        var isRight = CryptographicOperations.FixedTimeEquals(row is null ? _nobody : Convert.FromHexString(row.Hash), hash);
        if (row is null || !isRight)
        {
            return new(null, AccessDenial.Unknown);
        }

        if (row.IsOver(database.Clock.Now))
        {
            return new(null, row.RevokedAt is null ? AccessDenial.Expired : AccessDenial.Revoked);
        }

        return new(Remember(row, hash), AccessDenial.None);
    }

    /// <summary>The grant of a token or a session by its <see cref="AccessGrant.Id"/>, as it is now; null when it is over. For whoever has proved before that they hold it.</summary>
    /// <exception cref="StorageFault">The database cannot be asked.</exception>
    public async ValueTask<AccessGrant?> FindAsync(long id, CancellationToken stop = default) =>
        await database.AskAsync("security.token.these", tx => TokenStore.These(tx, [id]), stop).ConfigureAwait(false) is [var row] && !row.IsOver(database.Clock.Now)
            ? Remember(row, Convert.FromHexString(row.Hash))
            : null;

    private AccessGrant? Recall(string prefix, byte[] hash) =>
        IsTrusted && _grants.TryGetValue(prefix, out var known) && CryptographicOperations.FixedTimeEquals(known.Hash, hash) && known.End == AccessEnd.None
        && !(known.Caller.ExpiresAt <= database.Clock.Now)
            ? known
            : null;

    private bool IsTrusted => Interlocked.Read(ref _lookedAt) is not 0 and var at && time.GetElapsedTime(at) < _trusted;

    /// <summary>Everything remembered, for the loop.</summary>
    internal ICollection<AccessGrant> Remembered => _grants.Values;

    /// <summary>The loop has looked at everything.</summary>
    internal void Looked() => Interlocked.Exchange(ref _lookedAt, Math.Max(1, time.GetTimestamp()));

    /// <summary>Lets go of one, and tells whoever holds it.</summary>
    internal void Forget(AccessGrant grant, AccessEnd why)
    {
        _grants.TryRemove(KeyValuePair.Create(grant.Prefix, grant));
        grant.Finish(why);
    }

    internal AccessGrant Remember(TokenRow row, byte[] hash)
    {
        var now = database.Clock.Now;
        var caller = new Caller(row.UserName is null ? "token" : "user", row.UserName ?? row.Name, TokenOperations.RoleOf(row), Scopes.Of(row.Topics, row.Devices), row.ExpiresAt);
        var mine = new AccessGrant(row, hash, caller);
        mine.Used(now);
        while (true)
        {
            // What was read before the loop's last look may be over since: it carries the revision it was read at, and the loop looks at it again.
            if (!_grants.TryGetValue(row.Prefix, out var other) ? _grants.TryAdd(row.Prefix, mine) : other.End != AccessEnd.None && _grants.TryUpdate(row.Prefix, mine, other))
            {
                break;
            }

            if (other is { End: AccessEnd.None })
            {
                other.Used(now);
                return other;
            }
        }

        if (_grants.Count > MostGrants)
        {
            Shrink();
        }

        return mine;
    }

    /// <summary>A tenth at a time, so that it is not done for each newcomer.</summary>
    private void Shrink()
    {
        foreach (var grant in _grants.Values.OrderBy(g => g.UsedAt).Take(Math.Max(1, _grants.Count - MostGrants + (MostGrants / 10))).ToList())
        {
            Forget(grant, AccessEnd.Forgotten);
        }
    }
}
