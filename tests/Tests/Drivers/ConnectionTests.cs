using System.Net;
using System.Net.Sockets;
using Rondo.Drivers;
using Rondo.Drivers.Modbus;
using Xunit;
using static Rondo.Tests.Drivers.Reading;

namespace Rondo.Tests.Drivers;

/// <summary>When a session connects, waits, gives up and closes.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public async Task A_silent_unit_costs_one_timeout_and_the_connection_is_renewed_after_three()
    {
        await using var server = new ScriptedServer((_, _, _) => ValueTask.CompletedTask);
        await using var session = Session(server, Hasty);
        var plan = Plan(1, 500);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(i != 0, session.IsConnected);
            var result = await ReadAsync(session, plan);
            Assert.Equal([ReadFault.Timeout, ReadFault.Timeout], result.Faults[..2]);
            Assert.Equal(1, result.Requests);
        }

        Assert.False(session.IsConnected);
        Assert.Single(server.Connections);
    }

    [Fact]
    public async Task A_request_that_is_given_up_is_withdrawn_from_the_network()
    {
        var end = new TaskCompletionSource<SocketError>();
        await using var server = new ScriptedServer(async (s, socket, _) =>
        {
            if (s.Arrivals.Count == 3)
            {
                end.SetResult(await EndOfAsync(socket));
            }
        });
        await using var session = Session(server, Hasty);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(ReadFault.Timeout, (await ReadAsync(session, Plan(1))).Fault);
        }

        // Not an end behind what was sent, which the system would go on delivering, but a reset.
        Assert.Equal(SocketError.ConnectionReset, await end.Task.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task A_session_that_is_withdrawn_takes_along_what_was_not_delivered_and_connects_again()
    {
        using var stop = new CancellationTokenSource();
        var end = new TaskCompletionSource<SocketError>();
        await using var server = new ScriptedServer(async (s, socket, arrival) =>
        {
            if (s.Arrivals.Count > 1)
            {
                await s.AnswerAsync(socket, arrival);
                return;
            }

            await stop.CancelAsync();
            end.SetResult(await EndOfAsync(socket));
        });
        await using var session = Session(server, Fast with { ResponseTimeout = TimeSpan.FromMinutes(1) });
        Assert.Equal(ReadFault.Cancelled, (await ReadAsync(session, Plan(1), stop: stop.Token)).Fault);
        session.Withdraw();
        Assert.False(session.IsConnected);
        Assert.Equal(SocketError.ConnectionReset, await end.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(ReadFault.None, (await ReadAsync(session, Plan(1))).Fault);
    }

    [Fact]
    public async Task A_connection_whose_requests_were_all_answered_is_closed_in_order()
    {
        var end = new TaskCompletionSource<SocketError>();
        await using var server = new ScriptedServer(async (s, socket, arrival) =>
        {
            await s.AnswerAsync(socket, arrival);
            end.SetResult(await EndOfAsync(socket));
        });
        await using (var session = Session(server))
        {
            Assert.Equal(ReadFault.None, (await ReadAsync(session, Plan(1))).Fault);
        }

        Assert.Equal(SocketError.Success, await end.Task.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task A_timeout_is_retried_with_a_new_transaction_id()
    {
        await using var server = new ScriptedServer((s, socket, arrival) =>
            s.Arrivals.Count == 1 ? ValueTask.CompletedTask : s.AnswerAsync(socket, arrival));
        await using var session = Session(server, Hasty with { Retries = 5 });
        Assert.Equal(4.0, (await ReadAsync(session, Plan(4))).Values[0]);
        Assert.True(server.Arrivals.Count >= 2);
        Assert.Equal(Enumerable.Range(1, server.Arrivals.Count), server.Arrivals.Select(a => (int)a.Transaction));
    }

    [Fact]
    public async Task The_deadline_ends_a_poll_before_the_response_timeout_does()
    {
        await using var server = new ScriptedServer((s, socket, arrival) =>
            s.Arrivals.Count == 1 ? s.AnswerAsync(socket, arrival) : ValueTask.CompletedTask);
        await using var session = Session(server);
        var result = await ReadAsync(session, Plan(1, 500), within: TimeSpan.FromMilliseconds(400));
        Assert.Equal([ReadFault.None, ReadFault.Timeout], result.Faults[..2]);
        Assert.Equal(1.0, result.Values[0]);
        Assert.Equal(ReadFault.Timeout, result.Fault);
    }

    [Fact]
    public async Task A_deadline_that_has_passed_sends_nothing()
    {
        await using var server = new ScriptedServer();
        await using var session = Session(server);
        var result = await ReadAsync(session, Plan(1), within: TimeSpan.Zero);
        Assert.Equal(ReadFault.Deadline, result.Fault);
        Assert.Equal(0, result.FirstByteAt);
        Assert.Equal(0, result.Requests);
        Assert.Empty(server.Connections);
    }

    [Fact]
    public async Task A_peer_that_closes_in_the_middle_of_an_answer_is_closed_and_the_next_poll_connects_again()
    {
        await using var server = new ScriptedServer(async (s, socket, arrival) =>
        {
            if (s.Arrivals.Count == 2)
            {
                await ScriptedServer.SendAsync(socket, s.Frame(arrival, ScriptedServer.Echo(arrival.Pdu))[..6]);
                socket.Shutdown(SocketShutdown.Both);
                return;
            }

            await s.AnswerAsync(socket, arrival);
        });
        await using var session = Session(server);
        Assert.Equal(ReadFault.None, (await ReadAsync(session, Plan(1))).Fault);
        Assert.Equal(ReadFault.Closed, (await ReadAsync(session, Plan(1))).Fault);
        Assert.False(session.IsConnected);
        Assert.Equal(ReadFault.None, (await ReadAsync(session, Plan(1))).Fault);
        Assert.Equal(2, server.Connections.Count);
    }

    [Fact]
    public async Task A_gateway_that_closed_the_idle_connection_is_asked_again_within_the_same_read()
    {
        await using var server = new ScriptedServer(async (s, socket, arrival) =>
        {
            await s.AnswerAsync(socket, arrival);
            socket.Shutdown(SocketShutdown.Both);
        });
        await using var session = Session(server);
        for (var i = 1; i <= 3; i++)
        {
            var result = await ReadAsync(session, Plan(i));
            Assert.Equal(ReadFault.None, result.Fault);
            Assert.Equal(i, result.Values[0]);
        }

        Assert.Equal(3, server.Connections.Count);
    }

    [Fact]
    public async Task A_peer_that_never_answers_but_closes_is_not_asked_again()
    {
        await using var server = new ScriptedServer((_, socket, _) =>
        {
            socket.Shutdown(SocketShutdown.Both);
            return ValueTask.CompletedTask;
        });
        await using var session = Session(server);
        var result = await ReadAsync(session, Plan(1));
        Assert.Equal(ReadFault.Closed, result.Fault);
        Assert.Equal(1, result.Requests);
    }

    [Fact]
    public async Task Nobody_listening_is_refused_with_the_error_number()
    {
        int port;
        using (var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        }

        await using var session = new ModbusSession("127.0.0.1", port, Fast, TimeProvider.System);
        var result = await ReadAsync(session, Plan(1, 900));
        Assert.Equal([ReadFault.Refused, ReadFault.Refused], result.Faults[..2]);
        Assert.NotEqual(0, result.Code);
        Assert.Equal(0, result.FirstByteAt);
    }

    [Fact]
    public async Task An_unknown_host_is_unreachable()
    {
        await using var session = new ModbusSession("no-such-host.invalid", 502, Fast, TimeProvider.System);
        Assert.Equal(ReadFault.Unreachable, (await ReadAsync(session, Plan(1))).Fault);
    }

    [Fact]
    public async Task A_host_name_and_an_ipv6_address_connect_too()
    {
        await using var server = new ScriptedServer();
        await using var named = new ModbusSession("localhost", server.Port, Fast, TimeProvider.System);
        Assert.Equal(ReadFault.None, (await ReadAsync(named, Plan(1))).Fault);
        await using var mapped = new ModbusSession("::1", server.Port, Fast, TimeProvider.System);
        Assert.Contains((await ReadAsync(mapped, Plan(1))).Fault, new[] { ReadFault.Refused, ReadFault.Unreachable });
    }

    [Fact]
    public async Task Stopping_ends_the_wait_and_says_cancelled()
    {
        using var stop = new CancellationTokenSource();
        await using var server = new ScriptedServer((_, _, _) => new ValueTask(stop.CancelAsync()));
        await using var session = Session(server, Fast with { ResponseTimeout = TimeSpan.FromMinutes(1) });

        // Bounded, since a stop that is noticed only when the time for the answer is up would say cancelled as well.
        var read = ReadAsync(session, Plan(1), within: TimeSpan.FromMinutes(5), stop: stop.Token);
        Assert.Equal(ReadFault.Cancelled, (await read.WaitAsync(TimeSpan.FromSeconds(20))).Fault);
        Assert.Equal(ReadFault.Cancelled, (await ReadAsync(session, Plan(1), stop: stop.Token)).Fault);
        Assert.Single(server.Arrivals);
    }

    [Fact]
    public async Task The_settle_delay_and_the_pause_between_requests_are_kept()
    {
        await using var server = new ScriptedServer();
        await using var session = Session(server, Fast with
        {
            SettleDelay = TimeSpan.FromMilliseconds(40),
            InterRequestDelay = TimeSpan.FromMilliseconds(30),
        });
        var start = TimeProvider.System.GetTimestamp();
        var first = await ReadAsync(session, Plan(1));
        var second = await ReadAsync(session, Plan(1));
        Assert.Equal(ReadFault.None, second.Fault);
        Assert.True(TimeProvider.System.GetElapsedTime(start, first.FirstByteAt) >= TimeSpan.FromMilliseconds(40));
        Assert.True(TimeProvider.System.GetElapsedTime(first.FirstByteAt, second.FirstByteAt) >= TimeSpan.FromMilliseconds(30));
    }

    [Fact]
    public async Task A_session_that_closes_after_each_cycle_does_so_and_connects_again()
    {
        await using var server = new ScriptedServer();
        await using var session = Session(server, Fast with { CloseAfterCycle = true });
        for (var i = 1; i <= 2; i++)
        {
            Assert.Equal(ReadFault.None, (await ReadAsync(session, Plan(1))).Fault);
            Assert.True(session.IsConnected);
            session.EndCycle();
            Assert.False(session.IsConnected);
        }

        Assert.Equal(2, server.Connections.Count);
    }

    private static async Task<SocketError> EndOfAsync(Socket socket)
    {
        try
        {
            return await socket.ReceiveAsync(new byte[1]) == 0 ? SocketError.Success : SocketError.IsConnected;
        }
        catch (SocketException fault)
        {
            return fault.SocketErrorCode;
        }
    }
}
