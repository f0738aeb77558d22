using System.CommandLine;
using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;
using Rondo.Polling.Proof;

namespace Rondo.Host.Commands;

/// <summary><c>rondo devices list</c>.</summary>
internal static class DevicesList
{
    public static Command Create(Cli cli) => cli.Act(
        new Command("list", "Every device with its address, status and what is read"),
        run => run.UseDatabaseAsync(async database =>
        {
            var devices = await Devices.ListAsync(database, run.Stop);
            var states = await database.ReadAsync("devices.status", StatusReader.DeviceStatuses, run.Stop);
            run.WriteTable(
                ["device", "status", "address", "unit", "category", "tags", "groups"],
                devices.Select(d => (IReadOnlyList<string?>)
                [
                    d.Name, states.GetValueOrDefault(d.Name), d.Address, d.Modbus.Unit.ToString(), d.Category, string.Join(' ', d.Tags), Groups(d),
                ]));
            run.Say($"{devices.Count} devices");
            run.WriteJson(new
            {
                devices = devices.Select(d => new
                {
                    d.Name,
                    status = states.GetValueOrDefault(d.Name),
                    d.Driver,
                    d.Address,
                    d.Modbus.Unit,
                    d.Category,
                    d.Tags,
                    d.Parent,
                    d.Enabled,
                    groups = d.Groups.Select(g => new { g.Name, interval = Durations.Show(g.Interval), g.Enabled, points = g.Points.Count }),
                }),
            });
            return ExitCode.Ok;
        }),
        "rondo devices list",
        "rondo devices list --json");

    private static string Groups(DeviceSpec device) => string.Join(", ", device.Groups.Select(g => $"{g.Name} every {Durations.Show(g.Interval)} ({g.Points.Count} points){(g.Enabled ? "" : " disabled")}"));
}
