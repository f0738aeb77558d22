using Rondo.Storage;

namespace Rondo.Security;

/// <summary>What admins do with tokens, with or without a server. Running nodes obey within a second; at once where hints arrive.</summary>
/// <param name="database">Migrated.</param>
/// <param name="hint">Told after each commit that there is something new (<see cref="SecurityModule.Topic"/>).</param>
public sealed class TokenOperations(Database database, Action<string> hint)
{
    /// <summary>All in force, and with <paramref name="all"/> the revoked ones too, by name.</summary>
    public async Task<IReadOnlyList<TokenView>> ListAsync(bool all, CancellationToken stop = default)
    {
        var rows = await database.ReadAsync("security.tokens", tx => TokenStore.List(tx, all), stop).ConfigureAwait(false);
        var now = database.Clock.Now;
        return [.. rows.Select(r => r.View(now))];
    }

    /// <summary>Makes a token.</summary>
    /// <exception cref="AccessRefused">The name is taken or does not fit, or the token would be over already.</exception>
    public Task<IssuedToken> AddAsync(NewToken token, Actor by, CancellationToken stop = default)
    {
        Names.Require(token.Name, "token");
        return IssueAsync(
            tx =>
            {
                if (token.ExpiresAt <= tx.Now)
                {
                    throw new AccessRefused(AccessRefusal.Mistake, "expires_at", $"the token would have expired at {token.ExpiresAt} already");
                }

                return TokenStore.Active(tx, token.Name) is { } other
                    ? throw new AccessRefused(AccessRefusal.Taken, "name", $"there is a token '{token.Name}' already (rondo_{other.Prefix}…); revoke or rotate it, or take another name")
                    : token;
            },
            by,
            stop);
    }

    /// <summary>The first admin's token: refused as taken when there is an admin.</summary>
    internal Task<IssuedToken> AddFirstAsync(string name, Actor by, CancellationToken stop)
    {
        Names.Require(name, "token");
        return IssueAsync(
            tx => TokenStore.HasAdmin(tx) || TokenStore.Active(tx, name) is not null
                ? throw new AccessRefused(AccessRefusal.Taken, "", "there is an admin already")
                : new NewToken(name, Role.Admin, null, Scopes.Everything),
            by,
            stop);
    }

    /// <summary>Puts a new secret in the place of a token's: the old one is revoked, name, role, expiry and scopes stay.</summary>
    /// <exception cref="AccessRefused">There is none in force of that name.</exception>
    public Task<IssuedToken> RotateAsync(string name, Actor by, CancellationToken stop = default) => IssueAsync(
        tx =>
        {
            var old = Require(tx, name);
            TokenStore.Revoke(tx, old.Id, tx.Now);
            return old.ExpiresAt <= tx.Now
                ? throw new AccessRefused(AccessRefusal.Mistake, "expires_at", $"token '{name}' expired at {old.ExpiresAt}; revoke it and add another one")
                : new NewToken(old.Name, RoleOf(old), old.ExpiresAt, Scopes.Of(old.Topics, old.Devices));
        },
        by,
        stop);

    /// <summary>Makes a token worth nothing from now on.</summary>
    /// <exception cref="AccessRefused">There is none in force of that name.</exception>
    public async Task<TokenView> RevokeAsync(string name, CancellationToken stop = default)
    {
        var gone = await database.WriteAsync(
            "security.token.revoke",
            tx =>
            {
                TokenStore.BeginChange(tx);
                var (row, now) = (Require(tx, name), tx.Now);
                TokenStore.Revoke(tx, row.Id, now);
                return TokenStore.Find(tx, row.Prefix)!.View(now);
            },
            stop).ConfigureAwait(false);
        hint(SecurityModule.Topic);
        return gone;
    }

    internal static Role RoleOf(TokenRow row) => Roles.TryParse(row.Role, out var role) ? role : throw new InvalidOperationException($"token {row.Name} has the role '{row.Role}'");

    private static TokenRow Require(Transaction tx, string name) => TokenStore.Active(tx, name)
        ?? throw new AccessRefused(AccessRefusal.Unknown, "name", $"there is no token '{name}' in force");

    /// <summary>Whoever was let in a moment ago may have been revoked since: what such a one makes would live on.</summary>
    private static void RequireInForce(Transaction tx, Actor by)
    {
        if (by.Kind switch
        {
            "token" => TokenStore.Active(tx, by.Name) is null,
            "user" => TokenStore.Sessions(tx, by.Name).Count == 0,
            _ => false,
        })
        {
            throw new AccessRefused(AccessRefusal.Mistake, "", $"{by} was revoked meanwhile, and makes no tokens any more");
        }
    }

    private async Task<IssuedToken> IssueAsync(Func<Transaction, NewToken> decide, Actor by, CancellationToken stop)
    {
        var issued = await database.WriteAsync(
            "security.token.issue",
            tx =>
            {
                TokenStore.BeginChange(tx);
                RequireInForce(tx, by);
                var token = decide(tx);
                var (text, prefix, hash) = TokenText.Create();
                TokenStore.Add(tx, token, prefix, hash, tx.Now, by.ToString());
                return new IssuedToken(TokenStore.Find(tx, prefix)!.View(tx.Now), text);
            },
            stop).ConfigureAwait(false);
        hint(SecurityModule.Topic);
        return issued;
    }
}
