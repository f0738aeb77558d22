using System.Text.Json;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host;

/// <summary>One change, as it is shown.</summary>
/// <param name="No">Its number in the trail.</param>
/// <param name="At">When it was.</param>
/// <param name="Actor">Who: <c>token</c>, <c>user</c>, <c>command</c>, <c>setup</c> or <c>system</c>, and the name.</param>
/// <param name="From">From where.</param>
/// <param name="Action">What was done.</param>
/// <param name="Subject">To what.</param>
/// <param name="Before">What it was; secrets are masked.</param>
/// <param name="After">What it became.</param>
/// <param name="Seal">What chains it to the one before.</param>
/// <param name="CorrelationId">By what whoever asked calls the request that made it; null for none.</param>
/// <param name="TraceId">In which trace.</param>
internal sealed record AuditView(
    long No, Instant At, string Actor, string From, string Action, string Subject, JsonElement? Before, JsonElement? After, string Seal, string? CorrelationId, string? TraceId)
{
    /// <summary>As it is shown.</summary>
    public static AuditView Of(AuditRow row) => new(
        row.No, row.At, $"{row.ActorKind} {row.ActorName}", row.ActorFrom, row.Action, row.Subject, Read(row.BeforeJson), Read(row.AfterJson), row.Seal, row.CorrelationId, row.TraceId);

    // What somebody put there by hand need not be JSON.
    private static JsonElement? Read(string? json)
    {
        try
        {
            return json is null ? null : JsonDocument.Parse(json).RootElement;
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(json);
        }
    }
}
