using Rondo.Drivers;
using Rondo.Drivers.Modbus;
using Xunit;
using static Rondo.Tests.Drivers.Reading;

namespace Rondo.Tests.Drivers;

public sealed class SplitTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_refused_block_is_cut_in_the_same_poll_and_only_the_missing_point_is_rejected(byte code)
    {
        await using var server = Lacking(a => a == 5, code);
        await using var session = Session(server);
        var plan = Plan(0, 1, 2, 3, 4, 5, 6, 7);
        var result = await ReadAsync(session, plan);

        Assert.Equal(7, result.Good);
        Assert.Equal(ReadFault.Rejected, result.Faults[5]);
        Assert.Equal(ReadFault.Rejected, result.Fault);
        Assert.Equal(code, result.Code);
        Assert.Equal([0.0, 1, 2, 3, 4], result.Values[..5]);
        Assert.True(session.IsConnected);
    }

    [Fact]
    public async Task What_was_learned_is_kept_so_later_polls_ask_neither_twice_nor_for_the_hole()
    {
        await using var server = Lacking(a => a == 5);
        await using var session = Session(server);
        var plan = Plan(0, 1, 2, 3, 4, 5, 6, 7);
        await ReadAsync(session, plan);
        var later = await ReadAsync(session, plan);

        // 0-3, 4, 6-7: three requests for seven points, none that covers register 5.
        Assert.Equal(3, later.Requests);
        Assert.Equal(7, later.Good);
        Assert.Equal(ReadFault.Rejected, later.Faults[5]);
        Assert.Equal(1, plan.RequestCount);
    }

    [Fact]
    public async Task A_gap_the_device_does_not_have_costs_no_point()
    {
        await using var server = Lacking(a => a is 3 or 4);
        await using var session = Session(server);
        var plan = Plan(0, 1, 2, 5, 6);
        Assert.Equal(5, (await ReadAsync(session, plan)).Good);
        var later = await ReadAsync(session, plan);
        Assert.Equal(5, later.Good);
        Assert.Equal(2, later.Requests);
    }

    [Fact]
    public async Task After_an_hour_the_whole_block_is_asked_for_again()
    {
        var lacks = true;
        var time = new MovableTime();
        await using var server = Lacking(a => lacks && a == 5);
        await using var session = Session(server, time: time);
        var plan = Plan(4, 5, 6);
        await ReadAsync(session, plan, time: time);
        lacks = false;
        time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(2, (await ReadAsync(session, plan, time: time)).Good);
        time.Advance(TimeSpan.FromMinutes(2));
        var healed = await ReadAsync(session, plan, time: time);
        Assert.Equal(3, healed.Good);
        Assert.Equal(1, healed.Requests);
    }

    [Fact]
    public async Task A_device_that_refused_everything_is_asked_for_one_point_each_poll_and_heals_at_once()
    {
        var lacks = true;
        await using var server = Lacking(_ => lacks);
        await using var session = Session(server);
        var plan = Plan(0, 1, 2);
        Assert.Equal(0, (await ReadAsync(session, plan)).Good);
        var later = await ReadAsync(session, plan);
        Assert.Equal(1, later.Requests);
        Assert.Equal([ReadFault.Rejected, ReadFault.Rejected, ReadFault.Rejected], later.Faults[..3]);

        lacks = false;
        Assert.Equal(1, (await ReadAsync(session, plan)).Good);
        var healed = await ReadAsync(session, plan);
        Assert.Equal(3, healed.Good);
        Assert.Equal(1, healed.Requests);
    }

    [Fact]
    public async Task A_device_with_a_smaller_block_limit_than_configured_is_still_read_whole()
    {
        await using var server = new ScriptedServer((s, socket, arrival) =>
            ReadRequest.TryRead(1, arrival.Pdu, out var request) && request.Count > 10
                ? ScriptedServer.SendAsync(socket, s.Frame(arrival, ScriptedServer.Exception(arrival.Pdu, 3)))
                : s.AnswerAsync(socket, arrival));
        await using var session = Session(server);
        var plan = Plan([.. Enumerable.Range(0, 64)]);
        Assert.Equal(64, (await ReadAsync(session, plan)).Good);
        Assert.Equal(8, (await ReadAsync(session, plan)).Requests);
    }

    [Fact]
    public async Task Other_exceptions_cost_their_block_only()
    {
        await using var server = new ScriptedServer((s, socket, arrival) => arrival.Pdu[2] == 0
            ? ScriptedServer.SendAsync(socket, s.Frame(arrival, ScriptedServer.Exception(arrival.Pdu, 4)))
            : s.AnswerAsync(socket, arrival));
        await using var session = Session(server);
        var result = await ReadAsync(session, Plan(0, 1, 100));
        Assert.Equal([ReadFault.Device, ReadFault.Device, ReadFault.None], result.Faults[..3]);
    }

    [Fact]
    public async Task A_gateway_that_cannot_reach_the_unit_ends_the_poll()
    {
        await using var server = new ScriptedServer((s, socket, arrival) =>
            ScriptedServer.SendAsync(socket, s.Frame(arrival, ScriptedServer.Exception(arrival.Pdu, 11))));
        await using var session = Session(server);
        var result = await ReadAsync(session, Plan(0, 100, 200));
        Assert.Equal([ReadFault.Gateway, ReadFault.Gateway, ReadFault.Gateway], result.Faults[..3]);
        Assert.Equal(1, result.Requests);
    }

    private static ScriptedServer Lacking(Func<int, bool> lacks, byte code = 2) => new((s, socket, arrival) =>
    {
        ReadRequest.TryRead(1, arrival.Pdu, out var request);
        return Enumerable.Range(request.Address, request.Count).Any(lacks)
            ? ScriptedServer.SendAsync(socket, s.Frame(arrival, ScriptedServer.Exception(arrival.Pdu, code)))
            : s.AnswerAsync(socket, arrival);
    });
}
