using Rondo.Host.Tracing;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>The path of a request.</summary>
internal static class TraceEndpoints
{
    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/api/trace/{id}", ReadAsync).WithTags("trace")
        .Named("readTrace", "What came of a request, by its correlation or trace id: its changes (for administrators), its jobs with their attempts, their events, in order of time")
        .For(Role.Viewer).Produces<TracePath>().Problems(400, 404, 503);

    private static async Task<IResult> ReadAsync(Server server, HttpContext context, string id, CancellationToken stop)
    {
        if (!TraceReader.IsId(id))
        {
            return Problem.Of(StatusCodes.Status400BadRequest, "This is neither a correlation id nor a trace id; expected 1 to 64 letters, digits and '-_.:'.");
        }

        var path = await TraceReader.ReadAsync(server.Database, server.JobOperations, id, context.CallerOf()!.Caller.Role.Includes(Role.Admin), stop).ConfigureAwait(false);
        return path.Steps.Count == 0
            ? Problem.Of(StatusCodes.Status404NotFound, $"Nothing is known of {id}: it never was, changed nothing, or its time is over.")
            : Results.Ok(path);
    }
}
