using System.CommandLine;
using System.Globalization;
using Rondo.Jobs;
using Rondo.Readings.Rollups;

namespace Rondo.Host.Commands;

/// <summary><c>rondo readings rollups run|rebuild|status</c>.</summary>
internal static class ReadingsRollups
{
    public static Command Create(Cli cli) => new("rollups", "Quarters of hours, hours, days, weeks, months and years of readings") { RunCommand(cli), Rebuild(cli), Status(cli) };

    private static Command RunCommand(Cli cli)
    {
        var from = TimeOptions.From("Roll up again from then on, also what is rolled up already [default: only what is new]");
        var to = TimeOptions.To("… until then [default: now]");
        var tier = new Option<string?>("--tier") { Description = "What to tell of at the end: 15m, 1h, 1d, 1w, 1mo, 1y; all tiers are made of one another and always computed together", HelpName = "TIER" };
        return cli.Act(
            new Command("run", "Roll up what is new, now; again and again the same, for cron too") { tier, from, to },
            run => run.UseDatabaseAsync(async database =>
            {
                if (run.Get(tier) is { } text && (!Tiers.TryParse(text, out var one) || one == Tier.Raw))
                {
                    throw new CommandFault(ExitCode.Misuse, $"--tier: '{text}' is no tier; expected 15m, 1h, 1d, 1w, 1mo or 1y");
                }

                var now = database.Clock.Now;
                var (begin, end) = (TimeOptions.Read(run, from, now), TimeOptions.Read(run, to, now));
                if (begin >= (end ?? now) || (begin is null && end is not null))
                {
                    throw new CommandFault(ExitCode.Misuse, "--from and --to: expected a window that begins before it ends, and --from when there is a --to");
                }

                var runner = new RollupRunner(database, Server.Rollups);
                if (begin is { } start)
                {
                    await runner.MarkAsync(start, end ?? now, run.Stop);
                }

                var pass = await runner.RunAsync(isAll: true, null, run.Stop);
                var told = pass.Buckets.Where(b => run.Get(tier) is not { } word || (Tiers.TryParse(word, out var known) && known.Word() == b.Key)).ToDictionary(b => b.Key, b => b.Value);
                run.Say($"{pass.Sources:N0} sources had something new{(told.Count == 0 ? "" : ": " + string.Join(", ", told.Select(b => $"{b.Value:N0} × {b.Key}")))}");
                run.WriteJson(new { sources = pass.Sources, buckets = told });
                return ExitCode.Ok;
            }),
            "rondo readings rollups run",
            "rondo readings rollups run --tier 1d --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z");
    }

    private static Command Rebuild(Cli cli)
    {
        var from = TimeOptions.From("From then on [default: everything]");
        var to = TimeOptions.To("Until then");
        var noWait = new Option<bool>("--no-wait") { Description = "Do not show how it goes until it has ended; without a terminal it is not shown anyway" };
        return cli.Act(
            new Command("rebuild", "Enqueue a job that rolls up everything again, as far as there are samples; rondo jobs show ID tells how far it is") { from, to, noWait },
            run => run.Labelled("jobs.enqueue", RollupRebuild.Kind).UseDatabaseAsync(async database =>
            {
                var now = database.Clock.Now;
                await using var queue = JobsCommand.Queue(run, database);
                var args = new RebuildArgs(TimeOptions.Read(run, from, now)?.ToString(), TimeOptions.Read(run, to, now)?.ToString());
                var job = await database.WriteAsync("jobs.enqueue.request", tx => queue.Enqueue(tx, args), run.Stop);
                await run.HintAsync(database, JobServer.Topic);
                run.Say($"job {job.Id} is enqueued. How far it is: rondo jobs show {job.Id}");
                run.WriteJson(new { id = job.Id });
                return !run.Shell.IsTerminal || run.IsJson || run.Get(noWait) || await JobFollow.RunAsync(run, database, job.Id) ? ExitCode.Ok : ExitCode.Problem;
            }),
            "rondo readings rollups rebuild",
            "rondo readings rollups rebuild --from -365d");
    }

    private static Command Status(Cli cli) => cli.Act(
        new Command("status", "What is rolled up, and what still has to be"),
        run => run.UseDatabaseAsync(async database =>
        {
            var status = await database.ReadAsync("rollups.status", RollupStatus.Read, run.Stop);
            run.WriteTable(
                ["tier", "buckets", "oldest", "newest"],
                status.Tiers.Select(t => (IReadOnlyList<string?>)[t.Tier, t.Buckets.ToString("N0", CultureInfo.InvariantCulture), t.Oldest?.ToString(), t.Newest?.ToString()]));
            run.Say($"time zone {status.TimeZone}; marked: {status.MarkedDays:N0} days of {status.MarkedSources:N0} sources{(status.MarkedFrom is { } first ? $", {first} to {status.MarkedTo}" : "")}; "
                + $"polled and not rolled up: {status.BehindSources:N0} sources{(status.BehindSince is { } since ? $", since {since}" : "")}; to be judged again: {status.LateDays:N0} days");
            run.WriteJson(status);
            return ExitCode.Ok;
        }),
        "rondo readings rollups status");
}
