namespace Rondo.Imports;

/// <summary>Settings of imports.</summary>
public sealed record ImportOptions
{
    /// <summary>Where files are kept: a full path. Every node that runs imports needs the same one.</summary>
    public required string Folder { get; init; }

    /// <summary>Where profiles of the installation are (<c>NAME.yaml</c>), beside the shipped ones; null for none.</summary>
    public string? Profiles { get; init; }

    /// <summary>Largest file as it is handed in, bytes. Default 4 GB.</summary>
    public long MaxBytes { get; init; } = 4_000_000_000;

    /// <summary>Largest file once it is unpacked, bytes. Default 20 GB.</summary>
    public long MaxUnpacked { get; init; } = 20_000_000_000;

    /// <summary>How old an interval may be; older ones would be let go by retention at once. Null for no limit.</summary>
    public TimeSpan? Oldest { get; init; }

    /// <summary>How long imports that have ended are kept, with their files and what is needed to take them back; null for ever. Default 30 days.</summary>
    public TimeSpan? Retention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Values in one transaction, at most about so many. Default 5,000; 1 to 20,000.</summary>
    public int ChunkSize { get; init; } = 5_000;
}
