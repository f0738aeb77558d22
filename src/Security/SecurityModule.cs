using Rondo.Storage.Schema;

namespace Rondo.Security;

/// <summary>What the program has to know of this module.</summary>
public static class SecurityModule
{
    /// <summary>Topic of the hint that users or tokens changed.</summary>
    public const string Topic = "security";

    /// <summary>The tables.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } = Migration.Of("security", typeof(SecurityModule).Assembly);
}
