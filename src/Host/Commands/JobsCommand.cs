using System.CommandLine;
using System.Globalization;
using Rondo.Host.Jobs;
using Rondo.Jobs;
using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo jobs</c>.</summary>
internal static class JobsCommand
{
    private const int MostJobs = 10_000;

    public static Command Create(Cli cli) => new("jobs", "Find, explain, enqueue, retry and end jobs")
    {
        List(cli),
        Show(cli),
        Explain(cli),
        JobsEnqueue.Create(cli),
        JobsAct.Create(cli, JobVerb.Retry),
        JobsAct.Create(cli, JobVerb.Cancel),
        JobsAct.Create(cli, JobVerb.Discard),
        JobsAct.Create(cli, JobVerb.Release),
        JobsPrune.Create(cli),
        JobsStatus.Create(cli),
        JobsBalance.Create(cli),
    };

    /// <summary>The operations of this run; topics of what it changed are gathered in <paramref name="topics"/>, to be told after it.</summary>
    public static JobOperations Operations(Run run, Database database, ICollection<string> topics) =>
        new(database, Handlers.All(run.Time), run.Settings.Jobs, topics.Add, new EventLog());

    /// <summary>A queue to enqueue into, by the settings of this run.</summary>
    public static JobQueue Queue(Run run, Database database, Action<IReadOnlyCollection<string>>? accepted = null, EventLog? log = null) =>
        new(database, Handlers.All(run.Time), accepted, log: log, priorities: run.Settings.Jobs.Priorities);

    /// <summary>Does something with jobs, and then tells the running nodes of it.</summary>
    public static Task<int> UseAsync(Run run, Func<JobOperations, Database, Task<int>> work) => run.UseDatabaseAsync(async database =>
    {
        var topics = new HashSet<string>();
        try
        {
            return await work(Operations(run, database, topics), database);
        }
        finally
        {
            if (topics.Count > 0)
            {
                await run.HintAsync(database, topics);
            }
        }
    });

    public static CommandFault Unknown(long id) => new(ExitCode.Problem, $"there is no job {id}: it never was, or its time in the history is over. rondo jobs list shows the newest");

    private static Command List(Cli cli)
    {
        var filter = new JobFilterOptions();
        var limit = new Option<int>("--limit") { Description = $"At most so many, up to {MostJobs}", DefaultValueFactory = _ => 50 };
        var before = new Option<long?>("--before") { Description = "Ids below this one, for the next page", HelpName = "ID" };
        var list = new Command("list", "Jobs, the newest first");
        filter.AddTo(list);
        list.Add(limit);
        list.Add(before);
        return cli.Act(
            list,
            run => UseAsync(run, async (jobs, _) =>
            {
                var most = run.Get(limit);
                if (most is < 1 or > MostJobs)
                {
                    throw new CommandFault(ExitCode.Misuse, $"--limit: {most} will not do; expected 1 to {MostJobs}");
                }

                var rows = await jobs.ListAsync(filter.Read(run) with { Before = run.Get(before) }, most, run.Stop);
                run.WriteTable(
                    ["id", "state", "queue", "kind", "attempts", "due", "finished", "error"],
                    rows.Select(j => (IReadOnlyList<string?>)
                    [
                        Text(j.Id), j.State, j.Queue, j.Kind, $"{j.Attempts}/{j.MaxAttempts}", j.Due.ToString(), j.FinishedAt?.ToString(), OneLine(j.Error),
                    ]));
                run.Say(rows.Count == most ? $"{rows.Count} jobs; more: --before {rows[^1].Id}" : $"{rows.Count} jobs");
                run.WriteJson(new { jobs = rows.Select(JobView.Of), before = rows.Count == most ? rows[^1].Id : (long?)null });
                return ExitCode.Ok;
            }),
            "rondo jobs list",
            "rondo jobs list --state dead --error timeout",
            "rondo jobs list --queue payments --limit 10 --json");
    }

    private static Command Show(Cli cli)
    {
        var id = new Argument<long>("ID") { Description = "The job" };
        return cli.Act(
            new Command("show", "One job: its fields, its failures, how far it is, its log") { id },
            run => UseAsync(run, async (jobs, _) =>
            {
                var details = await jobs.ShowAsync(run.Get(id), run.Stop) ?? throw Unknown(run.Get(id));
                run.WriteJson(JobPage.Of(details));
                Say(run, details);
                return ExitCode.Ok;
            }),
            "rondo jobs show 4711",
            "rondo jobs show 4711 --json");
    }

    private static void Say(Run run, JobDetails details)
    {
        var job = details.Job;
        run.Say($"job {job.Id}: {job.State}, {job.Kind} in queue {job.Queue}, priority {job.Priority}, {job.Attempts} of {job.MaxAttempts} attempts");
        run.Say($"enqueued {job.EnqueuedAt}, due {job.Due}");
        SayOne("started", job.StartedAt?.ToString());
        SayOne("finished", job.FinishedAt?.ToString());
        SayOne("batch", job.BatchId is { } batch ? Text(batch) : null);
        SayOne("waits for", job.WaitsFor is { } other ? $"{job.WaitsOn} {other}" : null);
        SayOne("node", job.Node);
        SayOne("error", job.Error);
        SayOne("crashes", job.Crashes > 0 ? Text(job.Crashes) : null);
        SayOne("args", ShownArgs.Of(job.Args).GetRawText());
        SayOne("tags", job.Tags);
        SayOne("note", job.Note);
        SayOne("metadata", job.Metadata);
        SayOne("unique key", job.UniqueKey?.TrimStart('~', '#'));
        SayOne("concurrency key", job.ConcurrencyKey);
        SayOne("progress", details.Progress is { } p ? $"{p.Done}{(p.Total is { } total ? $" of {total}" : "")} {p.Note} ({p.At})" : null);
        if (details.Failures.Count > 0)
        {
            run.WriteTable(
                ["attempt", "outcome", "node", "started", "ended", "error"],
                details.Failures.Select(f => (IReadOnlyList<string?>)[Text(f.Attempt), f.Outcome, f.Node, f.StartedAt?.ToString(), f.EndedAt.ToString(), OneLine(f.Error)]));
        }

        foreach (var line in details.Lines)
        {
            run.Say($"{line.At} attempt {line.Attempt} {line.Level}: {line.Text}");
        }

        void SayOne(string what, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                run.Say($"{what}: {value}");
            }
        }
    }

    private static Command Explain(Cli cli)
    {
        var id = new Argument<long>("ID") { Description = "The job" };
        return cli.Act(
            new Command("explain", "Why a job waits, runs or has ended, the first reason first") { id },
            run => UseAsync(run, async (jobs, _) =>
            {
                var explanation = await jobs.ExplainAsync(run.Get(id), run.Stop) ?? throw Unknown(run.Get(id));
                run.Say($"job {explanation.Id} is {explanation.State}");
                foreach (var reason in explanation.Reasons)
                {
                    run.Say($"{reason.Code}: {reason.Message}");
                }

                run.WriteJson(explanation);
                return ExitCode.Ok;
            }),
            "rondo jobs explain 4711",
            "rondo jobs explain 4711 --json");
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    // What a server of others said may have many lines, and a table has one each.
    private static string? OneLine(string? text)
    {
        var line = text?.Split('\n')[0].TrimEnd();
        return line is { Length: > 120 } ? line[..119] + "…" : line;
    }
}
