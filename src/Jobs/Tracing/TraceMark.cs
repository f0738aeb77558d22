using System.Text.Json;
using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>
/// What a job carries of the request it comes from: two entries of its metadata, so that they go wherever the job goes, and a job that comes from none carries nothing. Entries of these
/// names that the caller gave are taken for it.
/// </summary>
internal static class TraceMark
{
    /// <summary>The correlation id.</summary>
    public const string Correlation = "correlation_id";

    /// <summary>The place in the trace, as the header of W3C Trace Context has it.</summary>
    public const string Parent = "traceparent";

    /// <summary>What metadata of a caller's own say; null when nothing.</summary>
    public static TraceContext? Of(IReadOnlyDictionary<string, string>? metadata) =>
        metadata is null ? null : TraceContext.Take(metadata.GetValueOrDefault(Correlation), metadata.GetValueOrDefault(Parent));

    /// <summary>What a stored job says; null when nothing.</summary>
    public static TraceContext? Of(string? metadata) =>
        metadata is null || (!metadata.Contains($"\"{Parent}\"", StringComparison.Ordinal) && !metadata.Contains($"\"{Correlation}\"", StringComparison.Ordinal))
            ? null
            : Of(JsonSerializer.Deserialize<Dictionary<string, string>>(metadata));

    /// <summary>Metadata that say it.</summary>
    public static IReadOnlyDictionary<string, string>? On(IReadOnlyDictionary<string, string>? own, TraceContext? trace) =>
        trace is null ? own : new Dictionary<string, string>(own ?? new Dictionary<string, string>(), StringComparer.Ordinal) { [Correlation] = trace.CorrelationId, [Parent] = trace.Traceparent };
}
