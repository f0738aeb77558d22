using System.Net;
using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;
using Rondo.Drivers.Modbus;
using Rondo.Simulators.Modbus;
using Xunit;

namespace Rondo.Tests.Simulators;

public class LifeTests
{
    private static readonly byte[] Volts = RawClient.Read(4, 0, 2);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Disposing_closes_listeners_and_connections(bool portable)
    {
        var simulator = await Simulated.Start(new() { Gateways = 3, PortableSockets = portable });
        using var client = RawClient.Connect(simulator.Endpoints[2]);
        client.Ask(1, Volts);
        await simulator.DisposeAsync();
        Assert.Empty(client.ReceiveToEnd());
        foreach (var endpoint in simulator.Endpoints)
        {
            Assert.Throws<SocketException>(() => RawClient.Connect(endpoint));
        }

        await simulator.DisposeAsync();
    }

    [Fact]
    public async Task Gateways_take_consecutive_ports_from_the_base_port_and_a_taken_one_is_named()
    {
        int port;
        await using (var probe = await Simulated.Start())
        {
            port = probe.Endpoints[0].Port;
        }

        await using var simulator = await Simulated.Start(new() { BasePort = port });
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, port), simulator.Endpoints[0]);
        var failure = await Assert.ThrowsAsync<SimulatorStartException>(() => Simulated.Start(new() { BasePort = port, Gateways = 2 }));
        Assert.Contains($"Gateway 1 of 2 cannot listen on 127.0.0.1:{port}: the port is taken", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_gateways_for_this_process_are_refused_with_the_limit()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the limit is read from /proc");
        var limit = int.Parse(File.ReadLines("/proc/self/limits").Single(l => l.StartsWith("Max open files", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[3]);
        Assert.SkipUnless(limit < 60_000, "the limit allows every number of gateways");
        var failure = await Assert.ThrowsAsync<SimulatorStartException>(() => Simulated.Start(new() { Gateways = limit / 2 }));
        Assert.Contains($"It may have {limit}", failure.Message, StringComparison.Ordinal);
        Assert.Contains("ulimit -n", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bad_options_are_refused_all_at_once_with_a_sentence_each()
    {
        var options = new ModbusSimulatorOptions { Gateways = 0, Units = 248, BasePort = 70_000, Address = "0.0.0.0", MaxRegisters = 126, ArrivalLog = -1, Faults = [new() { Kind = FaultKind.BadCrc }] };
        Assert.Equal(8, options.Problems().Count);
        var failure = await Assert.ThrowsAsync<ArgumentException>(() => Simulated.Start(options));
        Assert.Contains("not on '0.0.0.0'", failure.Message, StringComparison.Ordinal);
        Assert.Empty(new ModbusSimulatorOptions().Problems());
        Assert.Single(new ModbusSimulatorOptions { BasePort = 65_000, Gateways = 600 }.Problems());
    }

    [Fact]
    public async Task Arrivals_are_remembered_with_their_instant_up_to_the_bound()
    {
        var clock = new HandClock();
        await using var simulator = await Simulated.Start(new() { Units = 2, ArrivalLog = 3 }, clock);
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        for (byte i = 0; i < 5; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            client.Ask((byte)(1 + (i % 2)), RawClient.Read(4, 2 * i, 2));
        }

        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal([new(start.AddSeconds(3), 1, 4, 4, 2), new(start.AddSeconds(4), 2, 4, 6, 2), new(start.AddSeconds(5), 1, 4, 8, 2)], simulator.Gateways[0].Arrivals());
        Assert.Equal([new(start.AddSeconds(4), 2, 4, 6, 2)], simulator.Gateways[0].Arrivals(2));
        Assert.Equal(3, simulator.Gateways[0].Requests(1));
    }

    [Fact]
    public async Task Connections_can_be_closed_at_will_and_new_ones_are_welcome()
    {
        await using var simulator = await Simulated.Start();
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        client.Ask(1, Volts);
        simulator.Gateways[0].CloseConnections();
        Assert.Empty(client.ReceiveToEnd());
        using var again = RawClient.Connect(simulator.Endpoints[0]);
        again.Ask(1, Volts);
        Assert.Equal(2, simulator.Counters.Connections);
    }

    [Fact]
    public async Task A_thousand_gateways_live_in_one_simulator()
    {
        await using var simulator = await Simulated.Start(new() { Gateways = 1_000 });
        var clients = simulator.Endpoints.Select(endpoint => RawClient.Connect(endpoint)).ToList();
        foreach (var client in clients)
        {
            client.SendRequest(1, Volts);
        }

        foreach (var client in clients)
        {
            Assert.Equal(1, client.ReceiveAnswer().Unit);
            client.Dispose();
        }

        Assert.Equal(1_000, simulator.Counters.Requests);
        await Simulated.Until(() => simulator.Counters.Open == 0);
    }

    [Fact]
    public async Task A_client_that_never_reads_is_cut_off()
    {
        var clock = new HandClock();
        await using var simulator = await Simulated.Start(new() { Faults = [new() { Kind = FaultKind.Delay, Time = TimeSpan.FromHours(1) }] }, clock);
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        try
        {
            for (var i = 0; i < 400; i++)
            {
                client.SendRequest(1, RawClient.Read(4, 0, 125));
            }
        }
        catch (IOException)
        {
        }

        await Simulated.Until(() => simulator.Counters.Open == 0);
        Assert.True(simulator.Counters.Requests < 400);
    }

    [Theory]
    [InlineData(ModbusFraming.Tcp, false)]
    [InlineData(ModbusFraming.Rtu, false)]
    [InlineData(ModbusFraming.Tcp, true)]
    [InlineData(ModbusFraming.Rtu, true)]
    public async Task Random_bytes_and_mangled_requests_never_stop_the_simulator(ModbusFraming framing, bool portable)
    {
        await using var simulator = await Simulated.Start(new() { Framing = framing, PortableSockets = portable, Units = 3 });
        var endpoint = simulator.Endpoints[0];

        // Half of the inputs begin like a request, so that they come further than the header.
        var input =
            from noise in Gen.ArrayOf(Gen.Choose(0, 255).Select(i => (byte)i))
            from function in Gen.Choose(0, 255)
            from unit in Gen.Choose(0, 4)
            from shape in Gen.Choose(0, 1)
            from pieces in Gen.Choose(1, 3)
            select (noise, (byte)function, (byte)unit, shape, pieces);
        Prop.ForAll(input.ToArbitrary(), x =>
        {
            using var client = RawClient.Connect(endpoint, framing);
            byte[] bytes = x.shape == 0 ? x.noise : client.Frame(1, x.Item3, [x.Item2, .. x.noise.Take(250)]);
            try
            {
                foreach (var piece in bytes.Chunk(Math.Max(1, bytes.Length / x.pieces)))
                {
                    client.Send(piece);
                }
            }
            catch (IOException)
            {
                // Cut off in the middle of nonsense: what it deserves.
            }

            using var healthy = RawClient.Connect(endpoint, framing);
            return healthy.Ask(1, RawClient.Read(4, 0, 2))[0] == 4;
        }).QuickCheckThrowOnFailure();
    }
}
