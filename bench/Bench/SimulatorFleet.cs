using System.Globalization;
using System.Net;
using System.Text.Json;
using Rondo.Simulators.Modbus;

namespace Rondo.Bench;

/// <summary>Simulated gateways in processes of their own, as many as the limit of descriptors asks for.</summary>
internal sealed class SimulatorFleet : IAsyncDisposable
{
    public const string Verb = "simulators";

    // Listener and connection of each gateway, and what the runtime itself holds.
    private const int DescriptorsOfRuntime = 400;
    private readonly List<Child> _processes = [];
    private readonly List<IPEndPoint> _endpoints = [];

    public IReadOnlyList<IPEndPoint> Endpoints => _endpoints;

    public int Processes => _processes.Count;

    public static async Task<SimulatorFleet> StartAsync(int gateways)
    {
        var fleet = new SimulatorFleet();
        try
        {
            var each = Math.Max(1, (DescriptorLimit() - DescriptorsOfRuntime) / 2);
            for (var left = gateways; left > 0; left -= each)
            {
                var process = Child.Start(null, Verb, Math.Min(left, each).ToString(CultureInfo.InvariantCulture));
                fleet._processes.Add(process);
                fleet._endpoints.AddRange(JsonSerializer.Deserialize<int[]>(await process.ReadAsync())!.Select(port => new IPEndPoint(IPAddress.Loopback, port)));
            }

            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Requests that have arrived so far, at all gateways.</summary>
    public async Task<long> RequestsAsync()
    {
        var sum = 0L;
        foreach (var process in _processes)
        {
            sum += long.Parse(await process.AskAsync("requests"), CultureInfo.InvariantCulture);
        }

        return sum;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }
    }

    /// <summary>The other side: runs until its input is closed.</summary>
    public static async Task<int> ServeAsync(int gateways)
    {
        await using var simulator = await ModbusSimulator.StartAsync(new ModbusSimulatorOptions { Gateways = gateways }, TimeProvider.System);
        Console.WriteLine(JsonSerializer.Serialize(simulator.Endpoints.Select(endpoint => endpoint.Port)));
        while (await Console.In.ReadLineAsync() is not null)
        {
            Console.WriteLine(simulator.Counters.Requests);
        }

        return 0;
    }

    private static int DescriptorLimit()
    {
        var line = File.ReadLines("/proc/self/limits").First(each => each.StartsWith("Max open files", StringComparison.Ordinal));
        return int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], CultureInfo.InvariantCulture);
    }
}
