using Microsoft.AspNetCore.Mvc;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>Some of the audit trail, the newest first.</summary>
/// <param name="Changes">The changes.</param>
/// <param name="Next">Where the rest is, or null.</param>
internal sealed record AuditPage(IReadOnlyList<AuditView> Changes, string? Next);

/// <summary>Who changed what.</summary>
internal static class AuditEndpoints
{
    private const int MostRows = 1_000;

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/api/audit", ListAsync).WithTags("audit")
        .Named("listAudit", "Who changed what, the newest first").For(Role.Admin).Produces<AuditPage>().Problems(503);

    private static async Task<IResult> ListAsync(
        Server server,
        CancellationToken stop,
        [FromQuery(Name = "action")] string? action,
        [FromQuery(Name = "actor")] string? actor,
        [FromQuery(Name = "subject")] string? subject,
        [FromQuery(Name = "before")] long? before,
        [FromQuery(Name = "limit")] int? limit)
    {
        var most = limit ?? 50;
        if (most is < 1 or > MostRows)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"limit is {most}; expected 1 to {MostRows}.");
        }

        var rows = await AuditTrail.ListAsync(server.Database, new AuditFilter { Before = before, Action = action, Actor = actor, Subject = subject }, most + 1, stop).ConfigureAwait(false);
        string? next = null;
        if (rows.Count > most)
        {
            rows.RemoveAt(most);
            next = Links.With("/api/audit", ("action", action), ("actor", actor), ("subject", subject), ("before", $"{rows[^1].No}"), ("limit", $"{most}"));
        }

        return Results.Ok(new AuditPage([.. rows.Select(AuditView.Of)], next));
    }
}
