using System.Text.Json;
using Rondo.Polling.Configuration;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>The first thing a new user runs.</summary>
public sealed class Demo_and_simulator : IDisposable
{
    private static readonly string[] Fields = ["expected", "recorded", "ok", "partial", "failed", "missed", "duplicates", "lateness_p50_ms", "lateness_p99_ms"];
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_demo_accounts_for_every_slot_and_ends_with_one_line_of_json()
    {
        var run = new CommandRun(_folder) { Database = null };
        await run.GoodAsync("demo", "--devices", "12", "--interval", "250ms", "--seconds", "3", "--json");
        var last = JsonDocument.Parse(run.Output.TrimEnd('\n').Split('\n')[^1]).RootElement;
        Assert.Equal(Fields, last.EnumerateObject().Select(p => p.Name));
        long Count(string name) => last.GetProperty(name).GetInt64();
        Assert.InRange(Count("expected"), 12, 12 * 4 * 10);
        Assert.Equal(Count("expected"), Count("recorded"));
        Assert.Equal(Count("recorded"), Count("ok") + Count("partial") + Count("failed") + Count("missed"));
        Assert.Equal(0, Count("duplicates"));
        Assert.True(Count("ok") > 0);
    }

    [Fact]
    public async Task A_demo_that_is_interrupted_still_sums_up_and_leaves_nothing_behind()
    {
        using var stop = new CancellationTokenSource();
        var run = new CommandRun(_folder) { Database = null };
        await stop.CancelAsync();
        var code = await run.RunAsync(stop.Token, "demo", "--devices", "1");
        Assert.Contains(code, new[] { 0, 130 });
    }

    [Fact]
    public async Task The_simulator_tells_its_endpoints_first_and_what_it_saw_last()
    {
        var (devices, arrivals) = (_folder.At("sim.yaml"), _folder.At("arrivals.csv"));
        var run = new CommandRun(_folder) { Database = null };
        await run.GoodAsync("simulate", "modbus", "--gateways", "2", "--units", "3", "--seconds", "0.05", "--json", "--devices-file", devices, "--arrivals", arrivals, "--framing", "rtu", "--interval", "500ms", "--points", "4");
        var lines = run.Output.TrimEnd('\n').Split('\n');
        Assert.Equal(2, JsonDocument.Parse(lines[0]).RootElement.GetProperty("endpoints").GetArrayLength());
        Assert.Equal(0, JsonDocument.Parse(lines[^1]).RootElement.GetProperty("requests").GetInt64());
        Assert.StartsWith("gateway,endpoint,at,", await File.ReadAllTextAsync(arrivals), StringComparison.Ordinal);

        var file = DeviceFile.Parse(await File.ReadAllTextAsync(devices), "sim.yaml");
        Assert.True(file.IsGood, string.Join('\n', file.Mistakes));
        Assert.Empty(file.Warnings);
        Assert.Equal(6, file.Devices.Count);
        Assert.All(file.Devices, d => Assert.Equal((4, TimeSpan.FromMilliseconds(500)), (d.Groups[0].Points.Count, d.Groups[0].Interval)));
        Assert.All(file.Devices, d => Assert.Equal(Rondo.Drivers.Modbus.ModbusFraming.Rtu, d.Endpoint.Framing));
    }
}
