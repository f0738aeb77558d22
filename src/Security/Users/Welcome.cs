using System.Security.Cryptography;
using System.Text;
using Rondo.Storage;

namespace Rondo.Security;

/// <summary>
/// A way in for whoever sees what a program prints on this machine: a code, good once and for ten minutes, that begins a session of one user. It lives in the process alone, and opens nothing that
/// the user could not.
/// </summary>
/// <param name="database">Migrated.</param>
/// <param name="time">Time.</param>
/// <param name="user">Whose session it begins.</param>
public sealed class Welcome(Database database, TimeProvider time, string user)
{
    /// <summary>How long the code is good.</summary>
    public static readonly TimeSpan Lasts = TimeSpan.FromMinutes(10);

    private readonly long _madeAt = time.GetTimestamp();
    private string? _code = RandomNumberGenerator.GetString("23456789abcdefghjkmnpqrstvwxyz", 26);

    /// <summary>The code; null once it is used.</summary>
    public string? Code => Volatile.Read(ref _code);

    /// <summary>A session for whoever presents the code; null for any other code, once it is used or over, and when there is no such user any more.</summary>
    public async Task<(string User, IssuedToken Session)?> EnterAsync(string code, CancellationToken stop = default)
    {
        var mine = Volatile.Read(ref _code);
        if (mine is null || time.GetElapsedTime(_madeAt) > Lasts || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(mine), Encoding.UTF8.GetBytes(code)) || Interlocked.CompareExchange(ref _code, null, mine) != mine)
        {
            return null;
        }

        var session = await database.WriteAsync(
            "security.welcome",
            tx =>
            {
                TokenStore.Hold(tx);
                return Roles.TryParse(UserStore.Find(tx, user)?.Role, out var role) ? SignIns.Begin(tx, user, role) : null;
            },
            stop).ConfigureAwait(false);
        return session is null ? null : (user, session);
    }
}
