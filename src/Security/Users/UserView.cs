using Rondo.Storage;

namespace Rondo.Security;

/// <summary>A user as it may be shown: without the password.</summary>
public sealed class UserView
{
    /// <summary>Its name, which it signs in by.</summary>
    public string Name { get; init; } = "";

    /// <summary><c>admin</c>, <c>operator</c>, <c>viewer</c> or <c>ingest</c>.</summary>
    public string Role { get; init; } = "";

    /// <summary>When it was added.</summary>
    public Instant CreatedAt { get; init; }

    /// <summary>By whom.</summary>
    public string CreatedBy { get; init; } = "";

    /// <summary>When its role or password was changed last.</summary>
    public Instant ChangedAt { get; init; }
}

/// <summary>What of a user was made worth nothing.</summary>
/// <param name="Name">The user.</param>
/// <param name="Sessions">How many sessions ended.</param>
/// <param name="Tokens">Names of the tokens in force that it had made, and of those that were made by one of these.</param>
public sealed record UserRevoked(string Name, int Sessions, IReadOnlyList<string> Tokens);
