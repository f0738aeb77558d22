using System.CommandLine;
using Rondo.Nodes;
using Rondo.Polling.Fleet;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo polling start</c> and <c>rondo polling stop</c>: store the intent, then see whether it is obeyed.</summary>
internal static class PollingSwitch
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(50);

    public static Command Create(Cli cli, bool on)
    {
        var verb = on ? "start" : "stop";
        var device = new Argument<string?>("DEVICE") { Description = "One device [default: everything]", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command(verb, $"{(on ? "Start" : "Stop")} polling. The wish is stored and kept over restarts; exit code 1 when no node is there to obey it.") { device };
        return cli.Act(
            command,
            run => run.UseDatabaseAsync(database => SetAsync(run, database, run.Get(device), on)),
            $"rondo polling {verb}",
            $"rondo polling {verb} main-meter");
    }

    private static async Task<int> SetAsync(Run run, Database database, string? device, bool on)
    {
        if (await Devices.SetPollingAsync(database, device, on, run.Stop) is not { } revision)
        {
            throw await DeviceNames.UnknownAsync(run, database, device!);
        }

        await run.HintAsync(database);
        var started = run.Time.GetTimestamp();
        var (running, behind) = await NodesAsync(run, database, revision);
        while (behind > 0 && run.Time.GetElapsedTime(started) < _patience)
        {
            await Task.Delay(_look, run.Time, run.Stop);
            (running, behind) = await NodesAsync(run, database, revision);
        }

        var took = run.Time.GetElapsedTime(started);
        var what = $"polling {(device is null ? "" : $"of {device} ")}is {(on ? "on" : "off")}";
        run.WriteJson(new { device, polling = on, revision, nodes = running, obeyed = running > 0 && behind == 0, took_ms = Math.Round(took.TotalMilliseconds) });
        if (running == 0)
        {
            run.Say($"{what}: stored, but no node runs that would obey it. Start one: rondo serve");
            return ExitCode.Problem;
        }

        run.Say(behind == 0
            ? $"{what}: obeyed by {(running == 1 ? "the running node" : $"all {running} running nodes")} after {took.TotalMilliseconds:0} ms"
            : $"{what}: stored, but {behind} of {running} running nodes did not take it in within {_patience.TotalSeconds:0} s. See: rondo nodes list");
        return behind == 0 ? ExitCode.Ok : ExitCode.Problem;
    }

    private static Task<(int Running, int Behind)> NodesAsync(Run run, Database database, long revision) => database.ReadAsync(
        "polling.obeyed",
        tx =>
        {
            var polling = NodeRegister.All(tx).Where(n => n.Roles.Split(',').Contains("poll") && NodeRegister.IsRunning(n, database.Address, tx.Now)).ToArray();
            return (polling.Length, polling.Count(n => n.SeenRevision < revision));
        },
        run.Stop);
}
