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
                var children = (await Devices.ListAsync(database, run.Stop)).Where(d => d.Parent == device).Select(d => d.Name).ToArray();
                if (children.Length > 0)
                {
                    throw new CommandFault(ExitCode.Problem, $"{device} is the parent of {string.Join(", ", children.Take(5))}{(children.Length > 5 ? ", …" : "")}; change or remove them first");
                }

                if (!await Devices.RemoveAsync(database, device, run.Stop))
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
