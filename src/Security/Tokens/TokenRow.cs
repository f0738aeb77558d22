using Rondo.Storage;

namespace Rondo.Security;

/// <summary>A token as it is stored.</summary>
internal sealed class TokenRow
{
    public long Id { get; init; }

    public string Name { get; init; } = "";

    public string Prefix { get; init; } = "";

    public string Hash { get; init; } = "";

    public string Role { get; init; } = "";

    public string? Topics { get; init; }

    public string? Devices { get; init; }

    public string? UserName { get; init; }

    public Instant CreatedAt { get; init; }

    public string CreatedBy { get; init; } = "";

    public Instant? ExpiresAt { get; init; }

    public Instant? RevokedAt { get; init; }

    public Instant? LastUsedAt { get; init; }

    /// <summary>The revision of access that this was read at.</summary>
    public long Revision { get; init; }

    public bool IsOver(Instant now) => RevokedAt is not null || ExpiresAt <= now;

    public TokenView View(Instant now)
    {
        var scopes = Scopes.Of(Topics, Devices);
        return new TokenView
        {
            Name = Name,
            Prefix = Prefix,
            Role = Role,
            State = RevokedAt is not null ? "revoked" : ExpiresAt <= now ? "expired" : "active",
            Topics = scopes.Topics,
            Devices = scopes.Devices,
            CreatedAt = CreatedAt,
            CreatedBy = CreatedBy,
            ExpiresAt = ExpiresAt,
            RevokedAt = RevokedAt,
            LastUsedAt = LastUsedAt,
        };
    }
}
