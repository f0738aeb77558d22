using Rondo.Jobs;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>How many workers a queue is to have on each node.</summary>
internal sealed record WorkersRequest
{
    /// <summary>0 to 1,000; null for as many as each node is configured with.</summary>
    public required int? Workers { get; init; }
}

/// <summary>Queues of jobs.</summary>
internal static class QueueEndpoints
{
    private const int MostWorkers = 1_000;

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var queues = app.MapGroup("/api/queues").WithTags("queues");
        queues.MapGet("", ReadAsync).Named("listQueues", "Every queue: what it holds, what is wanted of it, how it went in the last 10 minutes").For(Role.Viewer).Produces<QueueStatus>().Problems(503);
        queues.MapPost("/{queue}/pause", (Server server, HttpContext context, string queue, CancellationToken stop) => PauseAsync(server, context, queue, isPaused: true, stop))
            .Named("pauseQueue", "Begins nothing more of a queue; stored, and kept over restarts").For(Role.Operator).Produces<QueueView>().Problems(422, 503);
        queues.MapPost("/{queue}/resume", (Server server, HttpContext context, string queue, CancellationToken stop) => PauseAsync(server, context, queue, isPaused: false, stop))
            .Named("resumeQueue", "Begins jobs of a queue again").For(Role.Operator).Produces<QueueView>().Problems(422, 503);
        queues.MapPost("/{queue}/drain", (Server server, HttpContext context, string queue, CancellationToken stop) => PauseAsync(server, context, queue, isPaused: true, stop))
            .Named("drainQueue", "Begins nothing more of a queue; it is drained when running is 0, in this answer or in a later one of GET /api/queues").For(Role.Operator).Produces<QueueView>().Problems(422, 503);
        queues.MapPut("/{queue}/workers", ScaleAsync).Named("scaleQueue", "How many workers a queue is to have on each node; stored, and kept over restarts").For(Role.Operator)
            .Accepts<WorkersRequest>("application/json").Produces<QueueView>().Problems(413, 415, 422, 503);
        app.MapGet("/api/polling/queue-status", ReadAsync).WithTags("polling").Named("pollingQueueStatus", "The same as /api/queues").For(Role.Viewer).Produces<QueueStatus>().Problems(503);
        app.MapGet("/api/admin/queue-status", ReadAsync).WithTags("admin").Named("adminQueueStatus", "The same as /api/queues").For(Role.Viewer).Produces<QueueStatus>().Problems(503);
    }

    private static async Task<IResult> ReadAsync(Server server, CancellationToken stop) =>
        Results.Ok(await server.JobOperations.Queues.ReadAsync(stop).ConfigureAwait(false) with { Redis = server.Hints.State.Redis });

    private static async Task<IResult> PauseAsync(Server server, HttpContext context, string queue, bool isPaused, CancellationToken stop)
    {
        if (!QueueOperations.IsName(queue))
        {
            return NoName(queue);
        }

        await server.By(context).Jobs.Queues.PauseAsync(queue, isPaused, stop).ConfigureAwait(false);
        return await OneAsync(server, queue, stop).ConfigureAwait(false);
    }

    private static async Task<IResult> ScaleAsync(Server server, string queue, HttpRequest request, CancellationToken stop)
    {
        var (text, problem) = await RequestBody.ReadAsync(request, stop).ConfigureAwait(false);
        if (problem is not null)
        {
            return problem;
        }

        var (wanted, mistake) = JobEndpoints.Read<WorkersRequest>(text);
        if (wanted?.Workers is < 0 or > MostWorkers)
        {
            mistake = new ProblemItem("/workers", $"is {wanted.Workers}; expected 0 to {MostWorkers}, or null");
        }

        if (!QueueOperations.IsName(queue) || mistake is not null)
        {
            return mistake is null ? NoName(queue) : Problem.Refused("The number of workers was not stored.", [mistake]);
        }

        await server.By(request.HttpContext).Jobs.Queues.ScaleAsync(queue, wanted!.Workers, stop).ConfigureAwait(false);
        return await OneAsync(server, queue, stop).ConfigureAwait(false);
    }

    private static async Task<IResult> OneAsync(Server server, string queue, CancellationToken stop) =>
        Results.Ok((await server.JobOperations.Queues.ReadAsync(stop).ConfigureAwait(false)).Queues.First(q => q.Queue == queue));

    private static Problem NoName(string queue) =>
        Problem.Refused($"'{SpecPointer.Shown(queue)}' is not a name of a queue.", [new ProblemItem("", "the queue in the path: expected 1 to 60 letters, digits, '.', '-', '_'")]);
}
