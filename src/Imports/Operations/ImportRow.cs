using System.Text.Json;
using Rondo.Storage;

namespace Rondo.Imports;

/// <summary>One import as it is stored.</summary>
public sealed class ImportRow
{
    /// <summary>Its number.</summary>
    public long Id { get; init; }

    /// <summary><c>queued</c>, <c>running</c>, <c>done</c>, <c>failed</c> (is tried again), <c>dead</c> or <c>cancelled</c>, as it was last written.</summary>
    public string State { get; init; } = "";

    /// <summary>SHA-256 of the file.</summary>
    public string Hash { get; init; } = "";

    /// <summary>What the file was called by whoever handed it in.</summary>
    public string File { get; init; } = "";

    /// <summary>Size of the file.</summary>
    public long Bytes { get; init; }

    /// <summary>Name of its profile.</summary>
    public string Profile { get; init; } = "";

    /// <summary>The profile as it was when the import was accepted.</summary>
    public string ProfileText { get; init; } = "";

    /// <summary>The meter of a file whose rows name none, or null.</summary>
    public string? Meter { get; init; }

    /// <summary><c>create</c>, <c>refuse</c> or <c>skip</c>.</summary>
    public string UnknownMeters { get; init; } = "";

    /// <summary>More rejected rows refuse the whole file; null for no limit.</summary>
    public long? MaxRejects { get; init; }

    /// <summary><c>low</c>, <c>normal</c> or <c>high</c>.</summary>
    public string Priority { get; init; } = "";

    /// <summary>Words, as JSON, or null.</summary>
    public string? Tags { get; init; }

    /// <summary>A remark, or null.</summary>
    public string? Note { get; init; }

    /// <summary>Names and values of the caller's own, as JSON, or null.</summary>
    public string? Metadata { get; init; }

    /// <summary>Runs after the first one, at most.</summary>
    public int MaxRetries { get; init; }

    /// <summary>Runs after the first one, so far.</summary>
    public int RetryCount { get; init; }

    /// <summary>When it is tried again, or null.</summary>
    public Instant? RetryAt { get; init; }

    /// <summary>What went wrong last, or null.</summary>
    public string? LastError { get; init; }

    /// <summary>The job that runs it.</summary>
    public long? JobId { get; init; }

    /// <summary>When it was accepted.</summary>
    public Instant CreatedAt { get; init; }

    /// <summary>When its first run began.</summary>
    public Instant? StartedAt { get; init; }

    /// <summary>When something of it was stored last.</summary>
    public Instant? ProgressAt { get; init; }

    /// <summary>When it ended.</summary>
    public Instant? FinishedAt { get; init; }

    /// <summary>Rows (records) of the file that are done with.</summary>
    public long Units { get; init; }

    /// <summary>Bytes of the stored file that were read for them.</summary>
    public long BytesRead { get; init; }

    /// <summary>Rows a second of the run that is under way, or of the last one; null before anything was stored.</summary>
    public double? RowsPerS { get; init; }

    /// <summary>How long it will still take, seconds, by the bytes that are left; null while it does not run.</summary>
    public double? LeftS => StateNow == "running" && RowsPerS > 0 && BytesRead > 0 && Units > 0 ? Math.Round(Units / RowsPerS.Value * (Bytes - BytesRead) / BytesRead, 1) : null;

    /// <summary>The URL that its end is told to, or null.</summary>
    public string? Webhook { get; init; }

    /// <summary>The job that tells it; null until it has ended.</summary>
    public long? WebhookJobId { get; init; }

    /// <summary>Values that were read: the sum of the five that follow.</summary>
    public long ValueCount { get; init; }

    /// <summary>Values that were new.</summary>
    public long Inserted { get; init; }

    /// <summary>Values that took the place of others.</summary>
    public long Replaced { get; init; }

    /// <summary>Values that were not taken because those that are there stay.</summary>
    public long Kept { get; init; }

    /// <summary>Values that were there already.</summary>
    public long Same { get; init; }

    /// <summary>Values of meters that nobody knows.</summary>
    public long Skipped { get; init; }

    /// <summary>Fields without a value.</summary>
    public long Missing { get; init; }

    /// <summary>Rows that were rejected.</summary>
    public long Rejected { get; init; }

    /// <summary>Those of them that lie behind what is stored: of a file that was refused.</summary>
    public long RejectedAhead { get; init; }

    /// <summary>Header of the file, its fields apart by U+001F; null for none.</summary>
    public string? Header { get; init; }

    /// <summary>What is odd about the file as a whole, one a line; or null.</summary>
    public string? Warnings { get; init; }

    /// <summary>The job that takes it back, or null.</summary>
    public long? UndoJobId { get; init; }

    /// <summary>When it was taken back, or null.</summary>
    public Instant? UndoneAt { get; init; }

    /// <summary>Values that taking it back deleted.</summary>
    public long UndoDeleted { get; init; }

    /// <summary>Values that taking it back restored.</summary>
    public long UndoRestored { get; init; }

    /// <summary>Values that a later import owned by then, and that stayed.</summary>
    public long UndoKept { get; init; }

    /// <summary>True when somebody was told that it came to nothing.</summary>
    public bool AlertSent { get; init; }

    /// <summary>When.</summary>
    public Instant? AlertSentAt { get; init; }

    /// <summary>State of its job; null when that is forgotten.</summary>
    public string? JobState { get; init; }

    /// <summary>Why its job is dead or cancelled.</summary>
    public string? JobError { get; init; }

    /// <summary>When its job runs, or was to run.</summary>
    public Instant? JobDue { get; init; }

    /// <summary>Why its last run ended, where that run could not write it down here; known of one import alone.</summary>
    public string? JobFailure { get; set; }

    /// <summary>
    /// The state, its job considered: one whose job has ended without a word (discarded, given up after crashes) will not go on; and a run whose end could not be written down here, since
    /// the database was away or full, is over all the same.
    /// </summary>
    public string StateNow => State is not ("queued" or "running" or "failed") ? State : JobState switch
    {
        "cancelled" => "cancelled",
        null or "dead" or "done" => "dead",
        "scheduled" when State == "running" => "failed",
        "ready" or "blocked" when State == "running" => "queued",
        _ => State,
    };

    /// <summary>When it is tried again, its job considered.</summary>
    public Instant? RetryAtNow => RetryAt ?? (State == "running" && StateNow == "failed" ? JobDue : null);

    /// <summary>What went wrong last, its job considered.</summary>
    public string? ErrorNow => (StateNow != State ? JobFailure : null) ?? LastError ?? JobError;

    /// <summary>Words to find it by.</summary>
    public IReadOnlyList<string> TagList => Tags is null ? [] : JsonSerializer.Deserialize<string[]>(Tags) ?? [];

    /// <summary>Names and values of the caller's own.</summary>
    public IReadOnlyDictionary<string, string> MetadataMap => Metadata is null ? new Dictionary<string, string>() : JsonSerializer.Deserialize<Dictionary<string, string>>(Metadata) ?? [];
}

/// <summary>An attempt that did not end well.</summary>
public sealed class ImportErrorRow
{
    /// <summary>Its number, from 1.</summary>
    public long No { get; init; }

    /// <summary>When.</summary>
    public Instant At { get; init; }

    /// <summary>What went wrong.</summary>
    public string Error { get; init; } = "";

    /// <summary>True when it would go wrong again.</summary>
    public bool IsPermanent { get; init; }
}

/// <summary>A row that was not taken.</summary>
public sealed class ImportRejectRow
{
    /// <summary>Its number within the import, from 1.</summary>
    public long No { get; init; }

    /// <summary>Its line in the file.</summary>
    public long Line { get; init; }

    /// <summary>The column, or empty for the whole row.</summary>
    public string Field { get; init; } = "";

    /// <summary>What stood there.</summary>
    public string Value { get; init; } = "";

    /// <summary>A word: <c>bad_number</c>.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The row as it stands in the file, at most 4,000 characters.</summary>
    public string Raw { get; init; } = "";

    /// <summary>The record it belongs to, or null.</summary>
    public string? Context { get; init; }
}
