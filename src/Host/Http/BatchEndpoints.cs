using Microsoft.AspNetCore.Mvc;
using Rondo.Jobs;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>Some of the batches, the newest first.</summary>
/// <param name="Batches">The batches.</param>
/// <param name="Next">Where the rest is, or null.</param>
internal sealed record BatchListPage(IReadOnlyList<BatchView> Batches, string? Next);

/// <summary>Batches of jobs.</summary>
internal static class BatchEndpoints
{
    private const int MostBatches = 1_000;

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var batches = app.MapGroup("/api/batches").WithTags("batches");
        batches.MapGet("", ListAsync).Named("listBatches", "Batches of jobs, the newest first, with how far they are").For(Role.Viewer).Produces<BatchListPage>().Problems(503);
        batches.MapGet("/{id:long}", ShowAsync).Named("getBatch", "One batch; its members: GET /api/jobs?batch=ID").For(Role.Viewer).Produces<BatchView>().Problems(404, 503);
        batches.MapPost("/{id:long}/cancel", CancelAsync).Named("cancelBatch", "Ends all of a batch: what waits at once, what runs when its node obeys. Its callback runs when all have ended").For(Role.Operator)
            .Produces<BatchView>().Problems(404, 409, 503);
    }

    private static async Task<IResult> ListAsync(
        Server server,
        CancellationToken stop,
        [FromQuery(Name = "open")] bool? open,
        [FromQuery(Name = "before")] long? before,
        [FromQuery(Name = "limit")] int? limit)
    {
        var most = limit ?? 50;
        if (most is < 1 or > MostBatches)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"limit is {most}; expected 1 to {MostBatches}.");
        }

        var found = await server.JobOperations.Batches.ListAsync(open ?? false, before, most + 1, stop).ConfigureAwait(false);
        string? next = null;
        if (found.Count > most)
        {
            found.RemoveAt(most);
            next = Links.With("/api/batches", ("open", open is true ? "true" : null), ("before", $"{found[^1].Id}"), ("limit", $"{most}"));
        }

        return Results.Ok(new BatchListPage(found, next));
    }

    private static async Task<IResult> ShowAsync(Server server, long id, CancellationToken stop) =>
        await server.JobOperations.Batches.ShowAsync(id, stop).ConfigureAwait(false) is { } batch ? Results.Ok(batch) : Unknown(id);

    private static async Task<IResult> CancelAsync(Server server, HttpContext context, long id, CancellationToken stop) => await server.By(context, "batches.cancel", $"{id}").Jobs.Batches.CancelAsync(id, stop).ConfigureAwait(false) switch
    {
        null => Unknown(id),
        { IsCancelled: false } => Problem.Of(StatusCodes.Status409Conflict, $"Batch {id} was not changed by cancel: it has finished already."),
        { Batch: { } batch } => Results.Ok(batch),
    };

    private static Problem Unknown(long id) => Problem.NotFound($"There is no batch {id}: it never was, or it finished long ago and is forgotten.", []);
}
