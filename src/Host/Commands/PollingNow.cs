using System.CommandLine;
using System.Globalization;
using Rondo.Polling.Now;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo polling now</c>: one read through the node that has the device's connection.</summary>
internal static class PollingNow
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    public static Command Create(Cli cli)
    {
        var device = new Argument<string>("DEVICE") { Description = "The device" };
        return cli.Act(
            new Command(
                "now",
                "Have a device read now by the node that polls it, over its connection, between two polls. Leaves nothing in the ledger. Exit code 1 when a point has no value or no node answers.")
            { device },
            run => run.UseDatabaseAsync(database => AskAsync(run, database, run.Get(device)!)),
            "rondo polling now main-meter",
            "rondo polling now main-meter --json");
    }

    private static async Task<int> AskAsync(Run run, Database database, string device)
    {
        if (await PollNow.AskAsync(database, device, run.Stop) is not { } id)
        {
            throw await DeviceNames.UnknownAsync(run, database, device);
        }

        await run.HintAsync(database);
        if (await PollNow.WaitAsync(database, id, _patience, run.Time, run.Stop) is not { } answer)
        {
            throw new CommandFault(
                ExitCode.Problem,
                $"no node answered for {device} within {_patience.TotalSeconds:0} s: it is stopped, or no node runs (rondo polling status {device}). rondo devices test {device} asks it from here");
        }

        run.Say($"{answer.Device}, asked by node {answer.Node} in {answer.TookMs.ToString("0.0", CultureInfo.InvariantCulture)} ms, {answer.At}");
        run.WriteTable(
            ["group", "point", "value", "unit", "problem"],
            answer.Points.Select(p => (IReadOnlyList<string?>)[p.Group, p.Name, p.Value?.ToString("R", CultureInfo.InvariantCulture) ?? "-", p.Unit, p.Fault]));
        run.WriteJson(answer);
        return answer.IsComplete ? ExitCode.Ok : ExitCode.Problem;
    }
}
