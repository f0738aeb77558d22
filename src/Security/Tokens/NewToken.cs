using Rondo.Storage;

namespace Rondo.Security;

/// <summary>A token to be made.</summary>
/// <param name="Name">How people call it; no other token in force has it.</param>
/// <param name="Role">What its holder may do.</param>
/// <param name="ExpiresAt">From when on it is worth nothing; null for never.</param>
/// <param name="Scopes">To what it is limited beside its role.</param>
public sealed record NewToken(string Name, Role Role, Instant? ExpiresAt, Scopes Scopes);

/// <summary>A token as it may be shown: without its secret.</summary>
public sealed record TokenView
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>How it begins, after <c>rondo_</c>.</summary>
    public required string Prefix { get; init; }

    /// <summary><c>admin</c>, <c>operator</c>, <c>viewer</c> or <c>ingest</c>.</summary>
    public required string Role { get; init; }

    /// <summary><c>active</c>, <c>expired</c> or <c>revoked</c>.</summary>
    public required string State { get; init; }

    /// <summary>Topics it is limited to; empty for no limit.</summary>
    public required IReadOnlyList<string> Topics { get; init; }

    /// <summary>Devices it is limited to; empty for no limit.</summary>
    public required IReadOnlyList<string> Devices { get; init; }

    /// <summary>When it was made.</summary>
    public required Instant CreatedAt { get; init; }

    /// <summary>By whom.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>From when on it is worth nothing; null for never.</summary>
    public Instant? ExpiresAt { get; init; }

    /// <summary>When it was revoked; null when it was not.</summary>
    public Instant? RevokedAt { get; init; }

    /// <summary>When it was used last, to about a minute; null for never.</summary>
    public Instant? LastUsedAt { get; init; }
}

/// <summary>A token that was just made: the one time its text is known.</summary>
/// <param name="Token">The token.</param>
/// <param name="Text">What its holder presents; it is stored nowhere.</param>
public sealed record IssuedToken(TokenView Token, string Text)
{
    /// <summary>Prefixes of what ended for it: the oldest sessions of a user who has as many as there may be.</summary>
    public IReadOnlyList<string> Ended { get; init; } = [];
}
