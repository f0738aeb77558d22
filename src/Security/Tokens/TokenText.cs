using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Rondo.Security;

/// <summary>
/// A token as its holder has it: <c>rondo_</c>, a prefix of 8 characters by which a person and the database recognise it, <c>_</c>, and 256 random bits in base64url. The
/// prefix is no secret. Only the SHA-256 of the whole is ever stored: with so many random bits nothing slower is needed.
/// </summary>
internal static class TokenText
{
    private const string Mark = "rondo_";
    private const int PrefixLength = 8;
    private const int SecretBytes = 32;
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private static readonly int _length = Mark.Length + PrefixLength + 1 + Base64Url.GetEncodedLength(SecretBytes);

    /// <summary>A new token.</summary>
    public static (string Text, string Prefix, string Hash) Create()
    {
        var prefix = RandomNumberGenerator.GetString(Alphabet, PrefixLength);
        var text = Mark + prefix + "_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        return (text, prefix, Convert.ToHexStringLower(HashOf(text)));
    }

    /// <summary>Takes apart what somebody presents; false for what cannot be a token.</summary>
    public static bool TryRead(string text, out string prefix, out byte[] hash)
    {
        (prefix, hash) = ("", []);
        if (text.Length != _length || !text.StartsWith(Mark, StringComparison.Ordinal) || text[Mark.Length + PrefixLength] != '_' || !Ascii.IsValid(text))
        {
            return false;
        }

        (prefix, hash) = (text.Substring(Mark.Length, PrefixLength), HashOf(text));
        return true;
    }

    private static byte[] HashOf(string text) => SHA256.HashData(Encoding.ASCII.GetBytes(text));
}
