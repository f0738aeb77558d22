using Rondo.Storage;

namespace Rondo.Host.Settings;

/// <summary>Where the key ring is when nobody says.</summary>
internal static class KeyFolder
{
    /// <summary>Variable that names it for whatever reads no settings.</summary>
    public const string Variable = "RONDO_KEYS_FOLDER";

    /// <summary>Beside a SQLite file (<c>PATH.keys</c>), so that it goes where that goes; for PostgreSQL in the data folder of the user.</summary>
    public static string Of(DatabaseAddress address, string? named, Func<string, string?> variable) => named
        ?? (variable(Variable) is { Length: > 0 } folder ? folder
        : address.Kind == DatabaseKind.Sqlite ? Path.GetFullPath(address.Target) + ".keys"
        : Path.Combine(DataFolder.Of(variable), "keys"));
}
