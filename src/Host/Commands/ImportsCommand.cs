using System.CommandLine;
using System.Globalization;
using Rondo.Host.Imports;
using Rondo.Imports;
using Rondo.Jobs;
using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo imports</c>.</summary>
internal static class ImportsCommand
{
    private const int MostImports = 1_000;
    private static readonly TimeSpan _farthest = TimeSpan.FromDays(365);

    public static Command Create(Cli cli) => new("imports", "Files of meter readings: hand in, watch, correct, take back")
    {
        ImportsAdd.Create(cli), List(cli), Show(cli), ImportsErrors.Create(cli), ImportsCorrections.Create(cli), Retry(cli), Cancel(cli), Undo(cli), ImportsMonitor.Create(cli), ImportsPrune.Create(cli), ImportsProfile.Create(cli),
    };

    /// <summary>The options of this run.</summary>
    public static ImportOptions Options(Run run) => run.Settings.Imports.Options(run.Settings.Database, run.Settings.Retention.Imported, run.Shell.Variable);

    /// <summary>Does something with imports, and then tells the running nodes of it.</summary>
    /// <param name="run">The run.</param>
    /// <param name="work">What is done.</param>
    /// <param name="unreachable">The exit code when the database cannot be reached.</param>
    public static Task<int> UseAsync(Run run, Func<ImportOperations, Task<int>> work, int unreachable = ExitCode.Problem) => UseAsync(run, (imports, _) => work(imports), unreachable);

    /// <summary>The same for work that goes on for long: it tells them in between.</summary>
    public static Task<int> UseAsync(Run run, Func<ImportOperations, Func<Task>, Task<int>> work, int unreachable = ExitCode.Problem) => run.UseDatabaseAsync(async database =>
    {
        var topics = new HashSet<string>();
        await using var queue = JobsCommand.Queue(run, database, _ => topics.Add(JobServer.Topic), new EventLog());
        try
        {
            return await work(new ImportOperations(database, queue, JobsCommand.Operations(run, database, topics), Options(run), new EventLog(), run.Time), HintAsync);
        }
        finally
        {
            await HintAsync();
        }

        async Task HintAsync()
        {
            if (topics.Count > 0)
            {
                await run.HintAsync(database, topics);
                topics.Clear();
            }
        }
    }, unreachable);

    public static Argument<long> Number() => new("ID") { Description = "The import" };

    public static CommandFault Unknown(long id) => new(ExitCode.Problem, $"there is no import {id}. rondo imports list shows the newest");

    public static string Text(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static Command List(Cli cli)
    {
        var state = new Option<string?>("--state") { Description = "Only these" }.AcceptOnlyFromAmong("queued", "running", "done", "failed", "dead", "cancelled");
        var limit = new Option<int>("--limit") { Description = $"At most so many, up to {MostImports}", DefaultValueFactory = _ => 50 };
        var before = new Option<long?>("--before") { Description = "Numbers below this one, for the next page", HelpName = "ID" };
        return cli.Act(
            new Command("list", "Imports, the newest first") { state, limit, before },
            run => UseAsync(run, async imports =>
            {
                var most = run.Get(limit);
                if (most is < 1 or > MostImports)
                {
                    throw new CommandFault(ExitCode.Misuse, $"--limit: {most} will not do; expected 1 to {MostImports}");
                }

                var rows = await imports.ListAsync(run.Get(state), run.Get(before), most, run.Stop);
                run.WriteTable(
                    ["id", "state", "file", "profile", "done", "values", "duplicates", "replaced", "rejected", "alert_sent", "error"],
                    rows.Select(i => (IReadOnlyList<string?>)[$"{i.Id}", i.StateNow, i.File, i.Profile, Share(i), Text(i.ValueCount), Text(i.Same), Text(i.Replaced), Text(i.Rejected), i.AlertSent ? "yes" : "no", Short(i.ErrorNow)]));
                run.Say(rows.Count == most ? $"{rows.Count} imports; more: --before {rows[^1].Id}" : $"{rows.Count} imports");
                run.WriteJson(new { imports = rows.Select(ImportView.Of), before = rows.Count == most ? rows[^1].Id : (long?)null });
                return ExitCode.Ok;
            }),
            "rondo imports list",
            "rondo imports list --state dead --json");
    }

    private static Command Show(Cli cli)
    {
        var id = Number();
        return cli.Act(
            new Command("show", "One import: how far it is, every error, the first rejected rows") { id },
            run => UseAsync(run, async imports =>
            {
                var details = await imports.ShowAsync(run.Get(id), run.Stop) ?? throw Unknown(run.Get(id));
                run.WriteJson(ImportPage.Of(details));
                Say(run, details);
                return ExitCode.Ok;
            }),
            "rondo imports show 7",
            "rondo imports show 7 --json");
    }

    private static void Say(Run run, ImportDetails details)
    {
        var row = details.Row;
        run.Say($"import {row.Id}: {row.StateNow}, {row.File} ({Text(row.Bytes)} bytes) by profile {row.Profile}{(row.Meter is { } meter ? $", of meter {meter}" : "")}, job {row.JobId}, priority {row.Priority}");
        run.Say($"{Share(row)} done: {Text(row.Units)} rows, {Text(row.ValueCount)} values: {Text(row.Inserted)} new, {Text(row.Replaced)} replaced, {Text(row.Same)} there already, {Text(row.Kept)} kept as they were, "
            + $"{Text(row.Skipped)} of unknown meters; {Text(row.Missing)} missing, {Text(row.Rejected)} rows rejected");
        if (row.RowsPerS is { } speed)
        {
            run.Say(string.Create(CultureInfo.InvariantCulture, $"{speed:N0} rows/s{(row.LeftS is { } left ? $", {ImportsFollow.Left(left)} left" : "")}"));
        }

        run.Say($"accepted {row.CreatedAt}{On(", begun ", row.StartedAt)}{On(", last progress ", row.ProgressAt)}{On(", ended ", row.FinishedAt)}; retry {row.RetryCount} of {row.MaxRetries}{On(", next at ", row.RetryAtNow)}");
        run.Say($"unknown meters: {row.UnknownMeters}; max rejects: {(row.MaxRejects is { } most ? Text(most) : "any")}; alert sent: {(row.AlertSent ? $"{row.AlertSentAt}" : "no")}; sha256 {row.Hash}");
        SayOne("warning", row.Warnings);
        SayOne("last error", row.ErrorNow);
        SayOne("webhook", row.Webhook is null ? null : $"{row.Webhook}{(row.WebhookJobId is { } call ? $", called by job {call}" : "")}");
        SayOne("tags", row.Tags);
        SayOne("note", row.Note);
        SayOne("metadata", row.Metadata);
        if (row.UndoJobId is { } undo)
        {
            run.Say($"{(row.UndoneAt is { } at ? $"taken back {at}" : "is being taken back")} by job {undo}: {Text(row.UndoDeleted)} values deleted, {Text(row.UndoRestored)} restored, {Text(row.UndoKept)} are a later import's");
        }

        if (details.Errors.Count > 0)
        {
            run.WriteTable(["no", "at", "again", "error"], details.Errors.Select(e => (IReadOnlyList<string?>)[$"{e.No}", e.At.ToString(), e.IsPermanent ? "no" : "yes", e.Error]));
        }

        if (details.Rejects.Count > 0)
        {
            run.WriteTable(["line", "column", "value", "reason"], details.Rejects.Select(r => (IReadOnlyList<string?>)[$"{r.Line}", r.Field, r.Value, r.Reason]));
            run.Say($"all of them as a file: rondo imports errors {row.Id} --csv");
        }

        if (row.Replaced > 0 && row.UndoneAt is null)
        {
            run.Say($"what was replaced: rondo imports corrections {row.Id}");
        }

        void SayOne(string what, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                run.Say($"{what}: {value}");
            }
        }

        static string On(string what, Instant? at) => at is null ? "" : what + at;
    }

    private static Command Retry(Cli cli)
    {
        var id = Number();
        var after = new Option<string?>("--in") { Description = "Not before so long from now, such as 10m", HelpName = "SPAN" };
        return cli.Act(
            new Command("retry", "Run an import again that is failed, dead or cancelled; it goes on behind what is stored") { id, after },
            run => ActAsync(
                run.Labelled("jobs.cancel", ""), run.Get(id), (o, i) => o.RetryAsync(i, run.Get(after) is { } span ? TimeOptions.Span("--in", span, TimeSpan.Zero, _farthest) : null, run.Stop), "is queued again"),
            "rondo imports retry 7",
            "rondo imports retry 7 --in 10m");
    }

    private static Command Cancel(Cli cli)
    {
        var id = Number();
        return cli.Act(
            new Command("cancel", "End an import that waits or runs; what is stored of it stays until it is taken back") { id },
            run => ActAsync(run.Labelled("jobs.cancel", ""), run.Get(id), (o, i) => o.CancelAsync(i, run.Stop), "is cancelled; what it stored stays, until rondo imports undo takes it back"),
            "rondo imports cancel 7");
    }

    private static Command Undo(Cli cli)
    {
        var id = Number();
        return cli.Act(
            new Command("undo", "Have an import taken back that has ended: what it brought is deleted, what it replaced restored; what a later import replaced since stays") { id },
            run => ActAsync(run.Labelled("imports.undo", $"{run.Get(id)}"), run.Get(id), (o, i) => o.UndoAsync(i, run.Stop), "is being taken back; see rondo imports show"),
            "rondo imports undo 7");
    }

    private static Task<int> ActAsync(Run run, long id, Func<ImportOperations, long, Task<ImportChange>> act, string done) => UseAsync(run, async imports =>
    {
        var change = await act(imports, id);
        if (change.Row is not { } row)
        {
            throw Unknown(id);
        }

        if (change.Refusal is { } refusal)
        {
            throw new CommandFault(ExitCode.Problem, $"import {id} was not changed: {refusal}");
        }

        run.Say($"import {id} {done}");
        run.WriteJson(ImportView.Of(row));
        return ExitCode.Ok;
    });

    private static string Share(ImportRow row) => row.Bytes == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{Math.Min(1, (double)row.BytesRead / row.Bytes) * 100:0}%");

    private static string? Short(string? text) => text is { Length: > 80 } ? text[..79] + "…" : text;
}
