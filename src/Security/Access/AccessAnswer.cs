namespace Rondo.Security;

/// <summary>Why somebody was not let in.</summary>
public enum AccessDenial
{
    /// <summary>They were.</summary>
    None,

    /// <summary>What was presented does not look like a token.</summary>
    Malformed,

    /// <summary>No such token was ever issued.</summary>
    Unknown,

    /// <summary>The token's time is over.</summary>
    Expired,

    /// <summary>The token was revoked.</summary>
    Revoked,
}

/// <summary>What presenting a token came to.</summary>
/// <param name="Grant">The grant; null when there is none.</param>
/// <param name="Denial">Why not. Only who presented the right secret is told that it is over.</param>
public readonly record struct AccessAnswer(AccessGrant? Grant, AccessDenial Denial);
