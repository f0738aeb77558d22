using System.Text.Json;
using Rondo.Jobs;
using Rondo.Storage;

namespace Rondo.Host.Jobs;

/// <summary>A job as the command line and the API show it.</summary>
internal sealed record JobView
{
    /// <summary>Its number.</summary>
    public required long Id { get; init; }

    /// <summary><c>scheduled</c>, <c>ready</c>, <c>running</c>, <c>blocked</c>, <c>done</c>, <c>cancelled</c> or <c>dead</c>.</summary>
    public required string State { get; init; }

    /// <summary>Its queue.</summary>
    public required string Queue { get; init; }

    /// <summary>Its kind.</summary>
    public required string Kind { get; init; }

    /// <summary>-100 to 100, higher first.</summary>
    public required int Priority { get; init; }

    /// <summary>Not before.</summary>
    public required Instant Due { get; init; }

    /// <summary>Runs so far.</summary>
    public required int Attempts { get; init; }

    /// <summary>Runs it may have.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>Crashes of a node it was running in.</summary>
    public required int Crashes { get; init; }

    /// <summary>When it was accepted.</summary>
    public required Instant EnqueuedAt { get; init; }

    /// <summary>When its last attempt began; null when there was none or it waits.</summary>
    public Instant? StartedAt { get; init; }

    /// <summary>When it ended, or null.</summary>
    public Instant? FinishedAt { get; init; }

    /// <summary>The node that runs it, or ran it last.</summary>
    public string? Node { get; init; }

    /// <summary>Why it is dead or cancelled.</summary>
    public string? Error { get; init; }

    /// <summary>Its arguments; headers that are named like a secret are <c>***</c>.</summary>
    public required JsonElement Args { get; init; }

    /// <summary>Words to find it by.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>A remark, or null.</summary>
    public string? Note { get; init; }

    /// <summary>Names and values of the caller's own.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>The batch it belongs to, or null.</summary>
    public long? BatchId { get; init; }

    /// <summary>The job whose end it waits for, or null.</summary>
    public long? WaitsForJob { get; init; }

    /// <summary>The batch whose end it waits for, or null.</summary>
    public long? WaitsForBatch { get; init; }

    /// <summary>Or null.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>Or null.</summary>
    public string? ConcurrencyKey { get; init; }

    public static JobView Of(JobRow row) => new()
    {
        Id = row.Id,
        State = row.State,
        Queue = row.Queue,
        Kind = row.Kind,
        Priority = row.Priority,
        Due = row.Due,
        Attempts = row.Attempts,
        MaxAttempts = row.MaxAttempts,
        Crashes = row.Crashes,
        EnqueuedAt = row.EnqueuedAt,
        StartedAt = row.StartedAt,
        FinishedAt = row.FinishedAt,
        Node = row.Node,
        Error = row.Error,
        Args = ShownArgs.Of(row.Args),
        Tags = row.Tags is { } tags ? JsonSerializer.Deserialize<string[]>(tags)! : [],
        Note = row.Note,
        Metadata = row.Metadata is { } metadata ? JsonSerializer.Deserialize<Dictionary<string, string>>(metadata)! : [],

        BatchId = row.BatchId,
        WaitsForJob = row.WaitsOn == "job" ? row.WaitsFor : null,
        WaitsForBatch = row.WaitsOn == "batch" ? row.WaitsFor : null,

        // The mark that says for how long it is held is the queue's own.
        UniqueKey = row.UniqueKey?.TrimStart('~', '#'),
        ConcurrencyKey = row.ConcurrencyKey,
    };
}

/// <summary>All that is known of one job.</summary>
/// <param name="Job">The job.</param>
/// <param name="Failures">Attempts that did not end well, oldest first.</param>
/// <param name="Progress">How far it said it is, or null.</param>
/// <param name="Log">The newest lines of its log, oldest first; at most 200.</param>
internal sealed record JobPage(JobView Job, IReadOnlyList<JobFailure> Failures, JobProgressState? Progress, IReadOnlyList<JobLine> Log)
{
    public static JobPage Of(JobDetails details) => new(JobView.Of(details.Job), details.Failures, details.Progress, details.Lines);
}
