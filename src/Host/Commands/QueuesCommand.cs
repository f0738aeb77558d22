using System.CommandLine;
using System.Globalization;
using Rondo.Jobs;

namespace Rondo.Host.Commands;

/// <summary><c>rondo queues list|pause|resume|drain</c>.</summary>
internal static class QueuesCommand
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _refresh = TimeSpan.FromSeconds(1);

    public static Command Create(Cli cli) => new("queues", "Queues of jobs: what they hold and do; pause, resume, drain") { List(cli), Set(cli, "pause"), Set(cli, "resume"), Set(cli, "drain") };

    /// <summary>The argument that names a queue.</summary>
    public static Argument<string> Named() => new("QUEUE") { Description = "The queue" };

    /// <summary>The name it gives.</summary>
    public static string Name(Run run, Argument<string> queue) => run.Get(queue) is { } name && QueueOperations.IsName(name)
        ? name
        : throw new CommandFault(ExitCode.Misuse, $"'{run.Get(queue)}' is not a name of a queue: 1 to 60 letters, digits, '.', '-', '_'");

    /// <summary>Waits until nothing of a queue runs, for at most 60 s; returns what still does.</summary>
    public static async Task<long> IdleAsync(Run run, JobOperations jobs, string name)
    {
        var began = run.Time.GetTimestamp();
        var running = await jobs.Queues.RunningAsync(name, run.Stop);
        while (running > 0 && run.Time.GetElapsedTime(began) < _patience)
        {
            await Task.Delay(_look, run.Time, run.Stop);
            running = await jobs.Queues.RunningAsync(name, run.Stop);
        }

        return running;
    }

    /// <summary>Says so when nobody knows a queue: most likely its name is mistyped.</summary>
    public static async Task WarnAsync(Run run, JobOperations jobs, string name)
    {
        var status = await jobs.Queues.ReadAsync(run.Stop);
        if (!status.Queues.Any(q => q.Queue == name))
        {
            run.Warn($"rondo: nobody knows a queue '{name}' yet; stored all the same. Known: {string.Join(", ", status.Queues.Select(q => q.Queue))}");
        }
    }

    private static Command List(Cli cli)
    {
        var kinds = new Option<bool>("--kinds") { Description = "Each kind of job in a queue by itself" };
        var watch = new Option<bool>("--watch") { Description = "Again every second, until Ctrl-C" };
        return cli.Act(
            new Command("list", "Every queue: what it holds, its workers, and how it went in the last 10 minutes") { kinds, watch },
            run => JobsCommand.UseAsync(run, async (jobs, database) =>
            {
                while (true)
                {
                    Write(run, await jobs.Queues.ReadAsync(run.Stop) with { Redis = await JobsStatus.RedisAsync(run, database) }, run.Get(kinds));
                    if (!run.Get(watch))
                    {
                        return ExitCode.Ok;
                    }

                    await Task.Delay(_refresh, run.Time, run.Stop);
                }
            }),
            "rondo queues list",
            "rondo queues list --kinds",
            "rondo queues list --watch");
    }

    private static void Write(Run run, QueueStatus status, bool isByKind)
    {
        string[] figures = ["ready", "running", "scheduled", "blocked", "oldest", "ended", "per s", "failing", "wait p50/p99", "run p50/p99"];
        if (isByKind)
        {
            run.WriteTable(["queue", "kind", .. figures], status.Queues.SelectMany(q => q.Kinds.Select(k => (IReadOnlyList<string?>)[q.Queue, k.Kind, .. Figures(k)])));
        }
        else
        {
            run.WriteTable(
                ["queue", "workers", "priority", .. figures],
                status.Queues.Select(q => (IReadOnlyList<string?>)[q.Queue, Workers(q), q.Priority.ToString(CultureInfo.InvariantCulture), .. Figures(q)]));
        }

        run.Say(status.Workers.Count == 0 ? "no node with the role work runs. Start one: rondo serve" : $"{status.Workers.Count} running with the role work: {string.Join(", ", status.Workers)}");
        if (status.Redis is { } redis)
        {
            run.Say(JobsStatus.Describe(redis));
        }

        run.WriteJson(status);
    }

    private static Command Set(Cli cli, string verb)
    {
        var queue = Named();
        var what = verb switch
        {
            "pause" => "Begin nothing more of a queue; what runs goes on. Kept over restarts.",
            "resume" => "Begin jobs of a queue again",
            _ => "Pause a queue and wait until nothing of it runs, at most 60 s. Exit code 1 when something still does.",
        };
        return cli.Act(new Command(verb, what) { queue }, run => JobsCommand.UseAsync(run, (jobs, database) => SetAsync(run, jobs, database, Name(run, queue), verb)), $"rondo queues {verb} payments");
    }

    private static async Task<int> SetAsync(Run run, JobOperations jobs, Rondo.Storage.Database database, string name, string verb)
    {
        var isPaused = verb != "resume";
        await WarnAsync(run, jobs, name);
        await jobs.Queues.PauseAsync(name, isPaused, run.Stop);
        var left = 0L;
        if (verb == "drain")
        {
            // Now, not at the end: it is waited for.
            await run.HintAsync(database, JobServer.IntentTopic);
            left = await IdleAsync(run, jobs, name);
        }

        run.WriteJson(new { queue = name, is_paused = isPaused, running = verb == "drain" ? left : (long?)null });
        run.Say(!isPaused ? $"queue {name} is resumed"
            : verb == "pause" ? $"queue {name} is paused: nothing more of it begins. Resume it: rondo queues resume {name}"
            : left == 0 ? $"queue {name} is paused, and nothing of it runs. Resume it: rondo queues resume {name}"
            : $"queue {name} is paused, and {left} of its jobs still run after {_patience.TotalSeconds:0} s. See: rondo jobs list --state running --queue {name}");
        return left == 0 ? ExitCode.Ok : ExitCode.Problem;
    }

    private static string Workers(QueueView queue)
    {
        var workers = queue.Workers is { } wanted ? $"{wanted}" : queue.ConfiguredWorkers is { } own ? $"{own} configured" : "configured";
        return queue.IsPaused ? workers + ", paused" : workers;
    }

    private static string[] Figures(JobFigures of) =>
    [
        Text(of.Ready), Text(of.Running), Text(of.Scheduled), Text(of.Blocked), of.OldestReadyAgeS is { } age ? $"{age:0.0} s" : "-",
        of.Dead > 0 ? $"{of.Finished:N0}, {of.Dead:N0} dead" : Text(of.Finished), of.ThroughputPerS.ToString("0.###", CultureInfo.InvariantCulture),
        of.FailureRate is { } rate ? $"{rate * 100:0.0}%" : "-", Pair(of.WaitP50Ms, of.WaitP99Ms), Pair(of.RunP50Ms, of.RunP99Ms),
    ];

    private static string Text(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Pair(double? p50, double? p99) => p50 is null ? "-" : $"{p50:0.#}/{p99:0.#} ms";
}
