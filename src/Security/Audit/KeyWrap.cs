using System.Security.Cryptography;
using System.Text;

namespace Rondo.Security;

/// <summary>Wraps what lies in the key ring by a master key that lies elsewhere: AES-256-GCM under a key derived from it.</summary>
internal sealed class KeyWrap
{
    private const string Mark = "rondo-wrapped-1:";
    private const int LeastBytes = 32;
    private static readonly int _nonce = AesGcm.NonceByteSizes.MaxSize;
    private static readonly int _tag = AesGcm.TagByteSizes.MaxSize;
    private readonly byte[] _key;

    private KeyWrap(byte[] master) => _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, master, 32, info: Encoding.ASCII.GetBytes("rondo.keyring.1"));

    /// <summary>By a master key in base64, of at least 32 bytes; null for none. Returns what is wrong with it, or null.</summary>
    public static string? TryCreate(string? master, out KeyWrap? wrap)
    {
        wrap = null;
        if (master is null)
        {
            return null;
        }

        var bytes = new byte[master.Length];
        if (!Convert.TryFromBase64String(master, bytes, out var length) || length < LeastBytes)
        {
            return $"the master key is no base64 of at least {LeastBytes} bytes; make one with: openssl rand -base64 {LeastBytes}";
        }

        wrap = new KeyWrap(bytes[..length]);
        return null;
    }

    /// <summary>True for a text that somebody wrapped.</summary>
    public static bool IsWrapped(string text) => text.StartsWith(Mark, StringComparison.Ordinal);

    /// <summary>Wraps.</summary>
    public string Wrap(string text)
    {
        var plain = Encoding.UTF8.GetBytes(text);
        var all = new byte[_nonce + plain.Length + _tag];
        RandomNumberGenerator.Fill(all.AsSpan(0, _nonce));
        using var aes = new AesGcm(_key, _tag);
        aes.Encrypt(all.AsSpan(0, _nonce), plain, all.AsSpan(_nonce, plain.Length), all.AsSpan(_nonce + plain.Length));
        return Mark + Convert.ToBase64String(all);
    }

    /// <summary>Unwraps.</summary>
    /// <exception cref="CryptographicException">It was wrapped by another master key, or was changed.</exception>
    public string Unwrap(string text)
    {
        var all = Convert.FromBase64String(text[Mark.Length..].Trim());
        if (all.Length < _nonce + _tag)
        {
            throw new CryptographicException("it is cut off");
        }

        var plain = new byte[all.Length - _nonce - _tag];
        using var aes = new AesGcm(_key, _tag);
        aes.Decrypt(all.AsSpan(0, _nonce), all.AsSpan(_nonce, plain.Length), all.AsSpan(_nonce + plain.Length), plain);
        return Encoding.UTF8.GetString(plain);
    }
}
