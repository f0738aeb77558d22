using Microsoft.AspNetCore.Mvc;
using Rondo.Polling;
using Rondo.Polling.Fleet;
using Rondo.Polling.Now;
using Rondo.Polling.Proof;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>The stored intent after a start or stop.</summary>
/// <param name="Polling"><c>started</c> or <c>stopped</c>.</param>
/// <param name="Device">The device, or null for all of polling.</param>
/// <param name="Revision">Configuration revision; a node obeys once its <c>seen_revision</c> is at least this.</param>
internal sealed record PollingIntent(string Polling, string? Device, long Revision);

/// <summary>Polling as a whole: status, proof, audit, start and stop, counters.</summary>
internal static class PollingEndpoints
{
    // A validation reads the whole ledger of its window; two at once would only make both slower.
    private static readonly SemaphoreSlim _oneValidation = new(1);

    private static readonly TimeSpan _answersWithin = TimeSpan.FromSeconds(10);

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var polling = app.MapGroup("/api/polling").WithTags("polling");
        polling.MapGet("/status", StatusAsync).Named("pollingStatus", "Whether enabled = owned = planned, and with detailed=true every device").For(Role.Viewer)
            .Produces<PollingStatus>().Problems(404, 503);
        polling.MapGet("/validate", ValidateAsync).Named("validate", "Proves that every expected slot has exactly one outcome, or names what contradicts it").For(Role.Viewer)
            .Produces<Validation>().Problems(503);
        polling.MapPost("/audit", AuditAsync).Named("audit", "Finds and cleans ownership of dead nodes, stale breakers and left-overs").For(Role.Operator)
            .Produces<AuditReport>().Problems(503);
        polling.MapPost("/start", (Server server, HttpContext context, CancellationToken stop, [FromQuery(Name = "device")] string? device) => SetAsync(server, context, device, on: true, stop))
            .Named("startPolling", "Starts polling, of one device or of everything; stored, and kept over restarts").For(Role.Operator).Produces<PollingIntent>().Problems(404, 503);
        polling.MapPost("/stop", (Server server, HttpContext context, CancellationToken stop, [FromQuery(Name = "device")] string? device) => SetAsync(server, context, device, on: false, stop))
            .Named("stopPolling", "Stops polling, of one device or of everything; stored, and kept over restarts").For(Role.Operator).Produces<PollingIntent>().Problems(404, 503);
        polling.MapPost("/now", NowAsync).Named("pollNow", "Has a device read now by the node that polls it, between two polls; leaves nothing in the ledger").For(Role.Operator)
            .Produces<PollAnswer>().Problems(404, 503);
        polling.MapGet("/metrics", Metrics).Named("pollingMetrics", "Counters and distributions of this node since its start").For(Role.Viewer).Produces<PollerState>().Problems(404);
        polling.MapPost("/metrics/reset", Reset).Named("resetPollingMetrics", "Starts the distributions (lateness, commit) over, after a warm-up").For(Role.Operator).Produces(204).Problems(404);
    }

    private static async Task<IResult> StatusAsync(
        Server server, CancellationToken stop, [FromQuery(Name = "detailed")] bool? detailed, [FromQuery(Name = "device")] string? device)
    {
        if (device is not null && await MissingAsync(server, device, stop).ConfigureAwait(false) is { } missing)
        {
            return missing;
        }

        var address = server.Database.Address;
        return Results.Ok(await server.Database.ReadAsync(
            "polling.status", tx => StatusReader.Read(tx, address, detailed ?? device is not null, device), stop).ConfigureAwait(false));
    }

    private static async Task<IResult> ValidateAsync(
        Server server, CancellationToken stop, [FromQuery(Name = "from")] Instant? from, [FromQuery(Name = "to")] Instant? to)
    {
        if (from >= to)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"from ({from}) is not before to ({to}).");
        }

        await _oneValidation.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            var result = await server.Database.ReadLongAsync("polling.validate", tx => Validator.Run(tx, from, to), stop).ConfigureAwait(false);
            return Results.Ok(result);
        }
        finally
        {
            _oneValidation.Release();
        }
    }

    private static async Task<IResult> AuditAsync(Server server, HttpContext context, CancellationToken stop, [FromQuery(Name = "dry_run")] bool? dryRun)
    {
        var report = await Auditor.RunAsync(server.By(context).Database, dryRun ?? false, server.Node.Id, stop, server.Node).ConfigureAwait(false);
        if (report.Cleaned > 0)
        {
            server.Hints.Send(HintTopics.Polling);
        }

        return Results.Ok(report);
    }

    private static async Task<IResult> SetAsync(Server server, HttpContext context, string? device, bool on, CancellationToken stop)
    {
        var revision = await Devices.SetPollingAsync(server.By(context).Database, device, on, stop).ConfigureAwait(false);
        if (revision is not { } seen)
        {
            return (await MissingAsync(server, device!, stop).ConfigureAwait(false))!;
        }

        server.Hints.Send(HintTopics.Polling);
        return Results.Ok(new PollingIntent(on ? "started" : "stopped", device, seen));
    }

    private static async Task<IResult> NowAsync(Server server, CancellationToken stop, [FromQuery(Name = "device")] string device)
    {
        if (await PollNow.AskAsync(server.Database, device, stop).ConfigureAwait(false) is not { } id)
        {
            return (await MissingAsync(server, device, stop).ConfigureAwait(false))!;
        }

        server.Hints.Send(HintTopics.Polling);
        return await PollNow.WaitAsync(server.Database, id, _answersWithin, TimeProvider.System, stop).ConfigureAwait(false) is { } answer
            ? Results.Ok(answer)
            : Problem.Of(StatusCodes.Status503ServiceUnavailable, $"No node answered for {device} within {_answersWithin.TotalSeconds:0} s: it is stopped, or no node polls it. GET /api/polling/status?device={device} tells.");
    }

    private static IResult Metrics(Server server) => server.Poller is { } poller ? Results.Ok(poller.State) : NoPoller();

    private static IResult Reset(Server server)
    {
        if (server.Poller is not { } poller)
        {
            return NoPoller();
        }

        poller.ResetDistributions();
        return Results.NoContent();
    }

    private static Problem NoPoller() => Problem.NotFound("This node does not have the role poll, so it has no counters of polling.", []);

    private static async Task<Problem?> MissingAsync(Server server, string device, CancellationToken stop)
    {
        var near = await server.Database.ReadAsync(
            "devices.find", tx => DeviceList.Find(tx, device) is null ? DeviceList.Near(tx, device) : null, stop).ConfigureAwait(false);
        return near is null ? null : DeviceWrites.NotFound(device, near);
    }
}
