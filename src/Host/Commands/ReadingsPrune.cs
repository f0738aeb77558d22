using System.CommandLine;
using System.Globalization;
using Rondo.Polling.Configuration;
using Rondo.Readings.Retention;

namespace Rondo.Host.Commands;

/// <summary><c>rondo readings prune</c>.</summary>
internal static class ReadingsPrune
{
    public static Command Create(Cli cli)
    {
        var dry = new Option<bool>("--dry-run") { Description = "Only say what would go" };
        return cli.Act(
            new Command("prune", "Let go of readings and buckets that are older than the settings keep them (readings.retention.*, polling.reading_retention), as a server does by itself every half an hour") { dry },
            run => run.UseDatabaseAsync(async database =>
            {
                var retention = new ReadingRetention(database, run.Settings.Retention, Server.Rollups);
                var isDry = run.Get(dry);
                var gone = isDry ? await retention.PlanAsync(run.Stop) : await retention.RunAsync(null, run.Stop);
                run.WriteTable(
                    ["class", "tier", "kept", "before", isDry ? "rows" : "rows deleted", isDry ? "partitions" : "partitions dropped"],
                    gone.Select(g => (IReadOnlyList<string?>)[g.Class, g.Tier, Durations.Show(TimeSpan.FromSeconds(g.KeptFor)), g.Before.ToString(), Number(g.Rows), Number(g.Partitions)]));
                run.Say($"{Number(gone.Sum(g => g.Rows))} rows {(isDry ? "would go" : "are gone")}; tiers that are not named are kept for ever");
                run.WriteJson(new { is_dry_run = isDry, tiers = gone });
                return ExitCode.Ok;
            }),
            "rondo readings prune --dry-run",
            "rondo readings prune");
    }

    private static string Number(long n) => n.ToString("N0", CultureInfo.InvariantCulture);
}
