using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Rondo.Storage;

namespace Rondo.Security;

/// <summary>
/// Secrets that Rondo has to present to others: the password of a router, the passkey of a payment service. They are encrypted in the database by a key of the key ring, each bound to whose it is and
/// what it is called, so that one that is moved to another row does not open there. Everything happens in the transaction of whoever calls.
/// </summary>
/// <param name="keys">The key ring.</param>
public sealed class SecretBox(SecretKeys keys)
{
    /// <summary>Longest value, in bytes of UTF-8: a private key fits.</summary>
    public const int LongestValue = 16 * 1024;

    private const int LongestName = 40;

    /// <summary>Opens the key ring, before a transaction that will write: what goes wrong there is better told before.</summary>
    /// <exception cref="StorageFault">It cannot be used.</exception>
    public void Prepare() => _ = keys.Newest;

    /// <summary>What is wrong with the name of a secret, or null.</summary>
    public static string? MistakeOfName(string name) =>
        name.Length is > 0 and <= LongestName && char.IsAsciiLetterLower(name[0]) && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '-' or '.')
            ? null
            : $"'{name}' is no name of a secret; expected 1 to {LongestName} small letters, digits, '_', '-', '.', the first one a letter, such as password";

    /// <summary>What is wrong with a value, or null; the value is not repeated.</summary>
    public static string? MistakeOfValue(string value) => value.Length == 0 ? "the value is empty; to have none, remove the secret"
        : Encoding.UTF8.GetByteCount(value) is > LongestValue and var bytes ? $"the value has {bytes} bytes; at most {LongestValue}"
        : value.Contains('\0', StringComparison.Ordinal) ? "the value has a character of code 0" : null;

    /// <summary>Stores a value, in the place of one that was there.</summary>
    /// <exception cref="ArgumentException">Name or value do not fit (<see cref="MistakeOfName"/>, <see cref="MistakeOfValue"/>).</exception>
    /// <exception cref="StorageFault">The ring cannot be used, or secrets of this database were stored with a key that it does not have.</exception>
    public void Put(Transaction tx, SecretOwner owner, string name, string value, string by)
    {
        if ((MistakeOfName(name) ?? MistakeOfValue(value)) is { } mistake)
        {
            throw new ArgumentException(mistake, nameof(value));
        }

        var key = Writer(tx);
        SecretStore.Put(tx, owner, name, Seal(key, owner, name, Encoding.UTF8.GetBytes(value)), key.Id, by);
    }

    /// <summary>The value; null when there is none.</summary>
    /// <exception cref="StorageFault">The ring cannot be used or does not have its key, or it was changed in the database.</exception>
    public string? Open(Transaction tx, SecretOwner owner, string name) => SecretStore.Find(tx, owner, name) is { } row
        ? TryOpen(row, out var value) is { } problem ? throw new StorageFault(StorageFaultKind.Misuse, $"the secret {name} of {owner} cannot be opened: {problem}") : Encoding.UTF8.GetString(value!)
        : null;

    /// <summary>Removes one; false when there was none.</summary>
    public static bool Remove(Transaction tx, SecretOwner owner, string name) => SecretStore.Remove(tx, owner, name);

    /// <summary>Removes all of somebody who is removed.</summary>
    public static void RemoveOf(Transaction tx, SecretOwner owner) => SecretStore.RemoveOwner(tx, owner);

    /// <summary>What there is, by name, without values.</summary>
    public static List<SecretView> List(Transaction tx, SecretOwner owner) => [.. SecretStore.Of(tx, owner).Select(row => row.View())];

    /// <summary>One, without its value; null when there is none.</summary>
    public static SecretView? Find(Transaction tx, SecretOwner owner, string name) => SecretStore.Find(tx, owner, name)?.View();

    /// <summary>The key ring.</summary>
    public SecretKeys Keys => keys;

    /// <summary>Keys that secrets of this database were stored with and this ring does not have, with how many secrets.</summary>
    internal List<SecretStore.KeyUse> Missing(Transaction tx)
    {
        var known = keys.Ids;
        return [.. SecretStore.Keys(tx).Where(use => !known.Contains(use.KeyId))];
    }

    /// <summary>Decrypts a row; returns why not, or null.</summary>
    internal string? TryOpen(SecretStore.SecretRow row, out byte[]? value)
    {
        value = null;
        if (keys.Find(row.KeyId) is not { } key)
        {
            return $"it was stored with the key {row.KeyId}, which the key ring {keys.Folder} does not have. Copy the files secrets-*.key from where it was stored, or set it anew";
        }

        try
        {
            value = key.Decrypt(Convert.FromBase64String(row.Payload), Context(row.Of, row.Name));
            return null;
        }
        catch (Exception fault) when (fault is CryptographicException or FormatException)
        {
            return "it was changed in the database, or belongs to another device or name. Set it anew";
        }
    }

    /// <summary>Encrypts a value.</summary>
    internal static string Seal(SecretKey key, SecretOwner owner, string name, byte[] value) => Convert.ToBase64String(key.Encryptor.Encrypt(value, Context(owner, name)));

    /// <summary>
    /// The key to encrypt with; the first one is made when there is none. Never beside secrets that this ring cannot open: whoever began a second ring would find out when it is too late.
    /// </summary>
    private SecretKey Writer(Transaction tx) => Missing(tx) is [var missing, ..]
        ? throw new StorageFault(
            StorageFaultKind.Misuse,
            $"{missing.Secrets} secrets of this database were stored with the key {missing.KeyId}, which the key ring {keys.Folder} does not have, so nothing is stored with another one. Copy the files secrets-*.key from where they were stored; if that ring is lost: rondo secrets forget")
        : keys.Newest ?? keys.Make(isFirst: true);

    /// <summary>What a value is bound to: fields that each carry their length, so that nothing can be moved from one into the next.</summary>
    private static ArraySegment<byte> Context(SecretOwner owner, string name)
    {
        using var all = new MemoryStream();
        Span<byte> length = stackalloc byte[4];
        foreach (var field in new[] { "rondo.secret.1", owner.Kind, owner.Name, name })
        {
            var bytes = Encoding.UTF8.GetBytes(field);
            BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
            all.Write(length);
            all.Write(bytes);
        }

        return all.ToArray();
    }
}
