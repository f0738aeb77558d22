using System.Net;
using System.Net.Sockets;
using Rondo.Drivers.Modbus;
using Rondo.Simulators.Modbus;
using Xunit;

namespace Rondo.Tests.Simulators;

public class AnswerTests
{
    [Theory]
    [InlineData(ModbusFraming.Tcp, false)]
    [InlineData(ModbusFraming.Tcp, true)]
    [InlineData(ModbusFraming.Rtu, false)]
    [InlineData(ModbusFraming.Rtu, true)]
    public async Task Units_answer_input_and_holding_registers_alike(ModbusFraming framing, bool portable)
    {
        var clock = new HandClock();
        await using var simulator = await Simulated.Start(new() { Gateways = 2, Units = 3, Framing = framing, PortableSockets = portable }, clock);
        using var client = RawClient.Connect(simulator.Endpoints[1], framing);
        var first = RawClient.Floats(client.Ask(3, RawClient.Read(4, 0x0000, 80)));
        Assert.Equal(40, first.Length);
        Assert.InRange(first[0], 226, 234);
        Assert.Equal(first, RawClient.Floats(client.Ask(3, RawClient.Read(3, 0x0000, 80))));
        Assert.NotEqual(first, RawClient.Floats(client.Ask(2, RawClient.Read(4, 0x0000, 80))));

        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.True(RawClient.Floats(client.Ask(3, RawClient.Read(4, 0x0048, 2)))[0] > first[0x24]);
        Assert.Equal(3, simulator.Gateways[1].Requests(3));
        Assert.Equal(1, simulator.Gateways[1].Requests(2));
        Assert.Equal(0, simulator.Gateways[0].Requests(3));
        Assert.Equal(4, simulator.Counters.Answers);
    }

    [Fact]
    public async Task Coils_and_discrete_inputs_have_a_fixed_pattern_with_the_first_bit_lowest()
    {
        await using var simulator = await Simulated.Start();
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        foreach (var function in (int[])[1, 2])
        {
            var answer = client.Ask(1, RawClient.Read(function, 5, 11));
            Assert.Equal([(byte)function, 2], answer[..2]);
            for (var i = 0; i < 16; i++)
            {
                Assert.Equal(i < 11 && UnitReads.ModelBit(function, 1, 5 + i), (answer[2 + (i / 8)] & (1 << (i % 8))) != 0);
            }
        }

        Assert.NotEqual(client.Ask(1, RawClient.Read(1, 0, 64))[2..], client.Ask(1, RawClient.Read(2, 0, 64))[2..]);
    }

    [Theory]
    [InlineData(7, 0, 0, 1)]
    [InlineData(0x2B, 0, 0, 1)]
    [InlineData(4, 0, 0, 3)]
    [InlineData(4, 0, 126, 3)]
    [InlineData(4, 65_535, 2, 2)]
    [InlineData(1, 0, 2_001, 3)]
    [InlineData(1, 65_530, 7, 2)]
    [InlineData(5, 0, 0x1234, 3)]
    public async Task Requests_outside_the_protocol_get_its_exceptions(int function, int address, int count, byte exception)
    {
        await using var simulator = await Simulated.Start();
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        Assert.Equal([(byte)(function | 0x80), exception], client.Ask(1, RawClient.Read(function, address, count)));
        Assert.Equal(1, simulator.Counters.Exceptions);
    }

    [Fact]
    public async Task A_strict_map_refuses_gaps_and_a_small_limit_refuses_long_reads()
    {
        await using var simulator = await Simulated.Start(new() { StrictMap = true, MaxRegisters = 40 });
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        Assert.Equal(18, RawClient.Floats(client.Ask(1, RawClient.Read(4, 0x0000, 36))).Length);
        Assert.Equal([0x84, 2], client.Ask(1, RawClient.Read(4, 0x0000, 38)));
        Assert.Equal([0x84, 3], client.Ask(1, RawClient.Read(4, 0x0000, 41)));
        Assert.Equal([0x84, 2], client.Ask(1, RawClient.Read(4, 0x0166, 2)));
    }

    [Theory]
    [InlineData(SimulatedModel.Sdm630)]
    [InlineData(SimulatedModel.Blank)]
    public async Task Registers_that_were_set_lie_over_the_model(SimulatedModel model)
    {
        await using var simulator = await Simulated.Start(new() { Units = 2, Model = model, StrictMap = true });
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        simulator.Gateways[0].SetRegisters(2, 4, 1_000, 0x1234, 0xABCD);
        simulator.Gateways[0].SetRegisters(2, 1, 7, 1);
        Assert.Equal([4, 4, 0x12, 0x34, 0xAB, 0xCD], client.Ask(2, RawClient.Read(4, 1_000, 2)));
        Assert.Equal([0x84, 2], client.Ask(2, RawClient.Read(4, 1_000, 3)));
        Assert.Equal([0x83, 2], client.Ask(2, RawClient.Read(3, 1_000, 2)));
        Assert.Equal([0x84, 2], client.Ask(1, RawClient.Read(4, 1_000, 2)));
        Assert.Equal([1, 1, 1], client.Ask(2, RawClient.Read(1, 7, 1)));
        simulator.Gateways[0].SetRegisters(2, 4, 0, 0x4366, 0x8000);
        Assert.Equal(230.5f, RawClient.Floats(client.Ask(2, RawClient.Read(4, 0, 2)))[0]);
    }

    [Theory]
    [InlineData(ModbusFraming.Tcp)]
    [InlineData(ModbusFraming.Rtu)]
    public async Task Writes_are_echoed_and_can_be_read_back(ModbusFraming framing)
    {
        await using var simulator = await Simulated.Start(new() { Framing = framing });
        using var client = RawClient.Connect(simulator.Endpoints[0], framing);
        Assert.Equal([6, 0, 9, 0x12, 0x34], client.Ask(1, 6, 0, 9, 0x12, 0x34));
        Assert.Equal([16, 0, 10, 0, 2], client.Ask(1, 16, 0, 10, 0, 2, 4, 1, 2, 3, 4));
        Assert.Equal([3, 6, 0x12, 0x34, 1, 2, 3, 4], client.Ask(1, RawClient.Read(3, 9, 3)));
        Assert.Equal([5, 0, 0, 0xFF, 0], client.Ask(1, 5, 0, 0, 0xFF, 0));
        Assert.Equal([15, 0, 1, 0, 9], client.Ask(1, 15, 0, 1, 0, 9, 2, 0b10101010, 1));
        Assert.Equal([1, 2, 0b01010101, 0b11], client.Ask(1, RawClient.Read(1, 0, 10)));
        Assert.Equal([0x90, 3], client.Ask(1, 16, 0, 10, 0, 3, 4, 1, 2, 3, 4));
        Assert.Equal([0x90, 2], client.Ask(1, 16, 0xFF, 0xFF, 0, 2, 4, 1, 2, 3, 4));
    }

    [Theory]
    [InlineData(UnknownUnit.TargetFailed, 11)]
    [InlineData(UnknownUnit.PathUnavailable, 10)]
    [InlineData(UnknownUnit.Silence, 0)]
    public async Task A_unit_that_does_not_exist_is_answered_by_the_gateway(UnknownUnit habit, byte exception)
    {
        await using var simulator = await Simulated.Start(new() { Units = 2, UnknownUnit = habit });
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        if (exception != 0)
        {
            Assert.Equal([0x84, exception], client.Ask(3, RawClient.Read(4, 0, 2)));
        }
        else
        {
            client.SendRequest(3, RawClient.Read(4, 0, 2));
            var next = client.SendRequest(1, RawClient.Read(4, 0, 2));
            Assert.Equal(next, client.ReceiveAnswer().Transaction);
        }

        Assert.Equal(1, simulator.Gateways[0].Requests(0));
    }

    [Theory]
    [InlineData(ModbusFraming.Tcp)]
    [InlineData(ModbusFraming.Rtu)]
    public async Task Requests_may_come_in_pieces_or_many_at_once(ModbusFraming framing)
    {
        var clock = new HandClock();
        await using var simulator = await Simulated.Start(new() { Framing = framing }, clock);
        using var client = RawClient.Connect(simulator.Endpoints[0], framing);
        byte[] three = [.. client.Frame(7, 1, RawClient.Read(4, 0, 2)), .. client.Frame(8, 1, 16, 0, 0, 0, 1, 2, 5, 6), .. client.Frame(9, 1, RawClient.Read(4, 2, 2))];
        client.Send(three);
        var together = new[] { client.ReceiveAnswer(), client.ReceiveAnswer(), client.ReceiveAnswer() };
        foreach (var b in three)
        {
            client.Send([b]);
        }

        Assert.Equivalent(together, new[] { client.ReceiveAnswer(), client.ReceiveAnswer(), client.ReceiveAnswer() });
        Assert.Equal(6, simulator.Gateways[0].Requests(1));
    }

    [Theory]
    [InlineData(0, 0, 0, 1, 0, 6)]
    [InlineData(0, 0, 0, 0, 0, 1)]
    [InlineData(0, 0, 0, 0, 1, 0)]
    public async Task A_header_that_cannot_be_right_ends_a_tcp_connection(params int[] header)
    {
        await using var simulator = await Simulated.Start();
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        client.Send([.. header.Select(b => (byte)b), 1, 4, 0, 0, 0, 2]);
        Assert.Empty(client.ReceiveToEnd());
        Assert.Equal(1, simulator.Counters.BadFrames);
    }

    [Fact]
    public async Task A_serial_frame_with_a_wrong_checksum_is_dropped_and_the_next_one_answered()
    {
        await using var simulator = await Simulated.Start(new() { Framing = ModbusFraming.Rtu });
        using var client = RawClient.Connect(simulator.Endpoints[0], ModbusFraming.Rtu);
        client.Send([1, 4, 0, 0, 0, 2, 0x71, 0xCC]);
        await Simulated.Until(() => simulator.Counters.BadFrames == 1);
        client.Send([1, 4, 0, 0, 0, 2, 0x71, 0xCB]);
        Assert.Equal(4, client.ReceiveAnswer().Pdu[1]);
    }

    [Fact]
    public async Task Half_a_serial_frame_is_forgotten_after_a_silence()
    {
        var clock = new HandClock();
        await using var simulator = await Simulated.Start(new() { Framing = ModbusFraming.Rtu }, clock);
        using var client = RawClient.Connect(simulator.Endpoints[0], ModbusFraming.Rtu);
        await Half();
        client.Send([1, 4, 0, 0, 0, 2, 0x71, 0xCB]);
        await Simulated.Until(() => simulator.Counters.BadFrames == 1);
        Assert.Equal(0, simulator.Counters.Requests);

        await Half();
        clock.Advance(TimeSpan.FromSeconds(1));
        client.Send([1, 4, 0, 0, 0, 2, 0x71, 0xCB]);
        Assert.Equal(4, client.ReceiveAnswer().Pdu[1]);
        Assert.Equal(2, simulator.Counters.BadFrames);

        // The simulator notes when a piece came: that is how one sees that it has come.
        async Task Half()
        {
            var reads = clock.Reads;
            client.Send([1, 4, 0]);
            await Simulated.Until(() => clock.Reads > reads);
        }
    }

    [Fact]
    public async Task Nobody_answers_a_serial_broadcast()
    {
        await using var simulator = await Simulated.Start(new() { Framing = ModbusFraming.Rtu });
        using var client = RawClient.Connect(simulator.Endpoints[0], ModbusFraming.Rtu);
        client.SendRequest(0, 6, 0, 0, 0, 1);
        Assert.Equal([4, 4], client.Ask(1, RawClient.Read(4, 0, 2))[..2]);
        Assert.Equal(0, client.Available);
    }

    [Fact]
    public async Task Gateways_listen_on_the_ip_version_6_loopback_too()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "no IPv6 here");
        await using var simulator = await Simulated.Start(new() { Address = "::1" });
        Assert.Equal(IPAddress.IPv6Loopback, simulator.Endpoints[0].Address);
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        Assert.Equal(4, client.Ask(1, RawClient.Read(4, 0, 2))[1]);
    }
}
