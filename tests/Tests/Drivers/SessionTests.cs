using System.Net.Sockets;
using Rondo.Drivers;
using Rondo.Drivers.Modbus;
using Xunit;
using static Rondo.Tests.Drivers.Reading;

namespace Rondo.Tests.Drivers;

public sealed class SessionTests
{
    [Fact]
    public async Task A_poll_reads_every_point_with_one_request_for_neighbours()
    {
        await using var server = new ScriptedServer();
        await using var session = Session(server);
        var before = TimeProvider.System.GetTimestamp();
        var result = await ReadAsync(session, Plan(7, 5, 6, 300));

        Assert.Equal([7.0, 5, 6, 300], result.Values[..4]);
        Assert.Equal(4, result.Good);
        Assert.Equal(ReadFault.None, result.Fault);
        Assert.Equal(2, result.Requests);
        Assert.InRange(result.FirstByteAt, before, TimeProvider.System.GetTimestamp());
        Assert.True(session.IsConnected);
        Assert.Equal([1, 2], server.Arrivals.Select(a => (int)a.Transaction));
    }

    [Fact]
    public async Task Coils_and_inputs_are_read_bit_by_bit()
    {
        await using var server = new ScriptedServer();
        await using var session = Session(server);
        var plan = ModbusReadPlan.Build(
            new ModbusDeviceSettings(),
            [.. Enumerable.Range(3, 20).Select(a => new ModbusPoint { Function = (byte)(1 + (a & 1)), Address = a, Type = ModbusType.Bit })]);
        var result = await ReadAsync(session, plan);

        Assert.Equal(Enumerable.Range(3, 20).Select(a => (double)(a & 1)), result.Values[..20]);
        Assert.Equal(2, result.Requests);
    }

    [Fact]
    public async Task An_answer_that_dribbles_in_byte_by_byte_is_put_together()
    {
        await using var server = new ScriptedServer(async (s, socket, arrival) =>
        {
            foreach (var one in s.Frame(arrival, ScriptedServer.Echo(arrival.Pdu)))
            {
                await ScriptedServer.SendAsync(socket, [one]);
                await Task.Yield();
            }
        });
        await using var session = Session(server);
        var first = await ReadAsync(session, Plan(10, 11, 12));
        var second = await ReadAsync(session, Plan(20));
        Assert.Equal([10.0, 11, 12], first.Values[..3]);
        Assert.Equal(20.0, second.Values[0]);
    }

    [Fact]
    public async Task A_late_answer_is_discarded_by_its_transaction_id()
    {
        Arrival? late = null;
        await using var server = new ScriptedServer(async (s, socket, arrival) =>
        {
            if (s.Arrivals.Count == 1)
            {
                await s.AnswerAsync(socket, arrival);
                return;
            }

            if (late is null)
            {
                late = arrival;
                return;
            }

            // The late one first, in the same segment as the true one: a driver that took it would store 100 for 200.
            await ScriptedServer.SendAsync(socket, [.. s.Frame(late, ScriptedServer.Echo(late.Pdu)), .. s.Frame(arrival, ScriptedServer.Echo(arrival.Pdu))]);
        });
        await using var session = Session(server);
        await ReadAsync(session, Plan(1));
        var first = await ReadAsync(session, Plan(100), within: TimeSpan.FromMilliseconds(150));
        var second = await ReadAsync(session, Plan(200));

        Assert.Equal(ReadFault.Timeout, first.Fault);
        Assert.Equal(200.0, second.Values[0]);
        Assert.Equal(ReadFault.None, second.Fault);
        Assert.Single(server.Connections);
    }

    [Fact]
    public async Task The_rest_of_an_answer_that_was_given_up_halfway_is_still_part_of_the_stream()
    {
        byte[]? rest = null;
        await using var server = new ScriptedServer(async (s, socket, arrival) =>
        {
            var frame = s.Frame(arrival, ScriptedServer.Echo(arrival.Pdu));
            if (s.Arrivals.Count == 1)
            {
                await ScriptedServer.SendAsync(socket, frame);
                return;
            }

            if (rest is null)
            {
                rest = frame[5..];
                await ScriptedServer.SendAsync(socket, frame[..5]);
                return;
            }

            await ScriptedServer.SendAsync(socket, [.. rest, .. frame]);
        });
        await using var session = Session(server);
        await ReadAsync(session, Plan(1));
        Assert.Equal(ReadFault.Timeout, (await ReadAsync(session, Plan(100), within: TimeSpan.FromMilliseconds(150))).Fault);
        Assert.Equal(200.0, (await ReadAsync(session, Plan(200))).Values[0]);
        Assert.Single(server.Connections);
    }

    [Fact]
    public async Task A_stream_of_foreign_frames_is_a_protocol_fault_not_an_endless_wait()
    {
        await using var server = new ScriptedServer(async (s, socket, arrival) =>
        {
            var foreign = s.Frame(arrival, ScriptedServer.Echo(arrival.Pdu), transaction: 777);
            for (var i = 0; i < 100; i++)
            {
                await ScriptedServer.SendAsync(socket, foreign);
            }
        });
        await using var session = Session(server);
        Assert.Equal(ReadFault.Protocol, (await ReadAsync(session, Plan(1))).Fault);
        Assert.False(session.IsConnected);
    }

    [Theory]
    [InlineData("unit")]
    [InlineData("function")]
    [InlineData("count")]
    [InlineData("protocol id")]
    [InlineData("length")]
    public async Task An_answer_that_does_not_fit_its_request_is_never_taken(string wrong)
    {
        await using var server = new ScriptedServer(async (s, socket, arrival) =>
        {
            var frame = s.Frame(arrival, ScriptedServer.Echo(arrival.Pdu));
            switch (wrong)
            {
                case "unit": frame[6]++; break;
                case "function": frame[7] = 3; break;
                case "count": frame[8] = 4; break;
                case "protocol id": frame[3] = 1; break;
                default: frame[4] = 1; frame[5] = 0; break;
            }

            await ScriptedServer.SendAsync(socket, frame);
        });
        await using var session = Session(server);
        var result = await ReadAsync(session, Plan(1));
        Assert.Equal(ReadFault.Protocol, result.Fault);
        Assert.Equal(0, result.Good);
        Assert.False(session.IsConnected);
    }

    [Theory]
    [InlineData(ModbusFraming.Tcp)]
    [InlineData(ModbusFraming.Rtu)]
    public async Task Neither_noise_nor_a_damaged_header_is_ever_taken_for_an_answer(ModbusFraming framing)
    {
        var random = new Random(11);
        var rtu = framing == ModbusFraming.Rtu;
        await using var server = new ScriptedServer(
            async (s, socket, arrival) =>
            {
                var bytes = s.Frame(arrival, ScriptedServer.Echo(arrival.Pdu));
                if (random.Next(2) == 0)
                {
                    bytes = new byte[random.Next(300)];
                    random.NextBytes(bytes);
                }
                else
                {
                    // Any one byte of a serial frame; of a TCP frame one of transaction, protocol, length, unit, function, byte count.
                    bytes[random.Next(rtu ? bytes.Length : 9)] ^= (byte)random.Next(1, 256);
                }

                await ScriptedServer.SendAsync(socket, bytes);
                socket.Shutdown(SocketShutdown.Both);
            },
            rtu);
        await using var session = Session(server, Fast with { Framing = framing });
        var plan = Plan(0x0102, 0x0103);
        for (var run = 0; run < 300; run++)
        {
            var result = await ReadAsync(session, plan);
            Assert.Equal(0, result.Good);
            Assert.NotEqual(ReadFault.None, result.Fault);
            plan.Forget();
        }
    }

    [Theory]
    [InlineData(true, 0, ReadFault.None)]
    [InlineData(true, 255, ReadFault.None)]
    [InlineData(true, 9, ReadFault.Protocol)]
    [InlineData(false, 255, ReadFault.Protocol)]
    public async Task The_unit_check_can_be_relaxed_for_gateways_that_answer_as_0_or_255(bool relax, byte unit, ReadFault expected)
    {
        await using var server = new ScriptedServer(
            (s, socket, arrival) => ScriptedServer.SendAsync(socket, s.Frame(arrival, ScriptedServer.Echo(arrival.Pdu), unit: unit)));
        await using var session = Session(server, Fast with { RelaxUnitCheck = relax });
        Assert.Equal(expected, (await ReadAsync(session, Plan(1))).Fault);
    }

    [Theory]
    [InlineData(1, ReadFault.Rejected)]
    [InlineData(2, ReadFault.Rejected)]
    [InlineData(3, ReadFault.Rejected)]
    [InlineData(4, ReadFault.Device)]
    [InlineData(5, ReadFault.Busy)]
    [InlineData(6, ReadFault.Busy)]
    [InlineData(7, ReadFault.Rejected)]
    [InlineData(8, ReadFault.Device)]
    [InlineData(10, ReadFault.Gateway)]
    [InlineData(11, ReadFault.Gateway)]
    public async Task An_exception_is_an_answer_and_the_connection_stays(byte code, ReadFault expected)
    {
        await using var server = new ScriptedServer(
            (s, socket, arrival) => ScriptedServer.SendAsync(socket, s.Frame(arrival, ScriptedServer.Exception(arrival.Pdu, code))));
        await using var session = Session(server);
        var result = await ReadAsync(session, Plan(1));
        Assert.Equal(expected, result.Fault);
        Assert.Equal(expected, result.Faults[0]);
        Assert.Equal(code, result.Code);
        Assert.True(session.IsConnected);
    }

    [Fact]
    public async Task A_busy_device_is_asked_again_as_often_as_the_settings_say()
    {
        await using var server = new ScriptedServer((s, socket, arrival) => s.Arrivals.Count < 3
            ? ScriptedServer.SendAsync(socket, s.Frame(arrival, ScriptedServer.Exception(arrival.Pdu, 6)))
            : s.AnswerAsync(socket, arrival));
        await using var session = Session(server, Fast with { Retries = 2 });
        var result = await ReadAsync(session, Plan(9));
        Assert.Equal(9.0, result.Values[0]);
        Assert.Equal(3, result.Requests);
    }

    [Fact]
    public async Task Transaction_ids_wrap_from_65535_to_1()
    {
        await using var server = new ScriptedServer();
        await using var session = Session(server);
        session.Link.Frames.LastTransaction = 65533;
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(ReadFault.None, (await ReadAsync(session, Plan(1))).Fault);
        }

        Assert.Equal([65534, 65535, 1, 2], server.Arrivals.Select(a => (int)a.Transaction));
    }
}
