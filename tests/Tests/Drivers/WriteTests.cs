using System.Net.Sockets;
using Rondo.Drivers;
using Rondo.Drivers.Modbus;
using Xunit;
using static Rondo.Tests.Drivers.Reading;

namespace Rondo.Tests.Drivers;

public sealed class WriteTests
{
    [Fact]
    public async Task All_four_writes_are_sent_and_their_echo_is_checked()
    {
        await using var server = new ScriptedServer();
        await using var session = Session(server);
        WriteRequest[] writes =
        [
            WriteRequest.Coil(3, 1, on: true), WriteRequest.Register(3, 1, 7),
            WriteRequest.Coils(3, 1, [true, false, true]), WriteRequest.Registers(3, 1, [1, 2, 3]),
        ];
        foreach (var write in writes)
        {
            Assert.Equal(new ModbusReply(ReadFault.None, 0, 0), await session.WriteAsync(write, Deadline(), default));
        }

        Assert.Equal(writes.Select(w => Convert.ToHexString(w.Pdu.Span)), server.Arrivals.Select(a => Convert.ToHexString(a.Pdu)));
        Assert.All(server.Arrivals, a => Assert.Equal(3, a.Unit));
    }

    [Fact]
    public async Task A_write_is_never_repeated_after_a_timeout()
    {
        await using var server = new ScriptedServer((_, _, _) => ValueTask.CompletedTask);
        await using var session = Session(server, Hasty with { Retries = 5 });
        Assert.Equal(ReadFault.Timeout, (await session.WriteAsync(WriteRequest.Register(1, 1, 7), Deadline(), default)).Fault);
        Assert.Single(server.Arrivals);
    }

    [Fact]
    public async Task A_write_is_never_repeated_after_the_connection_was_lost()
    {
        await using var server = new ScriptedServer(async (s, socket, arrival) =>
        {
            if (arrival.Pdu[0] <= 4)
            {
                await s.AnswerAsync(socket, arrival);
                return;
            }

            socket.Shutdown(SocketShutdown.Both);
        });
        await using var session = Session(server, Fast with { Retries = 5 });
        Assert.Equal(ReadFault.None, (await ReadAsync(session, Plan(1))).Fault);
        Assert.Equal(ReadFault.Closed, (await session.WriteAsync(WriteRequest.Register(1, 1, 7), Deadline(), default)).Fault);
        Assert.Equal(2, server.Arrivals.Count);
    }

    [Fact]
    public async Task A_wrong_echo_is_a_protocol_fault_and_a_refusal_carries_its_code()
    {
        await using var server = new ScriptedServer((s, socket, arrival) =>
        {
            var wrong = arrival.Pdu[..5];
            wrong[4] ^= 1;
            return ScriptedServer.SendAsync(
                socket, s.Frame(arrival, arrival.Pdu[0] == 6 ? wrong : ScriptedServer.Exception(arrival.Pdu, 3)));
        });
        await using var session = Session(server);
        Assert.Equal(ReadFault.Protocol, (await session.WriteAsync(WriteRequest.Register(1, 1, 7), Deadline(), default)).Fault);
        Assert.Equal(
            new ModbusReply(ReadFault.Rejected, 3, 0), await session.WriteAsync(WriteRequest.Coil(1, 1, on: true), Deadline(), default));
    }

    [Fact]
    public async Task A_single_read_hands_out_its_raw_bytes()
    {
        await using var server = new ScriptedServer();
        await using var session = Session(server);
        var data = new byte[8];
        var reply = await session.AskAsync(new ReadRequest(1, 3, 0x1234, 2), data, Deadline(), default);
        Assert.Equal(new ModbusReply(ReadFault.None, 0, 4), reply);
        Assert.Equal("1234123500000000", Convert.ToHexString(data));
        await Assert.ThrowsAsync<ArgumentException>(
            async () => await session.AskAsync(new ReadRequest(1, 3, 0, 126), new byte[300], Deadline(), default));
    }
}
