namespace Rondo.Security;

/// <summary>Names of users and tokens.</summary>
internal static class Names
{
    /// <summary>What they may be.</summary>
    public const string Expected = "1 to 60 letters, digits, '.', '-', '_', '@', the first one a letter or a digit";

    public static bool IsFit(string? name) =>
        name is { Length: > 0 and <= 60 } && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '@');
}
