using System.CommandLine;
using System.Globalization;
using Rondo.Host.Jobs;
using Rondo.Jobs;

namespace Rondo.Host.Commands;

/// <summary><c>rondo schedules list|show|check|run|pause|resume|add|remove</c>.</summary>
internal static class SchedulesCommand
{
    public static Command Create(Cli cli) => new("schedules", "Recurring jobs: when they are due, what came of it; run, pause, add, remove")
    {
        List(cli), Show(cli), Check(cli), SchedulesChange.Run(cli), SchedulesChange.Pause(cli, isPaused: true), SchedulesChange.Pause(cli, isPaused: false),
        SchedulesAdd.Create(cli), SchedulesChange.Remove(cli),
    };

    /// <summary>The argument that names a schedule.</summary>
    public static Argument<string> Named() => new("NAME") { Description = "The schedule" };

    public static async Task<CommandFault> UnknownAsync(Rondo.Host.Commands.Run run, JobOperations jobs, string name)
    {
        var names = (await jobs.Schedules.ListAsync(run.Stop)).Schedules.Select(s => s.Name).ToArray();
        return new CommandFault(ExitCode.Problem, $"there is no schedule '{name}'{(names.Length == 0 ? ", nor any other" : $"; there is: {string.Join(", ", names)}")}");
    }

    /// <summary>Cron or interval, as a person reads it.</summary>
    public static string Timing(ScheduleView schedule) =>
        schedule.Every is { } every ? $"every {every}" : schedule.Zone == Rondo.Jobs.Schedules.ScheduleText.DefaultZone ? schedule.Cron! : $"{schedule.Cron} {schedule.Zone}";

    private static Command List(Cli cli) => cli.Act(
        new Command("list", "Every schedule: when it is due next, its last tick and what came of it"),
        run => JobsCommand.UseAsync(run, async (jobs, _) =>
        {
            var all = await jobs.Schedules.ListAsync(run.Stop);
            run.WriteTable(
                ["name", "timing", "kind", "state", "next due", "last tick", "outcome"],
                all.Schedules.Select(s => (IReadOnlyList<string?>)
                [
                    s.Name, Timing(s), s.Kind, State(s), s.NextDue?.ToString() ?? "never", s.LastTick?.UntilDue.ToString() ?? "-", s.LastTick is { } tick ? Outcome(tick) : "-",
                ]));
            run.Say(all.Schedules.Count == 0 ? "no schedule is stored. Add one: rondo schedules add NAME --kind KIND --cron \"0 3 * * *\""
                : all.Workers.Count == 0 ? $"{all.Schedules.Count} schedules; no node with the role work runs, so nothing of them is enqueued. Start one: rondo serve"
                : $"{all.Schedules.Count} schedules");
            run.WriteJson(ShownArgs.In(all));
            return ExitCode.Ok;
        }),
        "rondo schedules list",
        "rondo schedules list --json");

    private static Command Show(Cli cli)
    {
        var name = Named();
        return cli.Act(
            new Command("show", "One schedule: its definition, when it is due next, its newest ticks, its jobs that have not ended") { name },
            run => JobsCommand.UseAsync(run, async (jobs, _) =>
            {
                var details = await jobs.Schedules.ShowAsync(run.Get(name)!, run.Stop) ?? throw await UnknownAsync(run, jobs, run.Get(name)!);
                Say(run, details);
                run.WriteJson(ShownArgs.In(details));
                return ExitCode.Ok;
            }),
            "rondo schedules show nightly");
    }

    private static void Say(Run run, ScheduleDetails details)
    {
        var s = details.Schedule;
        run.Say($"schedule {s.Name}: {Timing(s)}, {s.Kind} {ShownArgs.Of(s.Args)}, {State(s)}");
        run.Say($"missed: {s.Missed}, overlap: {s.Overlap}, revision {s.Revision} of {s.ChangedAt}, by {s.Source}");
        var job = new[]
        {
            s.Queue is { } queue ? $"queue {queue}" : null, s.Priority is { } priority ? $"priority {priority}" : null, s.Attempts is { } attempts ? $"{attempts} attempts" : null,
            s.UniqueKey is { } unique ? $"unique key {unique}" : null, s.Tags.Count > 0 ? $"tags {string.Join(", ", s.Tags)}" : null, s.Note is { } note ? $"note: {note}" : null,
            s.Metadata.Count > 0 ? $"metadata {string.Join(", ", s.Metadata.Select(m => $"{m.Key}={m.Value}"))}" : null,
        }.OfType<string>().ToArray();
        if (job.Length > 0)
        {
            run.Say($"its jobs: {string.Join("; ", job)}");
        }

        run.Say($"due next: {(details.Next.Count == 0 ? "never" : string.Join(", ", details.Next))}");
        if (details.Jobs.Count > 0)
        {
            run.Say($"jobs that have not ended: {string.Join(", ", details.Jobs.Take(20))}{(details.Jobs.Count > 20 ? ", …" : "")}");
        }

        run.WriteTable(
            ["due", "until", "ticks", "outcome", "recorded"],
            details.Ticks.Select(t => (IReadOnlyList<string?>)
            [
                t.Due.ToString(), t.Ticks > 1 ? t.UntilDue.ToString() : "", t.Ticks.ToString(CultureInfo.InvariantCulture), Outcome(t), t.At.ToString(),
            ]));
    }

    private static Command Check(Cli cli)
    {
        var name = new Argument<string?>("NAME") { Description = "The schedule [default: all]", Arity = ArgumentArity.ZeroOrOne };
        return cli.Act(
            new Command("check", "Compare the ledger with the timings: each due instant has exactly one outcome. Exit code 1 when not.") { name },
            run => JobsCommand.UseAsync(run, async (jobs, _) =>
            {
                var names = run.Get(name) is { } one ? [one] : (await jobs.Schedules.ListAsync(run.Stop)).Schedules.Select(s => s.Name).ToArray();
                var proofs = new List<LedgerProof>();
                foreach (var each in names)
                {
                    proofs.Add(await jobs.Schedules.ProveAsync(each, run.Stop) ?? throw await UnknownAsync(run, jobs, each));
                }

                run.WriteTable(
                    ["schedule", "due instants", "recorded", "holes", "strays"],
                    proofs.Select(p => (IReadOnlyList<string?>)[p.Schedule, Text(p.Expected), Text(p.Recorded), Text(p.Holes), Text(p.Strays)]));
                proofs.SelectMany(p => p.Problems.Select(problem => $"{p.Schedule}: {problem}")).ToList().ForEach(run.Say);
                run.WriteJson(new { is_clean = proofs.TrueForAll(p => p.IsClean), schedules = proofs });
                return proofs.TrueForAll(p => p.IsClean) ? ExitCode.Ok : ExitCode.Problem;
            }),
            "rondo schedules check",
            "rondo schedules check nightly");
    }

    private static string State(ScheduleView schedule) =>
        (schedule.IsPaused ? "paused" : "active") + (schedule.UndefinedAt is null ? "" : $", not defined by {schedule.Source} any more");

    private static string Outcome(TickRow tick) => tick.Outcome switch
    {
        "skipped" => $"skipped: {tick.Reason}{(tick.JobId is { } way ? $" (job {way})" : "")}{(tick.Error is { } error ? $": {error}" : "")}",
        "queued" => "waits for an earlier job",
        _ => $"job {tick.JobId}",
    };

    private static string Text(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
