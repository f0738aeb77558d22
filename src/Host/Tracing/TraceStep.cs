using System.Text.Json.Serialization;
using Rondo.Storage;

namespace Rondo.Host.Tracing;

/// <summary>One thing that happened on the path of a request. What means nothing for its kind is left out.</summary>
internal sealed record TraceStep
{
    /// <summary>When, by the database clock.</summary>
    public required Instant At { get; init; }

    /// <summary><c>change</c> (a row of the audit trail), <c>job</c> (accepted), <c>attempt</c> (began) or <c>event</c>.</summary>
    public required string What { get; init; }

    /// <summary>In words, for people.</summary>
    public required string Summary { get; init; }

    /// <summary>By what whoever asked calls it.</summary>
    public required string CorrelationId { get; init; }

    /// <summary>In which trace.</summary>
    public required string TraceId { get; init; }

    /// <summary>Of a job or an attempt: the job.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? JobId { get; init; }

    /// <summary>Its queue.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Queue { get; init; }

    /// <summary>Its kind.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Kind { get; init; }

    /// <summary>Of an attempt: which run.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Attempt { get; init; }

    /// <summary>Of a job its state now; of an attempt what came of it, such as <c>done</c>, <c>retry</c>, <c>crashed</c> or <c>running</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Outcome { get; init; }

    /// <summary>Of an attempt: when it ended.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Instant? EndedAt { get; init; }

    /// <summary>Of an attempt: which node ran it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Node { get; init; }

    /// <summary>Of an attempt: what was wrong.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Error { get; init; }

    /// <summary>Of a change: who made it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Actor { get; init; }

    /// <summary>Of a change what was done, of an event what happened.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>Of a change to what, of an event its topic.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Subject { get; init; }

    /// <summary>Of a change its number in the audit trail (0 while it waits to be sealed), of an event its number in the log.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? No { get; init; }
}

/// <summary>The path of a request.</summary>
/// <param name="Id">The correlation or trace id that was asked for.</param>
/// <param name="Steps">What happened, in order of time.</param>
/// <param name="IsCut">True when there is more than is told: 200 jobs, 1,000 changes, 1,000 events.</param>
/// <param name="IsWithheld">True when changes and what is for administrators are left out, since whoever asks is none.</param>
internal sealed record TracePath(string Id, IReadOnlyList<TraceStep> Steps, bool IsCut, bool IsWithheld);
