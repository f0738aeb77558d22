using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Rondo.Jobs.Calls;

/// <summary>
/// A secret that calls are signed with, in the form of the Standard Webhooks specification: <c>whsec_</c> and 24 to 64 bytes in base64. It is never shown, not
/// by <see cref="ToString"/> either.
/// </summary>
public sealed class SigningSecret
{
    private const string Prefix = "whsec_";
    private readonly byte[] _key;

    private SigningSecret(string? host, byte[] key)
    {
        Host = host;
        _key = key;
    }

    /// <summary>Calls to this host are signed with it; null for hosts without a secret of their own.</summary>
    public string? Host { get; }

    /// <summary>Reads <c>whsec_…</c> or <c>HOST=whsec_…</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="secret">The secret.</param>
    /// <param name="problem">What is wrong, without the text itself.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out SigningSecret? secret, [NotNullWhen(false)] out string? problem)
    {
        secret = null;
        problem = null;
        var at = text.StartsWith(Prefix, StringComparison.Ordinal) ? -1 : text.IndexOf('=', StringComparison.Ordinal);
        var (host, rest) = at < 0 ? (null, text) : (text[..at].Trim(), text[(at + 1)..].Trim());
        var name = host is null ? null : CallTarget.HostOf(host);
        var key = new byte[64];
        if (host is not null && name is null)
        {
            problem = "what stands before '=' is no name of a host";
        }
        else if (!rest.StartsWith(Prefix, StringComparison.Ordinal) || !Convert.TryFromBase64String(rest[Prefix.Length..], key, out var length) || length < 24)
        {
            problem = "a secret is whsec_ and 24 to 64 random bytes in base64, such as: echo whsec_$(openssl rand -base64 32)";
        }
        else
        {
            secret = new SigningSecret(name, key[..length]);
        }

        return secret is not null;
    }

    /// <summary>The signature of one message: <c>v1,</c> and HMAC-SHA256 of <c>id.timestamp.body</c> in base64.</summary>
    /// <param name="id">Id of the message; has no dot.</param>
    /// <param name="timestamp">Seconds since 1970.</param>
    /// <param name="body">The body, byte by byte.</param>
    public string Sign(string id, long timestamp, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hmac.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.")));
        hmac.AppendData(body);
        return "v1," + Convert.ToBase64String(hmac.GetHashAndReset());
    }

    /// <inheritdoc/>
    public override string ToString() => Host is null ? Prefix + "***" : $"{Host}={Prefix}***";
}
