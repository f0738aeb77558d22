using Rondo.Storage;

namespace Rondo.Security;

/// <summary>Whoever asks, once they have proved who they are.</summary>
/// <param name="Kind"><c>token</c> or <c>user</c>.</param>
/// <param name="Name">Name of the token or user.</param>
/// <param name="Role">What they may do.</param>
/// <param name="Scopes">To what they are limited beside it.</param>
/// <param name="ExpiresAt">From when on this is over, by the database clock; null for never.</param>
public sealed record Caller(string Kind, string Name, Role Role, Scopes Scopes, Instant? ExpiresAt)
{
    /// <summary>Who makes a change, coming from <paramref name="address"/>.</summary>
    public Actor Actor(string address) => new(Kind, Name, address);
}
