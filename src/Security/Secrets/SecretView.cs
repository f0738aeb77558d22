using Rondo.Storage;

namespace Rondo.Security;

/// <summary>A secret as it may be shown: without its value.</summary>
public sealed class SecretView
{
    /// <summary>Whose it is: <c>device</c>.</summary>
    public string OwnerKind { get; init; } = "";

    /// <summary>Its name: that of the device.</summary>
    public string Owner { get; init; } = "";

    /// <summary>What the secret is called: <c>password</c>.</summary>
    public string Name { get; init; } = "";

    /// <summary>By which key of the key ring it is encrypted.</summary>
    public string KeyId { get; init; } = "";

    /// <summary>When its value was set last.</summary>
    public Instant ChangedAt { get; init; }

    /// <summary>By whom.</summary>
    public string ChangedBy { get; init; } = "";
}
