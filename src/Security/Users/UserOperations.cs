using Rondo.Storage;

namespace Rondo.Security;

/// <summary>What admins do with users, with or without a server.</summary>
/// <param name="database">Migrated.</param>
/// <param name="hint">Told after each commit that there is something new (<see cref="SecurityModule.Topic"/>).</param>
public sealed class UserOperations(Database database, Action<string> hint)
{
    /// <summary>A random password, for who was given none.</summary>
    public static string NewPassword() => Passwords.Create();

    /// <summary>All, by name.</summary>
    public async Task<IReadOnlyList<UserView>> ListAsync(CancellationToken stop = default) =>
        await database.ReadAsync("security.users", UserStore.List, stop).ConfigureAwait(false);

    /// <summary>Adds a user.</summary>
    /// <exception cref="AccessRefused">The name is taken, or name or password do not fit.</exception>
    public Task<UserView> AddAsync(string name, Role role, string password, Actor by, CancellationToken stop = default)
    {
        Names.Require(name, "user");

        var hash = Hash(name, password);
        return ChangeAsync(
            "security.user.add",
            tx =>
            {
                if (UserStore.Find(tx, name) is not null)
                {
                    throw new AccessRefused(AccessRefusal.Taken, "name", $"there is a user '{name}' already");
                }

                UserStore.Add(tx, name, role, hash, by.ToString());
                return UserStore.Find(tx, name)!;
            },
            stop);
    }

    /// <summary>Gives a user another password.</summary>
    /// <exception cref="AccessRefused">There is no such user, or the password does not fit.</exception>
    public Task<UserView> SetPasswordAsync(string name, string password, CancellationToken stop = default)
    {
        var hash = Hash(name, password);
        return ChangeAsync(
            "security.user.passwd",
            tx =>
            {
                Require(tx, name);
                UserStore.SetPassword(tx, name, hash);
                TokenStore.RevokeOf(tx, name);
                return UserStore.Find(tx, name)!;
            },
            stop);
    }

    /// <summary>Gives a user another role.</summary>
    /// <exception cref="AccessRefused">There is no such user.</exception>
    public Task<UserView> SetRoleAsync(string name, Role role, CancellationToken stop = default)
    {
        return ChangeAsync(
            "security.user.role",
            tx =>
            {
                Require(tx, name);
                UserStore.SetRole(tx, name, role);
                TokenStore.RevokeOf(tx, name);
                return UserStore.Find(tx, name)!;
            },
            stop);
    }

    /// <summary>Ends every session of a user, and every token that it has made or that was made by one of these; also of one that was removed. The user itself stays, and may sign in again.</summary>
    /// <exception cref="AccessRefused">There is no such user, and nothing of it.</exception>
    public async Task<UserRevoked> RevokeAsync(string name, CancellationToken stop = default)
    {
        var gone = await database.WriteAsync(
            "security.user.revoke",
            tx =>
            {
                TokenStore.BeginChange(tx);
                var (sessions, tokens) = (TokenStore.Sessions(tx, name), TokenStore.MadeBy(tx, "user " + name));
                for (var n = 0; n < tokens.Count; n++)
                {
                    var more = TokenStore.MadeBy(tx, "token " + tokens[n].Name);
                    tokens.AddRange(more.Where(token => tokens.TrueForAll(known => known.Id != token.Id)));
                }

                if (sessions.Count + tokens.Count == 0)
                {
                    Require(tx, name);
                }

                TokenStore.RevokeOf(tx, name);
                tokens.ForEach(token => TokenStore.Revoke(tx, token.Id, tx.Now));
                return new UserRevoked(name, sessions.Count, [.. tokens.Select(token => token.Name)]);
            },
            stop).ConfigureAwait(false);
        hint(SecurityModule.Topic);
        return gone;
    }

    /// <summary>Removes a user; returns what it was.</summary>
    /// <exception cref="AccessRefused">There is no such user.</exception>
    public Task<UserView> RemoveAsync(string name, CancellationToken stop = default)
    {
        return ChangeAsync(
            "security.user.remove",
            tx =>
            {
                var was = Require(tx, name);
                UserStore.Remove(tx, name);
                TokenStore.RevokeOf(tx, name);
                return was;
            },
            stop);
    }

    private static UserView Require(Transaction tx, string name) => UserStore.Find(tx, name) ?? throw new AccessRefused(AccessRefusal.Unknown, "name", $"there is no user '{name}'");

    // Outside of the transaction: it takes a tenth of a second of work.
    private static string Hash(string name, string password) => Passwords.Mistake(password) is { } mistake
        ? throw new AccessRefused(AccessRefusal.Mistake, "password", mistake)
        : Passwords.Hash(name, password);

    private async Task<UserView> ChangeAsync(string what, Func<Transaction, UserView> change, CancellationToken stop)
    {
        var user = await database.WriteAsync(
            what,
            tx =>
            {
                TokenStore.BeginChange(tx);
                return change(tx);
            },
            stop).ConfigureAwait(false);
        hint(SecurityModule.Topic);
        return user;
    }
}
