using System.CommandLine;
using Rondo.Jobs;

namespace Rondo.Host.Commands;

/// <summary><c>rondo work --once</c>: works off what is there, and ends.</summary>
internal static class WorkCommand
{
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(100);

    public static Command Create(Cli cli)
    {
        var once = new Option<bool>("--once") { Description = "End when there is nothing left to run (a server that goes on: rondo serve --roles work)" };
        var queues = new Option<string[]>("--queue") { Description = "Only this queue; may be repeated [default: those of the settings and of the kinds]", HelpName = "QUEUE" };
        var most = new Option<int?>("--max") { Description = "Run at most so many jobs", HelpName = "N" };
        var format = LogFormatOption.Create();
        return cli.Act(
            new Command("work", "Run the jobs that can run now, and end. What is scheduled for later, paused, or waits for others is left.") { once, queues, most, format },
            run => WorkAsync(run, run.Get(once), run.Get(queues) ?? [], run.Get(most), LogFormatOption.Of(run, format)),
            "rondo work --once",
            "rondo work --once --queue payments --max 100");
    }

    private static async Task<int> WorkAsync(Run run, bool isOnce, string[] names, int? most, (string Key, string Option, string? Text) format)
    {
        if (!isOnce || most < 1 || !Array.TrueForAll(names, QueueOperations.IsName))
        {
            throw new CommandFault(ExitCode.Misuse, !isOnce ? "work needs --once; a server that goes on is: rondo serve --roles work"
                : most < 1 ? $"--max: {most} will not do; expected 1 or more"
                : "--queue: a name of a queue has 1 to 60 letters, digits, '.', '-', '_'");
        }

        var reading = run.ReadSettings([format]);
        var settings = reading.Settings ?? throw new CommandFault(ExitCode.Misuse, string.Join("\nrondo: ", reading.Problems));
        run.Adopt(settings);
        var options = settings.Jobs with { MostJobs = most };
        if (names.Length > 0)
        {
            options = options with
            {
                OnlyNamedQueues = true,
                Queues = names.Distinct(StringComparer.Ordinal).ToDictionary(n => n, n => settings.Jobs.Queues.GetValueOrDefault(n, settings.Jobs.DefaultWorkers), StringComparer.Ordinal),
            };
        }

        using var files = JobLogs.Open(settings.Jobs.Log, run.Time);
        using var logs = run.Shell.Logs(LogLevel.Warning, settings.LogFormat).With(files);
        await using var server = await Server.StartAsync(
            settings.Database, ["work"], settings.Polling, run.Time, logs, run.Stop,
            ServerOptions.Of(settings, files, run.Shell.Variable) with { Jobs = options });
        try
        {
            await IdleAsync(run, server, most);
        }
        finally
        {
            await server.StopAsync();
        }

        var finished = server.Worker!.State.Finished;
        run.Say($"{finished} attempts ended; nothing is left to run{(most is null ? "" : ", or the maximum is reached")}");
        run.WriteJson(new { finished });
        return ExitCode.Ok;
    }

    /// <summary>Returns when nothing can run any more. Looked at twice: who ends may just be giving its slot to another.</summary>
    private static async Task IdleAsync(Run run, Server server, int? most)
    {
        for (var idle = 0; idle < 2;)
        {
            await Task.Delay(_look, run.Time, run.Stop);
            if (server.Broken.IsCompleted || server.Node.IsDead)
            {
                throw new CommandFault(ExitCode.Critical, "work cannot go on: the node was declared dead, or one of its loops is stuck");
            }

            var state = server.Worker!.State;
            var isBusy = !state.HasLooked || state.Unwritten > 0 || state.Queues.Any(q => q.Busy + q.Ahead > 0);
            var open = state.Queues.Where(q => q is { IsPaused: false, Workers: > 0 }).Select(q => q.Name).ToArray();
            var isMore = !(state.Claimed >= most) && await server.JobOperations.Queues.CanRunAsync(open, run.Stop);
            idle = isBusy || isMore ? 0 : idle + 1;
        }
    }
}
