namespace Rondo.Security;

/// <summary>Where the key ring is, and what opens it.</summary>
/// <param name="Folder">Full path; null for where it is by default.</param>
/// <param name="Master">A master key in base64 by which the key in it is wrapped; null for a key that only the rights of the file protect.</param>
public sealed record KeyRingPlace(string? Folder = null, string? Master = null)
{
    /// <summary>What is wrong with the master key; null for nothing.</summary>
    public string? Problem => KeyWrap.TryCreate(Master, out _);

    // A record would print the master key.
    /// <inheritdoc/>
    public override string ToString() => $"key ring {Folder ?? "by default"}{(Master is null ? "" : ", wrapped")}";
}
