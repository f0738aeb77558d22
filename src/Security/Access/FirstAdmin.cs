using System.Security.Cryptography;
using System.Text;
using Rondo.Storage;

namespace Rondo.Security;

/// <summary>
/// The way in while nobody is an admin: a code that a server makes at its start and prints, good for one hour and one use. It lives in the process alone, so that nothing in the
/// database is worth anything.
/// </summary>
public sealed class FirstAdmin
{
    private static readonly TimeSpan _lasts = TimeSpan.FromHours(1);
    private readonly Database _database;
    private readonly TimeProvider _time;
    private readonly Action<string> _hint;
    private readonly long _madeAt;
    private byte[]? _hash;

    private FirstAdmin(Database database, TimeProvider time, Action<string> hint, string code)
    {
        (_database, _time, _hint, Code) = (database, time, hint, code);
        (_hash, _madeAt) = (HashOf(code), time.GetTimestamp());
    }

    /// <summary>What is to be presented.</summary>
    public string Code { get; }

    /// <summary>A code when nobody is an admin yet; else null.</summary>
    public static async Task<FirstAdmin?> OfferAsync(Database database, TimeProvider time, Action<string> hint, CancellationToken stop = default) =>
        await database.ReadAsync("security.admins", TokenStore.HasAdmin, stop).ConfigureAwait(false) ? null : new FirstAdmin(database, time, hint, NewCode());

    /// <summary>The first admin's token for whoever presents the code; null for any other code, and once it is used or over.</summary>
    /// <exception cref="AccessRefused">Somebody became an admin meanwhile, or the name does not fit.</exception>
    public async Task<IssuedToken?> ClaimAsync(string code, string name, Actor by, CancellationToken stop = default)
    {
        var hash = Volatile.Read(ref _hash);
        if (hash is null || _time.GetElapsedTime(_madeAt) > _lasts || !CryptographicOperations.FixedTimeEquals(hash, HashOf(code)) || Interlocked.CompareExchange(ref _hash, null, hash) != hash)
        {
            return null;
        }

        try
        {
            return await new TokenOperations(_database, _hint).AddFirstAsync(name, by, stop).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is not AccessRefused { Reason: AccessRefusal.Taken })
        {
            // It was not used.
            Volatile.Write(ref _hash, hash);
            throw;
        }
    }

    private static string NewCode() => RandomNumberGenerator.GetString("23456789abcdefghjkmnpqrstvwxyz", 26);

    private static byte[] HashOf(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(code));
}
