using Microsoft.AspNetCore.Mvc;
using Rondo.Host.Jobs;
using Rondo.Jobs;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>What a schedule would do.</summary>
/// <param name="Schedule">Its name.</param>
/// <param name="Next">The next five instants at which it would be due.</param>
/// <param name="IsDryRun">Always true: nothing was stored.</param>
internal sealed record SchedulePreview(string Schedule, IReadOnlyList<Instant> Next, bool IsDryRun);

/// <summary>Recurring jobs.</summary>
internal static class ScheduleEndpoints
{
    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var schedules = app.MapGroup("/api/schedules").WithTags("schedules");
        schedules.MapGet("", ListAsync).Named("listSchedules", "Every schedule: when it is due next, its newest tick and what came of it").For(Role.Viewer).Produces<ScheduleList>().Problems(503);
        schedules.MapPost("", AddAsync).Named("addSchedule", "Stores a schedule; with dry_run only tells when it would be due (200)").For(Role.Operator)
            .Accepts<ScheduleRequest>("application/json").Produces<ScheduleDetails>(201).Produces<SchedulePreview>().Problems(409, 413, 415, 422, 503);
        schedules.MapGet("/{name}", ShowAsync).Named("getSchedule", "One schedule with the next due instants, its newest ticks and its jobs that have not ended").For(Role.Viewer).Produces<ScheduleDetails>().Problems(404, 503);
        schedules.MapGet("/{name}/check", ProveAsync).Named("checkSchedule", "Compares the ledger with the timings: each due instant has exactly one outcome").For(Role.Viewer).Produces<LedgerProof>().Problems(404, 503);
        schedules.MapPost("/{name}/run", RunAsync).Named("runSchedule", "Enqueues a job of a schedule now, outside its plan; 200 instead of 201 when one of the same unique key was there").For(Role.Operator)
            .Produces<JobAccepted>(201).Produces<JobAccepted>().Problems(404, 422, 503);
        schedules.MapPost("/{name}/pause", (Server server, HttpContext context, string name, CancellationToken stop) => PauseAsync(server, context, name, isPaused: true, stop))
            .Named("pauseSchedule", "Skips the ticks of a schedule until it is resumed; kept over restarts").For(Role.Operator).Produces<ScheduleDetails>().Problems(404, 503);
        schedules.MapPost("/{name}/resume", (Server server, HttpContext context, string name, CancellationToken stop) => PauseAsync(server, context, name, isPaused: false, stop))
            .Named("resumeSchedule", "Lets a schedule go on; what was due meanwhile stays skipped").For(Role.Operator).Produces<ScheduleDetails>().Problems(404, 503);
        schedules.MapDelete("/{name}", RemoveAsync).Named("removeSchedule", "Removes a schedule; one that a program defines comes back with the next start of that").For(Role.Operator).Produces<ScheduleView>().Problems(404, 503);
    }

    private static async Task<IResult> ListAsync(Server server, CancellationToken stop) => Results.Ok(ShownArgs.In(await server.JobOperations.Schedules.ListAsync(stop).ConfigureAwait(false)));

    private static async Task<IResult> ShowAsync(Server server, string name, CancellationToken stop) =>
        await server.JobOperations.Schedules.ShowAsync(name, stop).ConfigureAwait(false) is { } details ? Results.Ok(ShownArgs.In(details)) : await UnknownAsync(server, name, stop).ConfigureAwait(false);

    private static async Task<IResult> ProveAsync(Server server, string name, CancellationToken stop) =>
        await server.JobOperations.Schedules.ProveAsync(name, stop).ConfigureAwait(false) is { } proof ? Results.Ok(proof) : await UnknownAsync(server, name, stop).ConfigureAwait(false);

    private static async Task<IResult> AddAsync(Server server, HttpRequest request, CancellationToken stop, [FromQuery(Name = "dry_run")] bool? dryRun)
    {
        var (text, problem) = await RequestBody.ReadAsync(request, stop).ConfigureAwait(false);
        if (problem is not null)
        {
            return problem;
        }

        var (wanted, mistake) = JobEndpoints.Read<ScheduleRequest>(text);
        if (wanted is null)
        {
            return Refused(mistake!);
        }

        try
        {
            var definition = wanted.Read();
            return dryRun == true
                ? Results.Ok(new SchedulePreview(definition.Name, server.JobOperations.Schedules.Preview(definition), IsDryRun: true))
                : Results.Created(
                    $"/api/schedules/{definition.Name}",
                    ShownArgs.In(await server.By(request.HttpContext, AuditRules.ScheduleChange, definition.Name).Jobs.Schedules.AddAsync(definition, wanted.Replace, stop).ConfigureAwait(false)));
        }
        catch (ScheduleRefused refused)
        {
            return refused.IsTaken
                ? Problem.Of(StatusCodes.Status409Conflict, $"The schedule was not stored: {refused.Message}.{(wanted.Replace ? "" : " \"replace\": true has it go on by this definition.")}")
                : Refused(new ProblemItem(refused.Field.Length == 0 ? "" : "/" + refused.Field, refused.Message));
        }
    }

    private static async Task<IResult> RunAsync(Server server, HttpContext context, string name, CancellationToken stop)
    {
        try
        {
            if (await server.By(context, "schedules.run", name).Jobs.Schedules.RunAsync(name, stop).ConfigureAwait(false) is not { } job)
            {
                return await UnknownAsync(server, name, stop).ConfigureAwait(false);
            }

            var answer = new JobAccepted(job.Id, job.IsNew);
            return job.IsNew ? Results.Created($"/api/jobs/{job.Id}", answer) : Results.Ok(answer);
        }
        catch (JobRefused refused)
        {
            return Problem.Refused($"No job of schedule '{name}' was enqueued.", [new ProblemItem("", refused.Message)]);
        }
    }

    private static async Task<IResult> PauseAsync(Server server, HttpContext context, string name, bool isPaused, CancellationToken stop) =>
        await server.By(context, AuditRules.ScheduleChange, name).Jobs.Schedules.PauseAsync(name, isPaused, stop).ConfigureAwait(false)
            ? await ShowAsync(server, name, stop).ConfigureAwait(false)
            : await UnknownAsync(server, name, stop).ConfigureAwait(false);

    private static async Task<IResult> RemoveAsync(Server server, HttpContext context, string name, CancellationToken stop) =>
        await server.By(context, AuditRules.ScheduleChange, name).Jobs.Schedules.RemoveAsync(name, stop).ConfigureAwait(false) is { } was ? Results.Ok(ShownArgs.In(was)) : await UnknownAsync(server, name, stop).ConfigureAwait(false);

    private static Problem Refused(ProblemItem item) => Problem.Refused("The schedule was not stored.", [item]);

    private static async Task<IResult> UnknownAsync(Server server, string name, CancellationToken stop)
    {
        var names = (await server.JobOperations.Schedules.ListAsync(stop).ConfigureAwait(false)).Schedules.Select(s => s.Name);
        return Problem.NotFound($"There is no schedule '{SpecPointer.Shown(name)}'.", [.. names.Take(20)]);
    }
}
