namespace Rondo.Storage;

/// <summary>What kind of trouble a database had; classified once, at the border.</summary>
public enum StorageFaultKind
{
    /// <summary>The database cannot be reached or is starting, stopping or failing over. Work may be tried again.</summary>
    Unavailable,

    /// <summary>Somebody else held a lock for too long, or a statement took longer than it may. Work may be tried again.</summary>
    Busy,

    /// <summary>The disk is full or read-only, or an I/O error happened. Nothing was written.</summary>
    Full,

    /// <summary>A unique key or check refused the row.</summary>
    Conflict,

    /// <summary>The write was fenced: this incarnation or lease number is no longer the one in force.</summary>
    Fenced,

    /// <summary>The schema does not fit this program (not migrated, or too new).</summary>
    Schema,

    /// <summary>The database file is damaged.</summary>
    Corrupt,

    /// <summary>A bug in Rondo or a wrong setting (bad address, missing rights).</summary>
    Misuse,
}

/// <summary>Any failure of the database, with what was attempted and what to do.</summary>
/// <param name="kind">What kind of trouble.</param>
/// <param name="message">What was attempted, on what, and what to do.</param>
/// <param name="inner">The provider's own exception.</param>
public sealed class StorageFault(StorageFaultKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What kind of trouble.</summary>
    public StorageFaultKind Kind { get; } = kind;

    /// <summary>True when the same work may succeed later without anybody changing anything but the surroundings.</summary>
    public bool IsTransient => Kind is StorageFaultKind.Unavailable or StorageFaultKind.Busy or StorageFaultKind.Full;
}
