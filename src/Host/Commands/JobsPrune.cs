using System.CommandLine;

namespace Rondo.Host.Commands;

/// <summary><c>rondo jobs prune</c>.</summary>
internal static class JobsPrune
{
    public static Command Create(Cli cli)
    {
        var days = new Option<int>("--days") { Description = "That ended more than so many days ago; 0 to 3650", Required = true, HelpName = "N" };
        var state = new Option<string?>("--state") { Description = "Only done, cancelled or dead ones", HelpName = "STATE" };
        var dry = new Option<bool>("--dry-run") { Description = "Only say how many" };
        return cli.Act(
            new Command("prune", "Delete the history of jobs that ended long ago, before its time") { days, state, dry },
            run => JobsCommand.UseAsync(run.Labelled("jobs.prune", $"--days {run.Get(days)}"), async (jobs, database) =>
            {
                if (run.Get(days) is not (>= 0 and <= 3_650))
                {
                    throw new CommandFault(ExitCode.Misuse, $"--days: {run.Get(days)} will not do; expected 0 to 3650");
                }

                var counts = await jobs.PruneAsync(database.Clock.Now - TimeSpan.FromDays(run.Get(days)), JobFilterOptions.State(run.Get(state)), run.Get(dry), run.Stop);
                var total = counts.Values.Sum();
                var each = total == 0 ? "" : $" ({string.Join(", ", counts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Value:N0} {c.Key}"))})";
                run.Say($"{total:N0} jobs {(run.Get(dry) ? "would be deleted" : "are deleted")}{each}");
                run.WriteJson(new { total, counts, is_dry_run = run.Get(dry) });
                return ExitCode.Ok;
            }),
            "rondo jobs prune --days 30 --dry-run",
            "rondo jobs prune --days 1 --state done");
    }
}
