namespace Rondo.Security;

/// <summary>Whose secrets they are.</summary>
/// <param name="Kind"><c>device</c>.</param>
/// <param name="Name">Its name.</param>
public sealed record SecretOwner(string Kind, string Name)
{
    /// <summary>The kind of devices.</summary>
    public const string DeviceKind = "device";

    /// <summary>A device.</summary>
    public static SecretOwner Device(string name) => new(DeviceKind, name);

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Name}";
}
