using System.Net.Sockets;
using Rondo.Drivers.Modbus;
using Rondo.Simulators.Modbus;
using Crc16 = Rondo.Simulators.Modbus.Crc16;
using Xunit;

namespace Rondo.Tests.Simulators;

public class FaultTests
{
    private static readonly byte[] Volts = RawClient.Read(4, 0, 2);

    private static FaultSpec Fault(string text)
    {
        Assert.True(FaultSpec.TryParse(text, out var spec, out var error), error);
        return spec;
    }

    private static Task<ModbusSimulator> With(string fault, HandClock? clock = null, ModbusFraming framing = ModbusFraming.Tcp)
        => Simulated.Start(new() { Gateways = 2, Units = 8, Framing = framing, Faults = [Fault(fault)] }, clock);

    [Fact]
    public async Task Delay_holds_the_answer_for_its_time()
    {
        var clock = new HandClock();
        await using var simulator = await With("delay=200ms,units=3-7", clock);
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        client.Ask(2, Volts);
        client.SendRequest(3, Volts);
        await Simulated.Until(() => simulator.Counters.Answers == 2);
        clock.Advance(TimeSpan.FromMilliseconds(199));
        Assert.Equal(0, client.Available);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(3, client.ReceiveAnswer().Unit);
    }

    [Fact]
    public async Task Delayed_answers_come_one_after_the_other_as_on_a_bus()
    {
        var clock = new HandClock();
        await using var simulator = await With("delay=100ms", clock);
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        client.SendRequest(1, Volts);
        client.SendRequest(2, Volts);
        await Simulated.Until(() => simulator.Counters.Answers == 2);
        clock.Advance(TimeSpan.FromMilliseconds(150));
        Assert.Equal(1, client.ReceiveAnswer().Unit);
        Assert.Equal(0, client.Available);
        clock.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Equal(2, client.ReceiveAnswer().Unit);
    }

    [Fact]
    public async Task Jitter_spreads_the_delay_between_its_ends()
    {
        var clock = new HandClock();
        await using var simulator = await With("delay=100ms,jitter=100ms", clock);
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        var waits = new HashSet<int>();
        for (var i = 1; i <= 10; i++)
        {
            client.SendRequest(1, Volts);
            await Simulated.Until(() => simulator.Counters.Answers == i);
            var wait = 0;
            while (client.Available == 0)
            {
                Assert.True(++wait <= 201);
                clock.Advance(TimeSpan.FromMilliseconds(1));
            }

            Assert.True(wait >= 100);
            waits.Add(wait);
            client.ReceiveAnswer();
        }

        Assert.True(waits.Count > 3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Refuse_closes_the_door_and_opening_it_again_keeps_the_port(bool portable)
    {
        await using var simulator = await Simulated.Start(new() { PortableSockets = portable });
        var endpoint = simulator.Endpoints[0];
        for (var i = 0; i < 3; i++)
        {
            using var client = RawClient.Connect(endpoint);
            client.Ask(1, Volts);
            simulator.Gateways[0].Faults = [Fault("refuse")];
            Assert.Empty(client.ReceiveToEnd());
            var refused = Assert.Throws<SocketException>(() => RawClient.Connect(endpoint));
            Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
            simulator.Gateways[0].Faults = [];
        }

        using var again = RawClient.Connect(endpoint);
        again.Ask(1, Volts);
    }

    [Fact]
    public async Task Refuse_with_a_probability_resets_that_share_of_connections()
    {
        await using var simulator = await With("refuse,p=0.5");
        var served = 0;
        for (var i = 0; i < 60; i++)
        {
            using var client = RawClient.Connect(simulator.Endpoints[0]);
            try
            {
                client.Ask(1, Volts);
                served++;
            }
            catch (IOException)
            {
            }
        }

        Assert.InRange(served, 10, 50);
    }

    [Fact]
    public async Task Silent_reads_and_says_nothing()
    {
        await using var simulator = await With("silent,gateway=1");
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        client.SendRequest(1, Volts);
        await Simulated.Until(() => simulator.Gateways[0].Requests(1) == 1);
        using var other = RawClient.Connect(simulator.Endpoints[1]);
        other.Ask(1, Volts);
        simulator.Faults = [];
        client.Ask(2, Volts);
        Assert.Equal(0, client.Available);
    }

    [Theory]
    [InlineData("drop", 4)]
    [InlineData("drop=0", 0)]
    [InlineData("drop=9", 9)]
    public async Task Drop_ends_the_connection_in_the_middle_of_an_answer(string fault, int bytes)
    {
        await using var simulator = await With(fault);
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        client.SendRequest(1, Volts);
        Assert.Equal(bytes, client.ReceiveToEnd().Length);
        Assert.Equal(0, simulator.Counters.Open);
    }

    [Fact]
    public async Task Wrong_ids_are_wrong_and_nothing_else_is()
    {
        await using var simulator = await With("wrong-transaction,unit=1");
        simulator.Gateways[0].Faults = [Fault("wrong-unit,unit=2")];
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        var sent = client.SendRequest(1, Volts);
        var answer = client.ReceiveAnswer();
        Assert.NotEqual(sent, answer.Transaction);
        Assert.Equal(1, answer.Unit);
        sent = client.SendRequest(2, Volts);
        answer = client.ReceiveAnswer();
        Assert.Equal(sent, answer.Transaction);
        Assert.Equal(3, answer.Unit);
    }

    [Fact]
    public async Task Bad_crc_breaks_the_checksum_only()
    {
        await using var simulator = await With("bad-crc,unit=1", framing: ModbusFraming.Rtu);
        using var client = RawClient.Connect(simulator.Endpoints[0], ModbusFraming.Rtu);
        client.SendRequest(1, Volts);
        var frame = client.Receive(9);
        Assert.Equal([1, 4, 4], frame[..3]);
        Assert.NotEqual(Crc16.Of(frame.AsSpan(0, 7)), frame[7] | (frame[8] << 8));
        client.Ask(2, Volts);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(10)]
    [InlineData(11)]
    public async Task Exceptions_are_answered_with_their_code(byte code)
    {
        await using var simulator = await With($"exception={code},units=2");
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        Assert.Equal([0x84, code], client.Ask(2, Volts));
        Assert.Equal(4, client.Ask(1, Volts)[0]);
    }

    [Fact]
    public async Task A_probability_hits_about_its_share_and_the_same_ones_each_time()
    {
        var runs = new List<string>();
        for (var run = 0; run < 2; run++)
        {
            await using var simulator = await With("exception=6,p=0.2");
            using var client = RawClient.Connect(simulator.Endpoints[0]);
            runs.Add(string.Concat(Enumerable.Range(0, 300).Select(_ => client.Ask(1, Volts)[0] == 0x84 ? 'x' : '.')));
        }

        Assert.InRange(runs[0].Count(c => c == 'x'), 30, 90);
        Assert.Equal(runs[0], runs[1]);
    }

    [Fact]
    public async Task A_late_answer_comes_right_before_the_next_one()
    {
        await using var simulator = await With("late,unit=1");
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        var first = client.SendRequest(1, Volts);
        await Simulated.Until(() => simulator.Counters.Answers == 1);
        Assert.Equal(0, client.Available);
        var second = client.SendRequest(2, Volts);
        Assert.Equal((first, (byte)1), (client.ReceiveAnswer() is var a ? ((ushort)a.Transaction, a.Unit) : default));
        Assert.Equal((second, (byte)2), (client.ReceiveAnswer() is var b ? ((ushort)b.Transaction, b.Unit) : default));
    }

    [Fact]
    public async Task A_late_answer_with_a_time_comes_at_that_time_when_nobody_asks()
    {
        var clock = new HandClock();
        await using var simulator = await With("late=2s", clock);
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        var first = client.SendRequest(1, Volts);
        await Simulated.Until(() => simulator.Counters.Answers == 1);
        clock.Advance(TimeSpan.FromMilliseconds(1_999));
        Assert.Equal(0, client.Available);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(first, client.ReceiveAnswer().Transaction);
    }

    [Fact]
    public async Task A_late_answer_is_released_by_a_request_that_is_not_answered_itself()
    {
        await using var simulator = await With("late,unit=1");
        simulator.Gateways[0].Faults = [Fault("dead,unit=2")];
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        client.SendRequest(1, Volts);
        client.SendRequest(2, Volts);
        Assert.Equal(1, client.ReceiveAnswer().Unit);
    }

    [Fact]
    public async Task Single_kicks_the_old_connection()
    {
        await using var simulator = await With("single");
        using var old = RawClient.Connect(simulator.Endpoints[0]);
        old.Ask(1, Volts);
        using var young = RawClient.Connect(simulator.Endpoints[0]);
        young.Ask(1, Volts);
        Assert.Empty(old.ReceiveToEnd());
        Assert.Equal(1, simulator.Counters.Open);
    }

    [Fact]
    public async Task Single_can_refuse_the_new_connection_until_the_old_one_ends()
    {
        await using var simulator = await With("single=refuse");
        var old = RawClient.Connect(simulator.Endpoints[0]);
        old.Ask(1, Volts);
        using (var young = RawClient.Connect(simulator.Endpoints[0]))
        {
            Assert.Empty(young.ReceiveToEnd());
        }

        old.Ask(1, Volts);
        old.Dispose();
        await Simulated.Until(() => simulator.Counters.Open == 0);
        using var later = RawClient.Connect(simulator.Endpoints[0]);
        later.Ask(1, Volts);
    }

    [Fact]
    public async Task A_dead_unit_is_silent_or_reported_by_the_gateway_and_its_neighbours_live()
    {
        await using var simulator = await With("dead,unit=1");
        simulator.Gateways[0].Faults = [Fault("dead=exception,unit=2")];
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        client.SendRequest(1, Volts);
        Assert.Equal([0x84, 11], client.Ask(2, Volts));
        Assert.Equal(4, client.Ask(3, Volts)[0]);
        Assert.Equal(1, simulator.Gateways[0].Requests(1));
    }

    [Fact]
    public async Task A_dribble_sends_byte_by_byte()
    {
        var clock = new HandClock();
        await using var simulator = await With("dribble=10ms", clock);
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        client.SendRequest(1, Volts);
        await Simulated.Until(() => simulator.Counters.Answers == 1);
        for (var i = 1; i <= 13; i++)
        {
            await Simulated.Until(() => client.Available >= i);
            Assert.Equal(i, client.Available);
            clock.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal(1, client.ReceiveAnswer().Unit);
    }

    [Fact]
    public async Task Garbage_replaces_the_answer()
    {
        await using var simulator = await With("garbage=20");
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        client.SendRequest(1, Volts);
        var first = client.Receive(20);
        client.SendRequest(1, Volts);
        Assert.NotEqual(first, client.Receive(20));
    }

    [Fact]
    public async Task Faults_change_while_requests_run()
    {
        await using var simulator = await Simulated.Start();
        using var client = RawClient.Connect(simulator.Endpoints[0]);
        for (var i = 0; i < 20; i++)
        {
            simulator.Gateways[0].Faults = [Fault("exception=4")];
            Assert.Equal(0x84, client.Ask(1, Volts)[0]);
            simulator.Gateways[0].Faults = [];
            Assert.Equal(4, client.Ask(1, Volts)[0]);
        }

        Assert.Equal(20, simulator.Counters.Faults);
    }

    [Theory]
    [InlineData("bad-crc", ModbusFraming.Tcp)]
    [InlineData("wrong-transaction", ModbusFraming.Rtu)]
    public async Task A_fault_the_framing_cannot_have_is_refused(string fault, ModbusFraming framing)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => With(fault, framing: framing));
        await using var simulator = await Simulated.Start(new() { Framing = framing });
        Assert.Throws<ArgumentException>(() => simulator.Faults = [Fault(fault)]);
        Assert.Throws<ArgumentException>(() => simulator.Gateways[0].Faults = [Fault(fault)]);
        Assert.Empty(simulator.Faults);
    }
}
