using System.Security.Cryptography;

namespace Rondo.Storage;

/// <summary>Random identities: short, lower case, without letters that are mistaken for others.</summary>
public static class Ids
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    /// <summary>A new identity of 16 characters (80 random bits).</summary>
    public static string New() => RandomNumberGenerator.GetString(Alphabet, 16);
}

/// <summary>Ids as one parameter of a statement, for <c>{in:@ids}</c>: an array in PostgreSQL, JSON text in SQLite.</summary>
/// <param name="Values">The ids.</param>
public readonly record struct IdList(long[] Values);
