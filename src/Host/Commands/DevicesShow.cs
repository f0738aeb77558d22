using System.CommandLine;
using System.Text.Json.Nodes;
using Rondo.Polling.Configuration;

namespace Rondo.Host.Commands;

/// <summary><c>rondo devices show</c>.</summary>
internal static class DevicesShow
{
    public static Command Create(Cli cli)
    {
        var name = new Argument<string>("NAME") { Description = "The device" };
        return cli.Act(
            new Command("show", "One device as it is configured, with every setting and point") { name },
            run => run.UseDatabaseAsync(async database =>
            {
                var device = await DeviceNames.FindAsync(run, database, run.Get(name)!);
                if (run.IsJson)
                {
                    run.WriteJson(JsonNode.Parse(SpecJson.WriteDevice(device))!);
                    return ExitCode.Ok;
                }

                run.Say($"{device.Name}: {device.Driver} {device.Address} unit {device.Modbus.Unit}{(device.Enabled ? "" : ", disabled")}");
                Say(run, "category", device.Category);
                Say(run, "tags", string.Join(", ", device.Tags));
                Say(run, "parent", device.Parent ?? "");
                foreach (var group in device.Groups)
                {
                    run.Say($"group {group.Name}: every {Durations.Show(group.Interval)}{(group.Align ? ", aligned" : "")}{(group.Enabled ? "" : ", disabled")}");
                    run.WriteTable(
                        ["point", "unit", "kind", "function", "address", "type", "order", "scale", "offset"],
                        group.Points.Select(p => (IReadOnlyList<string?>)
                        [
                            "  " + p.Name, p.Unit, p.Kind, p.Modbus.Function.ToString(), p.Modbus.Address.ToString(), p.Modbus.Type.Word(),
                            p.Modbus.Order.ToString(), p.Modbus.Scale.ToString(), p.Modbus.Offset.ToString(),
                        ]));
                }

                return ExitCode.Ok;
            }),
            "rondo devices show main-meter",
            "rondo devices show main-meter --json");
    }

    private static void Say(Run run, string what, string value)
    {
        if (value.Length > 0)
        {
            run.Say($"{what}: {value}");
        }
    }
}
