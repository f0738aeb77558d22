using Rondo.Diagnostics;
using Rondo.Host.Checks;

namespace Rondo.Host.Http;

/// <summary>Health part by part.</summary>
internal static class DetailedHealthEndpoints
{
    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app) =>
        app.MapGet("/health/detailed", DetailedAsync).WithTags("health")
            .Named("detailedHealth", "Health of every part of this node, for viewers with reason, since when and what to do, for others only the status; 503 only when critical").Open()
            .Produces<DetailedHealth>().Produces<DetailedHealth>(503);

    private static async Task<IResult> DetailedAsync(Server server, HealthWords words, HttpContext context, CancellationToken stop)
    {
        if (!context.MayView())
        {
            return HealthEndpoints.Word(await words.Parts.AskAsync(stop).ConfigureAwait(false));
        }

        var health = await server.Board.LookAsync(stop).ConfigureAwait(false);
        return Results.Json(health, statusCode: health.Status == Health.Critical ? 503 : 200);
    }
}
