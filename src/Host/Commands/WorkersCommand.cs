using System.CommandLine;
using System.Globalization;
using Rondo.Jobs;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo workers list|start|stop|restart|scale</c>: how many workers each node is to have for a queue. Stored, and kept over restarts.</summary>
internal static class WorkersCommand
{
    public static Command Create(Cli cli) => new("workers", "Workers of queues on every node: how many there are to be, and what they run")
    {
        List(cli), One(cli, "start", "As many workers as each node is configured with, and no pause", StartAsync), One(cli, "stop", "No workers for a queue; what runs goes on", StopAsync),
        One(cli, "restart", "No workers until nothing of a queue runs (at most 60 s), then as many as before. Exit code 1 when something still runs.", RestartAsync), Scale(cli),
    };

    private static Command List(Cli cli) => cli.Act(
        new Command("list", "Nodes with the role work, and how many jobs of each queue they hold. Exit code 1 when none runs."),
        run => JobsCommand.UseAsync(run, async (jobs, _) =>
        {
            var status = await jobs.Queues.ReadAsync(run.Stop);
            run.WriteTable(
                ["queue", "workers wanted", "paused", "node", "holds"],
                status.Queues.SelectMany(q => status.Loads.Where(l => l.Queue == q.Queue).Select(l => (l.Node, (long?)l.Count)).DefaultIfEmpty(("-", null))
                    .Select(l => (IReadOnlyList<string?>)
                    [
                        q.Queue, q.Workers?.ToString(CultureInfo.InvariantCulture) ?? "configured", q.IsPaused ? "yes" : "no", l.Item1, l.Item2?.ToString(CultureInfo.InvariantCulture),
                    ])));
            run.Say(status.Workers.Count == 0 ? "no node with the role work runs. Start one: rondo serve" : $"{status.Workers.Count} running with the role work: {string.Join(", ", status.Workers)}");
            run.WriteJson(new { nodes = status.Workers, queues = status.Queues.Select(q => new { q.Queue, q.Workers, q.ConfiguredWorkers, q.IsPaused, q.Running }), status.Loads });
            return status.Workers.Count > 0 ? ExitCode.Ok : ExitCode.Problem;
        }),
        "rondo workers list");

    private static Command One(Cli cli, string verb, string what, Func<Run, JobOperations, Database, string, Task<int>> act)
    {
        var queue = QueuesCommand.Named();
        return cli.Act(
            new Command(verb, what) { queue },
            run => JobsCommand.UseAsync(run, async (jobs, database) =>
            {
                var name = QueuesCommand.Name(run, queue);
                await QueuesCommand.WarnAsync(run, jobs, name);
                return await act(run, jobs, database, name);
            }),
            $"rondo workers {verb} payments");
    }

    private static Command Scale(Cli cli)
    {
        var queue = QueuesCommand.Named();
        var count = new Argument<int>("N") { Description = "Workers on each node, 0 to 1000" };
        return cli.Act(
            new Command("scale", "So many workers for a queue on each node, whatever it is configured with. Kept until: rondo workers start QUEUE") { queue, count },
            run => JobsCommand.UseAsync(run, async (jobs, _) =>
            {
                var name = QueuesCommand.Name(run, queue);
                if (run.Get(count) is not (>= 0 and <= 1_000))
                {
                    throw new CommandFault(ExitCode.Misuse, $"{run.Get(count)} workers will not do; expected 0 to 1000");
                }

                await QueuesCommand.WarnAsync(run, jobs, name);
                await jobs.Queues.ScaleAsync(name, run.Get(count), run.Stop);
                return Said(run, name, run.Get(count), $"queue {name} is to have {run.Get(count)} workers on each node");
            }),
            "rondo workers scale payments 8");
    }

    private static async Task<int> StartAsync(Run run, JobOperations jobs, Database database, string name)
    {
        await jobs.Queues.ScaleAsync(name, null, run.Stop);
        await jobs.Queues.PauseAsync(name, isPaused: false, run.Stop);
        return Said(run, name, null, $"queue {name} is to have as many workers as each node is configured with");
    }

    private static async Task<int> StopAsync(Run run, JobOperations jobs, Database database, string name)
    {
        await jobs.Queues.ScaleAsync(name, 0, run.Stop);
        return Said(run, name, 0, $"queue {name} is to have no workers; what runs goes on. Start them: rondo workers start {name}");
    }

    private static async Task<int> RestartAsync(Run run, JobOperations jobs, Database database, string name)
    {
        var before = await jobs.Queues.ScaleAsync(name, 0, run.Stop);
        long left;
        try
        {
            await run.HintAsync(database, JobServer.IntentTopic);
            left = await QueuesCommand.IdleAsync(run, jobs, name);
        }
        finally
        {
            // Also when it is interrupted: a queue without workers is not what was asked for.
            await jobs.Queues.ScaleAsync(name, before, CancellationToken.None);
        }

        Said(run, name, before, left == 0
            ? $"queue {name} ran to its end, and has its workers again ({before?.ToString(CultureInfo.InvariantCulture) ?? "configured"})"
            : $"queue {name} has its workers again, but {left} of its jobs did not end meanwhile. See: rondo jobs list --state running --queue {name}");
        return left == 0 ? ExitCode.Ok : ExitCode.Problem;
    }

    private static int Said(Run run, string name, int? workers, string line)
    {
        run.Say(line);
        run.WriteJson(new { queue = name, workers });
        return ExitCode.Ok;
    }
}
