using Rondo.Storage;

namespace Rondo.Security;

/// <summary>
/// Lets people in by name and password, for a session of so long: a token of its own kind, which ends with its user, with another password and with another role. Who fails again and again
/// waits, by name and by address, so that neither one password of many nor many of one can be guessed. Who is right is paced as well, and has a few sessions only: a program that signs in for
/// each request costs a hash and a row each time.
/// </summary>
public sealed class SignIns : IDisposable
{
    /// <summary>How long a session lasts.</summary>
    public static readonly TimeSpan Lasts = TimeSpan.FromHours(12);

    /// <summary>Most sessions of one user at once; with another one the oldest ends.</summary>
    public const int MostSessions = 20;

    /// <summary>How many tries an address has at once, right or wrong; then one a second.</summary>
    public const int Burst = 20;

    // A hash takes a tenth of a second of work: two at once leave the rest of the machine to what it is there for.
    private const int AtOnce = 2;
    private const int Free = 5;
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);
    private static readonly Lazy<string> _nobody = new(() => Passwords.Hash("nobody", Passwords.Create()));
    private readonly SemaphoreSlim _room = new(AtOnce);
    private readonly FailedTries _names;
    private readonly FailedTries _addresses;

    /// <summary>Nobody has failed yet.</summary>
    public SignIns(TimeProvider time) => (_names, _addresses, Pace) = (new(time, Free, _longest), new(time, Free * 4, _longest), new(time, 1, Burst));

    /// <summary>How often an address may try.</summary>
    internal Pace Pace { get; }

    /// <summary>How long it has to be waited before the next try; zero for not at all.</summary>
    public TimeSpan Wait(string name, string address)
    {
        var (byName, byAddress) = (_names.Wait(Key(name)), _addresses.Wait(address));
        return byName > byAddress ? byName : byAddress;
    }

    /// <summary>A session, or none when name or password are wrong, which takes as long for either, or when it has to be waited.</summary>
    /// <param name="database">Where it is stored.</param>
    /// <param name="name">The user.</param>
    /// <param name="password">The password.</param>
    /// <param name="address">Who counts as one, for failures.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="TimeoutException">Too many sign in at this moment.</exception>
    public async Task<SignInAnswer> SignInAsync(Database database, string name, string password, string address, CancellationToken stop = default)
    {
        if (Pace.Take(address) is { } early)
        {
            return new SignInAnswer(null, early, IsPaced: true);
        }

        if (!await _room.WaitAsync(_patience, stop).ConfigureAwait(false))
        {
            throw new TimeoutException("too many sign in at this moment");
        }

        try
        {
            // Asked in here: whoever comes in a burst has waited for this while the tries before theirs failed.
            if (Wait(name, address) is { Ticks: > 0 } wait)
            {
                return new SignInAnswer(null, wait);
            }

            var stored = Names.IsFit(name) ? await database.ReadAsync("security.user.password", tx => UserStore.Password(tx, name), stop).ConfigureAwait(false) : null;
            var isRight = await Task.Run(() => Passwords.Fits(name, stored ?? _nobody.Value, password), stop).ConfigureAwait(false) && stored is not null;
            var session = isRight ? await database.WriteAsync("security.sign_in", tx => Begin(tx, name, stored!), stop).ConfigureAwait(false) : null;
            if (session is null)
            {
                _names.Failed(Key(name));
                _addresses.Failed(address);
                return new SignInAnswer(null, LockOut: Wait(name, address) is { Ticks: > 0 } held ? new SignInLockOut(stored is null ? null : name, held) : null);
            }

            _names.Succeeded(Key(name));
            return new SignInAnswer(session);
        }
        finally
        {
            _room.Release();
        }
    }

    /// <summary>Ends a session.</summary>
    public static Task SignOutAsync(Database database, AccessGrant grant, Action<string> hint, CancellationToken stop = default) => EndAsync(database, grant.Id, hint, stop);

    /// <inheritdoc/>
    public void Dispose() => _room.Dispose();

    private static async Task EndAsync(Database database, long id, Action<string> hint, CancellationToken stop)
    {
        await database.WriteAsync(
            "security.sign_out",
            tx =>
            {
                TokenStore.BeginChange(tx);
                TokenStore.Revoke(tx, id, tx.Now);
                return TokenStore.These(tx, [id]) is [var row] ? row.View(tx.Now) : null;
            },
            stop).ConfigureAwait(false);
        hint(SecurityModule.Topic);
    }

    private static string Key(string name) => name.Length <= 60 ? name : name[..60];

    // The password may have been changed since it was looked at.
    private static IssuedToken? Begin(Transaction tx, string name, string stored)
    {
        TokenStore.Hold(tx);
        if (UserStore.Password(tx, name) != stored || !Roles.TryParse(UserStore.Find(tx, name)?.Role, out var role))
        {
            return null;
        }

        return Begin(tx, name, role);
    }

    /// <summary>A session of somebody who has shown who they are; whoever asks for it holds (<see cref="TokenStore.Hold"/>) what it is decided by.</summary>
    internal static IssuedToken Begin(Transaction tx, string name, Role role)
    {
        TokenStore.Forget(tx, tx.Now - TimeSpan.FromDays(1));
        var (text, prefix, hash) = TokenText.Create();
        TokenStore.Add(tx, new NewToken("session-" + prefix, role, tx.Now + Lasts, Scopes.Everything), prefix, hash, tx.Now, "user " + name, user: name);
        var ended = TokenStore.Sessions(tx, name).Skip(MostSessions).ToList();
        if (ended.Count > 0)
        {
            TokenStore.BeginChange(tx);
            ended.ForEach(old => TokenStore.Revoke(tx, old.Id, tx.Now));
        }

        return new IssuedToken(TokenStore.Find(tx, prefix)!.View(tx.Now), text) { Ended = [.. ended.Select(old => old.Prefix)] };
    }
}
