using System.Security.Cryptography;
using System.Text;

namespace Rondo.Live.Pusher;

/// <summary>
/// The application that clients and back-ends of the Pusher protocol name: an id for the HTTP API, a key that is no secret, and the secret with which channels and requests are signed.
/// Whoever has the secret may listen to everything and publish everywhere.
/// </summary>
public sealed class PusherApp
{
    /// <summary>Shortest secret, characters.</summary>
    public const int ShortestSecret = 16;

    /// <summary>Longest id, key and secret, characters.</summary>
    public const int Longest = 200;

    private readonly byte[] _secret;
    private readonly byte[] _key;

    /// <summary>The application.</summary>
    /// <exception cref="ArgumentException">One of the three will not do; the message never has the secret.</exception>
    public PusherApp(string id, string key, string secret)
    {
        if (Problem(id, key, secret) is { } problem)
        {
            throw new ArgumentException(problem, nameof(secret));
        }

        (Id, Key, _secret, _key) = (id, key, Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(key));
    }

    /// <summary>Its id, as it stands in the paths of the HTTP API.</summary>
    public string Id { get; }

    /// <summary>Its key: no secret, every page has it.</summary>
    public string Key { get; }

    /// <summary>What is wrong with the three, without telling the secret; null for nothing.</summary>
    public static string? Problem(string id, string key, string secret) =>
        !IsName(id) ? $"an application has an id of 1 to {Longest} letters, digits, - and _"
        : !IsName(key) ? $"an application has a key of 1 to {Longest} letters, digits, - and _"
        : secret.Length is < ShortestSecret or > Longest || !secret.All(c => c is > ' ' and <= '~') ? $"an application has a secret of {ShortestSecret} to {Longest} characters without spaces; openssl rand -hex 20 makes one"
        : null;

    /// <summary>True when <paramref name="key"/> is its key.</summary>
    public bool IsKey(string? key) => key is { Length: <= Longest } && CryptographicOperations.FixedTimeEquals(_key, Encoding.UTF8.GetBytes(key));

    /// <summary>The signature of a text: HMAC-SHA256, lower-case hex.</summary>
    public string Sign(string text) => Convert.ToHexStringLower(HMACSHA256.HashData(_secret, Encoding.UTF8.GetBytes(text)));

    /// <summary>True when <paramref name="signature"/> is that of <paramref name="text"/>. Takes as long for one that is nearly right.</summary>
    public bool IsSignature(string? signature, string text) =>
        signature is { Length: 2 * HMACSHA256.HashSizeInBytes } && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Sign(text)), Encoding.UTF8.GetBytes(signature));

    /// <summary>Its id; never the secret.</summary>
    public override string ToString() => $"application {Id}";

    private static bool IsName(string text) => text.Length is > 0 and <= Longest && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
