using Rondo.Diagnostics;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Polling.Proof;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>That the process answers.</summary>
/// <param name="Status">Always <c>live</c>.</param>
/// <param name="Version">Version of the program.</param>
internal sealed record Liveness(string Status, string Version);

/// <summary>Whether this node does its work.</summary>
/// <param name="Ready">True when it does.</param>
/// <param name="Reasons">Why not; null for who may not see that.</param>
internal sealed record Readiness(bool Ready, IReadOnlyList<string>? Reasons);

/// <summary>What everybody is told of health.</summary>
/// <param name="Status"><c>healthy</c>, <c>degraded</c> or <c>critical</c>.</param>
internal sealed record HealthWord(Health Status);

/// <summary>The latest validation, in short.</summary>
internal sealed record ValidationHealth(Instant At, double AgeS, bool IsClean, long Expected, long Recorded, long Holes, long Overlaps, long Duplicates, long StrayReadings);

/// <summary>The latest audit, in short.</summary>
internal sealed record AuditHealth(Instant At, double AgeS, int Found, int Cleaned);

/// <summary>Health of polling on the one scale, with its reasons and the facts they come from.</summary>
internal sealed record PollingHealth
{
    /// <summary><c>healthy</c>, <c>degraded</c> or <c>critical</c>; the worst of the reasons.</summary>
    public required Health Status { get; init; }

    /// <summary>Instant of the answer, by the database clock.</summary>
    public required Instant At { get; init; }

    /// <summary>Why it is not healthy, the worst first.</summary>
    public required IReadOnlyList<Finding> Reasons { get; init; }

    /// <summary>Incarnation that answers.</summary>
    public required string Node { get; init; }

    /// <summary>Seconds since its start.</summary>
    public required double UptimeS { get; init; }

    /// <summary>Groups and devices; null when the database cannot be read.</summary>
    public FleetCounts? Fleet { get; init; }

    /// <summary>Outcomes that wait for their commit; null without the role.</summary>
    public int? Waiting { get; init; }

    /// <summary>Latest validation; null before the first.</summary>
    public ValidationHealth? Validation { get; init; }

    /// <summary>Why there is no validation yet; null when there is one.</summary>
    public string? ValidationNote { get; init; }

    /// <summary>Latest audit; null before the first.</summary>
    public AuditHealth? Audit { get; init; }

    /// <summary>How this node and others tell one another of changes; nothing depends on it.</summary>
    public required HintState Hints { get; init; }

    /// <summary>Every loop of the process.</summary>
    public required IReadOnlyList<LoopHealth> Loops { get; init; }
}

/// <summary>Whether all is well.</summary>
internal static class HealthEndpoints
{
    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/health/live", () => Results.Ok(new Liveness("live", Server.Version))).WithTags("health")
            .Named("live", "Answers as long as the process does").Open().Produces<Liveness>();
        app.MapGet("/health/ready", ReadyAsync).WithTags("health")
            .Named("ready", "Whether this node may work, reaches its database and has taken in its configuration; why not is for viewers").Open().Produces<Readiness>().Produces<Readiness>(503);
        app.MapGet("/health/polling", HealthAsync).WithTags("health")
            .Named("healthPolling", "The same as /api/polling/health").Open().Produces<PollingHealth>().Produces<PollingHealth>(503);
        app.MapGet("/api/polling/health", HealthAsync).WithTags("polling")
            .Named("pollingHealth", "Health of polling, for viewers with every reason, for others only the status; 503 only when critical").Open().Produces<PollingHealth>().Produces<PollingHealth>(503);
    }

    private static async Task<IResult> ReadyAsync(Server server, HealthWords words, HttpContext context, CancellationToken stop)
    {
        var reasons = context.MayView() ? await NotReadyAsync(server, stop).ConfigureAwait(false) : null;
        var isReady = reasons is null ? await words.Ready.AskAsync(stop).ConfigureAwait(false) : reasons.Count == 0;
        return Results.Json(new Readiness(isReady, reasons), statusCode: isReady ? 200 : 503);
    }

    /// <summary>Why this node does not do its work; empty when it does.</summary>
    public static async Task<List<string>> NotReadyAsync(Server server, CancellationToken stop)
    {
        var facts = await FactsAsync(server, stop).ConfigureAwait(false);
        var reasons = HealthReader.Judge(facts).Where(f => f.Severity == Health.Critical && f.Code is "node.may_not_work" or "node.broken" or "loops.stuck" or "storage.unavailable" or "storage.full")
            .Select(f => f.Message).ToList();
        if (facts.Poller is { SeenRevision: 0 })
        {
            reasons.Add("The poller has not taken in its configuration yet");
        }

        return reasons;
    }

    private static async Task<IResult> HealthAsync(Server server, HealthWords words, HttpContext context, CancellationToken stop)
    {
        if (!context.MayView())
        {
            return Word(await words.Polling.AskAsync(stop).ConfigureAwait(false));
        }

        var facts = await FactsAsync(server, stop).ConfigureAwait(false);
        var reasons = HealthReader.Judge(facts);
        var health = new PollingHealth
        {
            Status = Finding.Worst(reasons),
            At = facts.Now,
            Reasons = reasons,
            Node = server.Node.Id,
            UptimeS = Seconds(facts.Now - facts.StartedAt),
            Fleet = facts.Fleet,
            Waiting = facts.Poller?.Waiting,
            Validation = facts.Validation is { } v
                ? new(v.At, Seconds(facts.Now - v.At), v.Result.IsClean, v.Result.Expected, v.Result.Recorded, v.Result.Holes, v.Result.Overlaps, v.Result.Duplicates, v.Result.StrayReadings)
                : null,
            ValidationNote = facts.Validation is null ? Note(facts) : null,
            Audit = facts.Audit is { } a ? new(a.At, Seconds(facts.Now - a.At), a.Result.Found, a.Result.Cleaned) : null,
            Hints = server.Hints.State,
            Loops = facts.Loops,
        };
        return Results.Json(health, statusCode: health.Status == Health.Critical ? 503 : 200);
    }

    /// <summary>What everybody is told.</summary>
    public static IResult Word(Health status) => Results.Json(new HealthWord(status), statusCode: status == Health.Critical ? 503 : 200);

    /// <summary>What health is judged by.</summary>
    public static async Task<HealthFacts> FactsAsync(Server server, CancellationToken stop)
    {
        FleetCounts? fleet = null;
        StorageFault? fault = null;
        try
        {
            fleet = await server.Database.ReadAsync("polling.health", HealthReader.Read, stop).ConfigureAwait(false);
        }
        catch (StorageFault found)
        {
            // A database that does not answer is what health is asked about: a reason, not an error.
            fault = found;
        }

        return new HealthFacts
        {
            Now = server.Database.Clock.Now,
            StartedAt = server.Node.Row.StartedAt,
            MayWork = server.Node.MayWork,
            IsMakingProgress = server.IsMakingProgress,
            Broken = server.Broken.IsCompletedSuccessfully ? await server.Broken.ConfigureAwait(false) : null,
            Options = server.Options,
            Loops = server.Loops,
            Poller = server.Poller?.State,
            Validation = server.SelfCheck.Validation,
            Audit = server.SelfCheck.Audit,
            Fleet = fleet,
            Fault = fault,
            Nodes = server.Node.Roster.Live,
            Hints = server.Hints.State,
        };
    }

    private static string Note(HealthFacts facts) => facts.Loops.FirstOrDefault(l => l.Name == "polling.validate")?.LastError is { } error
        ? $"none has succeeded yet: {error}"
        : $"not yet: the first one begins {Seconds(SelfCheck.FirstValidation(facts.Options)):0} s after the start of the process";

    private static double Seconds(TimeSpan span) => Math.Round(span.TotalSeconds, 1);
}
