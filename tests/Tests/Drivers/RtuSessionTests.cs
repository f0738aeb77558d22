using Rondo.Drivers;
using Rondo.Drivers.Modbus;
using Xunit;
using static Rondo.Tests.Drivers.Reading;

namespace Rondo.Tests.Drivers;

public sealed class RtuSessionTests
{
    private static readonly ModbusEndpointSettings Serial = Fast with { Framing = ModbusFraming.Rtu };

    [Fact]
    public async Task Serial_frames_over_tcp_are_read_even_byte_by_byte()
    {
        await using var server = new ScriptedServer(
            async (s, socket, arrival) =>
            {
                foreach (var one in s.Frame(arrival, ScriptedServer.Echo(arrival.Pdu)))
                {
                    await ScriptedServer.SendAsync(socket, [one]);
                }
            },
            rtu: true);
        await using var session = Session(server, Serial);
        var result = await ReadAsync(session, Plan(7, 300));
        Assert.Equal([7.0, 300], result.Values[..2]);
        Assert.Equal(8, server.Arrivals.First().Frame.Length);
    }

    [Fact]
    public async Task A_timeout_closes_the_connection_because_a_late_answer_cannot_be_told_apart()
    {
        await using var server = new ScriptedServer((_, _, _) => ValueTask.CompletedTask, rtu: true);
        await using var session = Session(server, Serial with { ResponseTimeout = TimeSpan.FromMilliseconds(60) });
        Assert.Equal(ReadFault.Timeout, (await ReadAsync(session, Plan(1))).Fault);
        Assert.False(session.IsConnected);
    }

    [Fact]
    public async Task A_garbled_answer_is_dropped_and_asked_for_once_more_on_the_same_connection()
    {
        await using var server = new ScriptedServer(
            async (s, socket, arrival) =>
            {
                var frame = s.Frame(arrival, ScriptedServer.Echo(arrival.Pdu));
                frame[3] ^= (byte)(s.Arrivals.Count == 1 ? 0x40 : 0);
                await ScriptedServer.SendAsync(socket, frame);
            },
            rtu: true);
        await using var session = Session(server, Serial);
        var result = await ReadAsync(session, Plan(7));
        Assert.Equal(7.0, result.Values[0]);
        Assert.Equal(2, result.Requests);
        Assert.Single(server.Connections);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task A_line_that_stays_garbled_is_a_protocol_fault_after_one_repeat(int position)
    {
        await using var server = new ScriptedServer(
            async (s, socket, arrival) =>
            {
                var frame = s.Frame(arrival, ScriptedServer.Echo(arrival.Pdu));
                frame[position] ^= 0x02;
                await ScriptedServer.SendAsync(socket, [.. frame, 0, 0, 0, 0, 0, 0]);
            },
            rtu: true);
        await using var session = Session(server, Serial);
        var result = await ReadAsync(session, Plan(7));
        Assert.Equal(ReadFault.Protocol, result.Fault);
        Assert.Equal(2, result.Requests);
        Assert.False(session.IsConnected);
    }

    [Fact]
    public async Task An_answer_sent_twice_does_not_answer_the_next_request()
    {
        await using var server = new ScriptedServer(
            async (s, socket, arrival) =>
            {
                var frame = s.Frame(arrival, ScriptedServer.Echo(arrival.Pdu));
                await ScriptedServer.SendAsync(socket, [.. Enumerable.Repeat(frame, 100).SelectMany(f => f)]);
            },
            rtu: true);
        await using var session = Session(server, Serial);
        for (var i = 1; i <= 3; i++)
        {
            // Four registers make 13 bytes, and twenty such frames fill the receive buffer: what is left behind starts with a whole frame.
            Assert.Equal(i, (await ReadAsync(session, Plan(i, i + 1, i + 2, i + 3))).Values[0]);
        }
    }

    [Fact]
    public async Task An_exception_frame_is_five_bytes()
    {
        await using var server = new ScriptedServer(
            (s, socket, arrival) => ScriptedServer.SendAsync(socket, s.Frame(arrival, ScriptedServer.Exception(arrival.Pdu, 4))), rtu: true);
        await using var session = Session(server, Serial);
        var result = await ReadAsync(session, Plan(7));
        Assert.Equal(ReadFault.Device, result.Fault);
        Assert.True(session.IsConnected);
    }
}
