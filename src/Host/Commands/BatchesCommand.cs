using System.CommandLine;
using System.Globalization;
using Rondo.Jobs;

namespace Rondo.Host.Commands;

/// <summary><c>rondo batches list|show|cancel</c>.</summary>
internal static class BatchesCommand
{
    private const int MostBatches = 1_000;

    public static Command Create(Cli cli) => new("batches", "Jobs that belong together: how far they are, and end them") { List(cli), Show(cli), Cancel(cli) };

    private static Command List(Cli cli)
    {
        var open = new Option<bool>("--open") { Description = "Only those that have not finished" };
        var limit = new Option<int>("--limit") { Description = $"At most so many, up to {MostBatches}", DefaultValueFactory = _ => 50 };
        var before = new Option<long?>("--before") { Description = "Ids below this one, for the next page", HelpName = "ID" };
        return cli.Act(
            new Command("list", "Batches, the newest first") { open, limit, before },
            run => JobsCommand.UseAsync(run, async (jobs, _) =>
            {
                var most = run.Get(limit);
                if (most is < 1 or > MostBatches)
                {
                    throw new CommandFault(ExitCode.Misuse, $"--limit: {most} will not do; expected 1 to {MostBatches}");
                }

                var batches = await jobs.Batches.ListAsync(run.Get(open), run.Get(before), most, run.Stop);
                run.WriteTable(
                    ["id", "name", "state", "ended", "done", "dead", "cancelled", "running", "waiting", "created", "finished"],
                    batches.Select(b => (IReadOnlyList<string?>)
                    [
                        Text(b.Id), b.Name, b.State, $"{Text(b.Ended)}/{Text(b.Total)}", Text(b.Done), Text(b.Dead), Text(b.Cancelled), Text(b.Running), Text(b.Scheduled + b.Blocked + b.Ready),
                        b.CreatedAt.ToString(), b.FinishedAt?.ToString(),
                    ]));
                run.Say(batches.Count == most ? $"{batches.Count} batches; more: --before {batches[^1].Id}" : $"{batches.Count} batches");
                run.WriteJson(new { batches, before = batches.Count == most ? batches[^1].Id : (long?)null });
                return ExitCode.Ok;
            }),
            "rondo batches list",
            "rondo batches list --open --json");
    }

    private static Command Show(Cli cli)
    {
        var id = Named();
        return cli.Act(
            new Command("show", "One batch: its members by state, and its callback. Its members: rondo jobs list --batch ID") { id },
            run => JobsCommand.UseAsync(run, async (jobs, _) =>
            {
                var batch = await jobs.Batches.ShowAsync(run.Get(id), run.Stop) ?? throw Unknown(run.Get(id));
                Say(run, batch);
                run.WriteJson(batch);
                return ExitCode.Ok;
            }),
            "rondo batches show 17",
            "rondo batches show 17 --json");
    }

    private static Command Cancel(Cli cli)
    {
        var id = Named();
        return cli.Act(
            new Command("cancel", "End all of a batch: what waits at once, what runs when its node obeys. Its callback runs when all have ended. Exit code 1 when it has finished already.") { id },
            run => JobsCommand.UseAsync(run.Labelled("batches.cancel", $"{run.Get(id)}"), async (jobs, _) =>
            {
                var (batch, isCancelled) = await jobs.Batches.CancelAsync(run.Get(id), run.Stop) ?? throw Unknown(run.Get(id));
                if (!isCancelled)
                {
                    throw new CommandFault(ExitCode.Problem, $"batch {batch.Id} has finished already, at {batch.FinishedAt}");
                }

                Say(run, batch);
                run.WriteJson(batch);
                return ExitCode.Ok;
            }),
            "rondo batches cancel 17");
    }

    private static void Say(Run run, BatchView batch)
    {
        run.Say($"batch {batch.Id} '{batch.Name}': {batch.State}, {Text(batch.Ended)} of {Text(batch.Total)} have ended");
        run.Say($"ended: {Text(batch.Done)} done, {Text(batch.Dead)} dead, {Text(batch.Cancelled)} cancelled{(batch.Forgotten > 0 ? $", {Text(batch.Forgotten)} forgotten" : "")}");
        run.Say($"now: {Text(batch.Running)} running, {Text(batch.Ready)} ready, {Text(batch.Scheduled)} scheduled, {Text(batch.Blocked)} blocked");
        run.Say($"created {batch.CreatedAt}{(batch.CancelledAt is { } cancelled ? $", cancelled {cancelled}" : "")}{(batch.FinishedAt is { } finished ? $", finished {finished}" : "")}");
        if (batch.CallbackJobId is { } callback)
        {
            run.Say($"callback: job {callback}");
        }
    }

    private static Argument<long> Named() => new("ID") { Description = "The batch" };

    private static CommandFault Unknown(long id) => new(ExitCode.Problem, $"there is no batch {id}: it never was, or it finished long ago and is forgotten. rondo batches list shows the newest");

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
