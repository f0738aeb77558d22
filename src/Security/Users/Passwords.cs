using System.Security.Cryptography;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Rondo.Security;

/// <summary>Passwords, kept as ASP.NET Core's hasher keeps them: PBKDF2 with HMAC-SHA512 and a salt of their own.</summary>
internal static class Passwords
{
    /// <summary>Shortest and longest, in characters.</summary>
    public const int Shortest = 12, Longest = 256;

    private const string Alphabet = "23456789abcdefghjkmnpqrstvwxyzABCDEFGHJKMNPQRSTVWXYZ";

    // What OWASP advises for this function (2023); the hasher keeps the number with each hash, so that it can be raised.
    private static readonly PasswordHasher<string> _hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = 210_000 }));

    /// <summary>A random one of 120 bits or so.</summary>
    public static string Create() => RandomNumberGenerator.GetString(Alphabet, 21);

    /// <summary>What is wrong with a password, or null.</summary>
    public static string? Mistake(string password) => password.Length is < Shortest or > Longest
        ? $"the password has {password.Length} characters; expected {Shortest} to {Longest}"
        : password.Distinct().Count() < 5 ? "the password repeats too few characters; expected at least 5 different ones" : null;

    /// <summary>What is stored of it.</summary>
    public static string Hash(string user, string password) => _hasher.HashPassword(user, password);

    /// <summary>True when it is the one that was stored.</summary>
    public static bool Fits(string user, string stored, string given) => given.Length <= Longest && _hasher.VerifyHashedPassword(user, stored, given) != PasswordVerificationResult.Failed;
}
