using System.CommandLine;
using Rondo.Polling.Fleet;

namespace Rondo.Host.Commands;

/// <summary><c>rondo devices remove</c>.</summary>
internal static class DevicesRemove
{
    public static Command Create(Cli cli)
    {
        var name = new Argument<string>("NAME") { Description = "The device" };
        return cli.Act(
            new Command("remove", "Remove a device: its polling ends, its ledger and readings stay") { name },
            run => run.UseDatabaseAsync(async database =>
            {
                var device = run.Get(name)!;
                var removal = await Devices.RemoveAsync(database, device, dryRun: false, run.Stop);
                if (removal.Children is { Count: > 0 } children)
                {
                    throw new CommandFault(ExitCode.Problem, $"{device} is the parent of {string.Join(", ", children.Take(5))}{(children.Count > 5 ? ", …" : "")}; change or remove them first");
                }

                if (removal.Device is null)
                {
                    throw await DeviceNames.UnknownAsync(run, database, device);
                }

                await run.HintAsync(database);
                run.Say($"{device} is removed; its ledger and readings stay");
                run.WriteJson(new { removed = device });
                return ExitCode.Ok;
            }),
            "rondo devices remove old-meter");
    }
}
