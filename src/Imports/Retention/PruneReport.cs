using Rondo.Storage;

namespace Rondo.Imports;

/// <summary>Imports of one state that were let go of.</summary>
/// <param name="State"><c>done</c>, <c>dead</c> or <c>cancelled</c>.</param>
/// <param name="Imports">How many.</param>
/// <param name="Bytes">Size of their files together.</param>
public sealed record PrunedState(string State, long Imports, long Bytes);

/// <summary>An import that was let go of.</summary>
public sealed class PrunedImport
{
    /// <summary>Its number.</summary>
    public long Id { get; init; }

    /// <summary>How it had ended.</summary>
    public string State { get; init; } = "";

    /// <summary>What its file was called.</summary>
    public string File { get; init; } = "";

    /// <summary>SHA-256 of its file.</summary>
    public string Hash { get; init; } = "";

    /// <summary>Size of its file.</summary>
    public long Bytes { get; init; }

    /// <summary>When it had ended.</summary>
    public Instant FinishedAt { get; init; }
}

/// <summary>Files, how many and how large.</summary>
/// <param name="Count">How many.</param>
/// <param name="Bytes">Their size together.</param>
public sealed record FileTally(long Count, long Bytes)
{
    /// <summary>Both together.</summary>
    public static FileTally operator +(FileTally a, FileTally b) => new(a.Count + b.Count, a.Bytes + b.Bytes);
}

/// <summary>What was let go of, or would be.</summary>
public sealed record PruneReport
{
    /// <summary>What ended before goes.</summary>
    public required Instant Before { get; init; }

    /// <summary>True when nothing was changed.</summary>
    public required bool IsDryRun { get; init; }

    /// <summary>Imports by how they had ended.</summary>
    public required IReadOnlyList<PrunedState> States { get; init; }

    /// <summary>The first 1,000 of them.</summary>
    public required IReadOnlyList<PrunedImport> Imports { get; init; }

    /// <summary>Imports that have not ended, or are being taken back: these stay, however old they are.</summary>
    public required long Active { get; init; }

    /// <summary>Files that no import needs any more since these are gone.</summary>
    public FileTally Files { get; init; } = new(0, 0);

    /// <summary>Files that no import named before either: what a kill left behind.</summary>
    public FileTally Orphans { get; init; } = new(0, 0);

    /// <summary>The first 1,000 of these, as they are called in the folder.</summary>
    public IReadOnlyList<string> OrphanNames { get; init; } = [];

    /// <summary>Imports whose file is not in the folder any more.</summary>
    public long WithoutFile { get; init; }

    /// <summary>The first 1,000 of these.</summary>
    public IReadOnlyList<long> WithoutFileIds { get; init; } = [];

    /// <summary>Rows of details (errors, rejected rows, whose values are whose) of imports that are gone.</summary>
    public required long Details { get; init; }

    /// <summary>Why files were left alone, or null.</summary>
    public string? FilesKept { get; init; }
}
