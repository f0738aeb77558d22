namespace Rondo.Security;

/// <summary>Names of users and tokens.</summary>
internal static class Names
{
    private const string Expected = "1 to 60 letters, digits, '.', '-', '_', '@', the first one a letter or a digit";

    /// <exception cref="AccessRefused">It is no name of a <paramref name="what"/>.</exception>
    public static void Require(string? name, string what)
    {
        if (!IsFit(name))
        {
            throw new AccessRefused(AccessRefusal.Mistake, "name", $"'{name}' is no name of a {what}; expected {Expected}");
        }
    }

    public static bool IsFit(string? name) =>
        name is { Length: > 0 and <= 60 } && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '@');
}
