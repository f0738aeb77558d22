using System.CommandLine;
using Rondo.Diagnostics;
using Rondo.Host.Jobs;
using Rondo.Jobs;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo jobs status</c>.</summary>
internal static class JobsStatus
{
    public static Command Create(Cli cli) => cli.Act(
        new Command("status", "Say how the queue is, with every reason why it is not well. Exit code 1 when it is degraded, 2 when it is critical or the database cannot be read."),
        run => run.UseDatabaseAsync(database => ShowAsync(run, database), ExitCode.Critical),
        "rondo jobs status",
        "rondo jobs status --json");

    /// <summary>Redis as this command sees it now; null when there is none, or nobody would be told by it.</summary>
    public static async Task<RedisHintState?> RedisAsync(Run run, Database database) =>
        run.Settings is { Redis: { } redis, Hints: true } && database.Address.Kind == DatabaseKind.Postgres ? await RedisProbe.AskAsync(redis, database, run.Time, run.Stop) : null;

    /// <summary>Redis in a few words.</summary>
    public static string Describe(RedisHintState redis) => redis.IsConnected
        ? $"redis at {redis.Address} answers"
        : $"redis at {redis.Address} is away: {redis.LastError ?? "it has not answered yet"}. Nothing depends on it: hints go by NOTIFY";

    private static async Task<int> ShowAsync(Run run, Database database)
    {
        var options = run.Settings.Jobs;
        var jobs = JobsCommand.Operations(run, database, []);
        var facts = await jobs.FactsAsync(run.Stop);
        var vacuum = await jobs.VacuumAsync(run.Stop);
        var redis = await RedisAsync(run, database);
        var reasons = new List<Finding>([.. JobHealth.Judge(facts, null, options, database.Clock.Now), .. JobHealth.Vacuum(vacuum)]);
        if (redis is { IsConnected: false })
        {
            reasons.Add(new("hints.redis", Health.Degraded, "redis", char.ToUpperInvariant(Describe(redis)[0]) + Describe(redis)[1..]));
        }

        var status = Finding.Worst(reasons);
        var balance = facts.Balance;
        run.Say($"jobs are {status.ToString().ToLowerInvariant()}; {facts.Workers} {(facts.Workers == 1 ? "node" : "nodes")} with the role work; {(facts.Paused.Count == 0 ? "no queue is paused" : $"paused: {string.Join(", ", facts.Paused)}")}");
        run.Say(balance is null ? "not balanced yet" : $"last balance {balance.At}: {balance.Accepted:N0} accepted since {balance.From}, {balance.Missing:N0} missing");
        if (redis is not null)
        {
            run.Say(Describe(redis));
        }

        foreach (var reason in reasons.OrderByDescending(r => r.Severity))
        {
            run.Say($"{reason.Severity.ToString().ToLowerInvariant()}: {reason.Code}: {reason.Message}");
        }

        run.WriteJson(new { status, reasons, facts.Workers, facts.Paused, balance = JobHealthView.Of(balance, database.Clock.Now), vacuum, redis });
        return status switch { Health.Healthy => ExitCode.Ok, Health.Degraded => ExitCode.Problem, _ => ExitCode.Critical };
    }
}
