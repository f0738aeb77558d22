using Rondo.Imports;
using Rondo.Storage;

namespace Rondo.Host.Imports;

/// <summary>An import as the command line and the API show it.</summary>
internal sealed record ImportView
{
    /// <summary>Its number.</summary>
    public required long Id { get; init; }

    /// <summary><c>queued</c>, <c>running</c>, <c>done</c>, <c>failed</c> (is tried again), <c>dead</c> or <c>cancelled</c>.</summary>
    public required string State { get; init; }

    /// <summary>What the file was called.</summary>
    public required string File { get; init; }

    /// <summary>SHA-256 of it.</summary>
    public required string Hash { get; init; }

    /// <summary>Its size.</summary>
    public required long Bytes { get; init; }

    /// <summary>Its profile.</summary>
    public required string Profile { get; init; }

    /// <summary>The meter of a file whose rows name none, or null.</summary>
    public string? Meter { get; init; }

    /// <summary><c>low</c>, <c>normal</c> or <c>high</c>.</summary>
    public required string Priority { get; init; }

    /// <summary>Rows of the file that are done with.</summary>
    public required long Rows { get; init; }

    /// <summary>Bytes of the file that were read for them.</summary>
    public required long BytesRead { get; init; }

    /// <summary>Rows a second of the run that is under way, or of the last one; null before anything was stored.</summary>
    public double? RowsPerS { get; init; }

    /// <summary>How long it will still take, seconds; null while it does not run.</summary>
    public double? LeftS { get; init; }

    /// <summary>The URL that its end is told to, or null.</summary>
    public string? Webhook { get; init; }

    /// <summary>The job that tells it; null until it has ended.</summary>
    public long? WebhookJobId { get; init; }

    /// <summary>Values that were read: the sum of inserted, replaced, kept, same and skipped.</summary>
    public required long Values { get; init; }

    /// <summary>Values that were new.</summary>
    public required long Inserted { get; init; }

    /// <summary>Values that took the place of others.</summary>
    public required long Replaced { get; init; }

    /// <summary>Values that were not taken because those that are there stay.</summary>
    public required long Kept { get; init; }

    /// <summary>Values that were there already.</summary>
    public required long Same { get; init; }

    /// <summary>Values of meters nobody knows.</summary>
    public required long Skipped { get; init; }

    /// <summary>Fields without a value.</summary>
    public required long Missing { get; init; }

    /// <summary>Rows that were rejected.</summary>
    public required long Rejected { get; init; }

    /// <summary>Runs after the first one, so far.</summary>
    public required int RetryCount { get; init; }

    /// <summary>Runs after the first one, at most.</summary>
    public required int MaxRetries { get; init; }

    /// <summary>When it is tried again, or null.</summary>
    public Instant? RetryAt { get; init; }

    /// <summary>What went wrong last, or null.</summary>
    public string? LastError { get; init; }

    /// <summary>What is odd about the file as a whole.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Words to find it by.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>A remark, or null.</summary>
    public string? Note { get; init; }

    /// <summary>Names and values of the caller's own.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>What becomes of unknown meters: <c>create</c>, <c>refuse</c> or <c>skip</c>.</summary>
    public required string UnknownMeters { get; init; }

    /// <summary>More rejected rows refuse the whole file, or null.</summary>
    public long? MaxRejects { get; init; }

    /// <summary>When it was accepted.</summary>
    public required Instant CreatedAt { get; init; }

    /// <summary>When its first run began, or null.</summary>
    public Instant? StartedAt { get; init; }

    /// <summary>When something of it was stored last, or null.</summary>
    public Instant? ProgressAt { get; init; }

    /// <summary>When it ended, or null.</summary>
    public Instant? FinishedAt { get; init; }

    /// <summary>The job that runs it.</summary>
    public long? JobId { get; init; }

    /// <summary>The job that takes it back, or null.</summary>
    public long? UndoJobId { get; init; }

    /// <summary>When it was taken back, or null.</summary>
    public Instant? UndoneAt { get; init; }

    /// <summary>Values that taking it back deleted.</summary>
    public required long UndoDeleted { get; init; }

    /// <summary>Values that taking it back restored.</summary>
    public required long UndoRestored { get; init; }

    /// <summary>Values a later import owned by then, and that stayed.</summary>
    public required long UndoKept { get; init; }

    /// <summary>True when somebody was told that it came to nothing.</summary>
    public required bool AlertSent { get; init; }

    /// <summary>When, or null.</summary>
    public Instant? AlertSentAt { get; init; }

    public static ImportView Of(ImportRow row) => new()
    {
        Id = row.Id,
        State = row.StateNow,
        File = row.File,
        Hash = row.Hash,
        Bytes = row.Bytes,
        Profile = row.Profile,
        Meter = row.Meter,
        Priority = row.Priority,
        Rows = row.Units,
        BytesRead = row.BytesRead,
        RowsPerS = row.RowsPerS is { } speed ? Math.Round(speed, 1) : null,
        LeftS = row.LeftS,
        Webhook = row.Webhook,
        WebhookJobId = row.WebhookJobId,
        Values = row.ValueCount,
        Inserted = row.Inserted,
        Replaced = row.Replaced,
        Kept = row.Kept,
        Same = row.Same,
        Skipped = row.Skipped,
        Missing = row.Missing,
        Rejected = row.Rejected,
        RetryCount = row.RetryCount,
        MaxRetries = row.MaxRetries,
        RetryAt = row.RetryAtNow,
        LastError = row.ErrorNow,
        Warnings = row.Warnings?.Split('\n') ?? [],
        Tags = row.TagList,
        Note = row.Note,
        Metadata = row.MetadataMap,
        UnknownMeters = row.UnknownMeters,
        MaxRejects = row.MaxRejects,
        CreatedAt = row.CreatedAt,
        StartedAt = row.StartedAt,
        ProgressAt = row.ProgressAt,
        FinishedAt = row.FinishedAt,
        JobId = row.JobId,
        UndoJobId = row.UndoJobId,
        UndoneAt = row.UndoneAt,
        UndoDeleted = row.UndoDeleted,
        UndoRestored = row.UndoRestored,
        UndoKept = row.UndoKept,
        AlertSent = row.AlertSent,
        AlertSentAt = row.AlertSentAt,
    };
}

/// <summary>All that is known of one import.</summary>
/// <param name="Import">The import.</param>
/// <param name="Errors">Every attempt that did not end well, oldest first.</param>
/// <param name="Rejects">The first 20 rejected rows.</param>
internal sealed record ImportPage(ImportView Import, IReadOnlyList<ImportErrorRow> Errors, IReadOnlyList<ImportRejectRow> Rejects)
{
    public static ImportPage Of(ImportDetails details) => new(ImportView.Of(details.Row), details.Errors, details.Rejects);
}
