using System.Net;
using System.Text;
using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;
using Rondo.Simulators.Modbus;

namespace Rondo.Host.Commands;

/// <summary>A device file for simulated gateways: one device per unit, ready for <c>rondo devices apply</c>.</summary>
internal static class SimulatedDeviceFile
{
    private static readonly string[] _first = ["voltage_l1", "power_total", "energy_import", "current_l1"];

    /// <summary>Writes the file; points beyond what the meter's profile has are left out.</summary>
    public static string Write(IReadOnlyList<IPEndPoint> endpoints, ModbusSimulatorOptions options, TimeSpan interval, int points)
    {
        var yaml = new StringBuilder("# Made by rondo simulate modbus.\n");
        yaml.Append("defaults:\n");
        yaml.Append($"  interval: {Durations.Show(interval)}\n");
        yaml.Append("  category: simulated\n");
        if (options.Framing == ModbusFraming.Rtu)
        {
            yaml.Append("  framing: rtu\n");
        }

        yaml.Append("profiles:\n  simulated:\n    max_registers: ").Append(Math.Min(80, options.MaxRegisters)).Append("\n    even_aligned: true\n");
        if (!options.StrictMap)
        {
            // Between its addresses the simulated meter reads as 0: one request is cheaper than two.
            yaml.Append("    max_gap: 70\n");
        }

        yaml.Append("    points:\n");
        foreach (var point in Points(options.Model).Take(Math.Max(1, points)))
        {
            yaml.Append("      - { ").Append(point).Append(" }\n");
        }

        yaml.Append("devices:\n");
        for (var gateway = 1; gateway <= endpoints.Count; gateway++)
        {
            for (var unit = 1; unit <= options.Units; unit++)
            {
                yaml.Append($"  - {{ name: sim-{gateway}-{unit}, address: \"{endpoints[gateway - 1]}\", unit: {unit}, profile: simulated }}\n");
            }
        }

        return yaml.ToString();
    }

    private static IEnumerable<string> Points(SimulatedModel model)
    {
        if (model == SimulatedModel.Blank)
        {
            return Enumerable.Range(0, 1_000).Select(i => $"name: value_{i}, function: input, address: {2 * i}");
        }

        // What people look for comes along even when few points are wanted.
        var all = Profiles.Find("sdm630")!.Points.Select(p => p.Point).ToArray();
        return all.OrderBy(p => _first.Contains(p.Name) ? Array.IndexOf(_first, p.Name) : _first.Length).Select(Line);
    }

    private static string Line(PointSpec point) =>
        $"name: {point.Name}, function: input, address: {point.Modbus.Address}, kind: {point.Kind}{(point.Unit.Length == 0 ? "" : $", unit: {point.Unit}")}";
}
