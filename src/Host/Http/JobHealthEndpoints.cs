using Rondo.Diagnostics;
using Rondo.Host.Jobs;
using Rondo.Jobs;
using Rondo.Polling.Proof;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>Whether all is well with jobs, and with everything.</summary>
internal static class JobHealthEndpoints
{
    // What is wrong with the node is wrong with its jobs.
    private static readonly string[] _shared = ["node.", "storage.", "hints.", "clock.", "loops.stuck"];

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/jobs/health", JobsAsync).WithTags("jobs")
            .Named("jobsHealth", "Health of the queue with every reason; 503 only when critical").For(Role.Viewer).Produces<JobHealthView>().Produces<JobHealthView>(503);
        app.MapGet("/api/health", AllAsync).WithTags("health")
            .Named("health", "Health of polling and jobs together, for viewers with every reason, for others only the status; 503 only when critical").Open().Produces<OverallHealth>().Produces<OverallHealth>(503);
    }

    private static async Task<IResult> JobsAsync(Server server, CancellationToken stop)
    {
        var shared = await HealthEndpoints.FactsAsync(server, stop).ConfigureAwait(false);
        var (facts, reasons) = await JudgeAsync(server, shared, stop).ConfigureAwait(false);
        var state = server.Worker?.State;
        var health = new JobHealthView
        {
            Status = Finding.Worst(reasons),
            At = shared.Now,
            Reasons = reasons,
            Node = server.Node.Id,
            Workers = facts?.Workers,
            Paused = facts?.Paused ?? [],
            Queues = state?.Queues,
            Claimed = state?.Claimed,
            Finished = state?.Finished,
            Refused = state?.Refused,
            Unwritten = state?.Unwritten,
            WrittenOff = state?.WrittenOff,
            Balance = JobHealthView.Of(facts?.Balance, shared.Now),
            Vacuum = state?.Vacuum,
            Recycle = state?.Recycle,
            Hints = server.Hints.State,
            Loops = [.. shared.Loops.Where(l => IsOfJobs(l.Name))],
        };
        return Results.Json(health, statusCode: health.Status == Health.Critical ? 503 : 200);
    }

    private static async Task<IResult> AllAsync(Server server, HealthWords words, HttpContext context, CancellationToken stop)
    {
        if (!context.MayView())
        {
            return HealthEndpoints.Word(await words.All.AskAsync(stop).ConfigureAwait(false));
        }

        var (reasons, at) = await JudgeAllAsync(server, stop).ConfigureAwait(false);
        var status = Finding.Worst(reasons);
        return Results.Json(new OverallHealth(status, at, reasons, server.Node.Id, Server.Version), statusCode: status == Health.Critical ? 503 : 200);
    }

    /// <summary>What is wrong with polling and jobs, the worst first, and when that was so.</summary>
    public static async Task<(List<Finding> Reasons, Instant At)> JudgeAllAsync(Server server, CancellationToken stop)
    {
        var shared = await HealthEndpoints.FactsAsync(server, stop).ConfigureAwait(false);
        var (_, jobs) = await JudgeAsync(server, shared, stop).ConfigureAwait(false);
        return (HealthReader.Judge(shared).Concat(jobs).Distinct().OrderByDescending(f => f.Severity).ToList(), shared.Now);
    }

    /// <summary>What is wrong with jobs.</summary>
    public static async Task<(JobFacts? Facts, List<Finding> Reasons)> JudgeAsync(Server server, HealthFacts shared, CancellationToken stop)
    {
        JobFacts? facts = null;
        if (shared.Fault is null)
        {
            try
            {
                facts = await server.JobOperations.FactsAsync(stop).ConfigureAwait(false);
            }
            catch (StorageFault fault)
            {
                // As for polling: a reason, not an error.
                shared = shared with { Fault = fault };
            }
        }

        var general = HealthReader.Judge(shared).Where(f => Array.Exists(_shared, prefix => f.Code.StartsWith(prefix, StringComparison.Ordinal)) || (f.Code.StartsWith("loops.", StringComparison.Ordinal) && IsOfJobs(f.Subject)));
        return (facts, [.. general.Concat(JobHealth.Judge(facts, server.Worker?.State, server.JobsOptions, shared.Now)).OrderByDescending(f => f.Severity)]);
    }

    private static bool IsOfJobs(string loop) => loop.StartsWith("jobs.", StringComparison.Ordinal) || loop.StartsWith("hints.", StringComparison.Ordinal);
}
