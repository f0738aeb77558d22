using System.Net.WebSockets;
using System.Text;
using Rondo.Live;
using Rondo.Live.Pusher;
using Rondo.Security;
using Rondo.Tests.Support;

namespace Rondo.Tests.Live.Pusher;

/// <summary>Whatever a client of the Pusher protocol does or leaves undone is bounded, and harms itself only.</summary>
public sealed class PusherBoundsTests
{
    private static readonly LiveOptions _options = new() { Pusher = PusherRig.App };

    [Theory]
    [InlineData("", null)]
    [InlineData("nonsense", null)]
    [InlineData("[[[[[[[[[[[[]]]]]]]]]]]]", null)]
    [InlineData("[]", null)]
    [InlineData("{}", null)]
    [InlineData("""{"event":7}""", null)]
    [InlineData("""{"event":"\ud800"}""", null)]
    [InlineData("""{"event":"pusher:subscribe"}""", null)]
    [InlineData("""{"event":"pusher:subscribe","data":[]}""", null)]
    [InlineData("""{"event":"pusher:subscribe","data":{"channel":7}}""", null)]
    [InlineData("""{"event":"pusher:subscribe","data":"{"}""", null)]
    [InlineData("""{"event":"pusher:signin","data":{}}""", null)]
    [InlineData("""{"event":"client-typing","channel":"private-global","data":{}}""", 4301)]
    public async Task A_mistake_is_answered_and_the_connection_stays(string message, int? code)
    {
        await using var rig = await PusherRig.StartAsync();
        using var listener = await rig.ConnectAsync();
        await listener.SendAsync(message);
        var answer = await listener.NextAsync();
        Assert.Equal("pusher:error", answer.Event);
        Assert.Equal(code, answer.Data.GetProperty("code").ValueKind == System.Text.Json.JsonValueKind.Null ? null : answer.Data.GetProperty("code").GetInt32());
        await listener.SendAsync("""{"event":"pusher:ping","data":"{}","unknown":1}""");
        Assert.Equal("pusher:pong", (await listener.NextAsync()).Event);
    }

    [Fact]
    public void Random_bytes_are_read_as_a_request_or_as_a_mistake()
    {
        string[] seeds =
        [
            """{"event":"pusher:subscribe","data":{"channel":"private-devices.1","auth":"key:0123"}}""", """{"event":"pusher:unsubscribe","data":"{\"channel\":\"private-global\"}"}""",
            """{"event":"pusher:ping","data":{}}""", """{"event":"client-x","channel":"private-global","data":{}}""",
        ];
        var requests = 0;
        foreach (var bytes in Garbled.Messages(50_000, seeds))
        {
            var request = PusherRequest.Read(bytes, out var mistake);
            Assert.True(request is null != mistake is null, Convert.ToHexString(bytes));
            if (request is not null)
            {
                requests++;
                PusherChannel.TopicOf(request.Channel, out _);
            }
        }

        Assert.InRange(requests, 1_000, 49_000);
    }

    [Fact]
    public void Random_bodies_are_read_as_events_or_as_a_mistake_with_a_status()
    {
        var random = new Random(Seed.Next());
        var seed = Encoding.UTF8.GetBytes("""{"batch":[{"name":"x","channels":["private-devices.1","private-global"],"data":"{\"a\":1}","socket_id":"1.1"}]}""");
        var good = 0;
        for (var n = 0; n < 20_000; n++)
        {
            var bytes = (byte[])seed.Clone();
            for (var change = random.Next(3); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            var events = PusherPublication.Read(bytes, n % 10 != 0, out var problem);
            Assert.True(events is null != problem is null, Convert.ToHexString(bytes));
            Assert.True(problem is null or { Status: 400 or 413, Words.Length: > 0 });
            good += events is null ? 0 : 1;
        }

        Assert.InRange(good, 100, 19_900);
    }

    [Fact]
    public async Task Too_large_messages_binary_ones_and_too_many_mistakes_are_closed_with_their_code()
    {
        await using var rig = await PusherRig.StartAsync(options: _options with { MaxErrors = 3, MaxTopics = 2 });
        var token = await rig.TokenAsync(Role.Admin);
        using var bystander = await rig.ListenAsync(token, "private-global");
        using var large = await rig.ConnectAsync();
        await large.SendAsync("{\"event\":\"" + new string('x', 70_000) + "\"}");
        Assert.Equal(1009, await large.ClosedAsync());
        using var binary = await rig.ConnectAsync();
        await binary.SendAsync([1, 2, 3], WebSocketMessageType.Binary);
        Assert.Equal(1003, await binary.ClosedAsync());
        using var wrong = await rig.ConnectAsync();
        for (var n = 0; n < 4; n++)
        {
            await wrong.SendAsync("""{"event":"client-typing","channel":"private-global","data":{}}""");
        }

        Assert.Equal(4010, await wrong.ClosedAsync());
        using var many = await rig.ListenAsync(token, "private-devices.1", "private-devices.2");
        Assert.Equal("pusher:subscription_error", await many.SubscribeAsync("private-devices.3", await rig.AuthAsync(token, many.SocketId, "private-devices.3")));

        // A split message is read whole.
        var text = """{"event":"pusher:ping"}"""u8.ToArray();
        for (var i = 0; i < text.Length; i++)
        {
            await many.SendAsync([text[i]], WebSocketMessageType.Text, i == text.Length - 1);
        }

        Assert.Equal("pusher:pong", (await many.NextAsync()).Event);
        await Eventually.TrueAsync(() => rig.State.Sockets == 2, "the closed ones have left");
        await rig.WriteAsync("still here", "devices.9");
        Assert.Equal("still here", (await bystander.NextAsync()).Event);
    }

    [Fact]
    public async Task Connections_for_which_nobody_signs_are_few_and_so_are_those_of_a_token()
    {
        await using var rig = await PusherRig.StartAsync(options: _options with { MaxPerToken = 2 });
        var token = await rig.TokenAsync(Role.Admin);
        using var one = await rig.ConnectAsync();
        using var two = await rig.ConnectAsync();
        using var three = await PusherListener.OpenAsync(rig.Api.Address, $"/app/{PusherRig.Key}?protocol=7");
        Assert.Equal(4100, await three.ClosedAsync());

        // Signed for they count as the token's.
        await rig.AuthAsync(token, one.SocketId, "private-global");
        await rig.AuthAsync(token, two.SocketId, "private-global");
        using var four = await rig.ConnectAsync();
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, (await rig.AskAsync(token, four.SocketId, "private-global")).StatusCode);
        one.Cut();
        await Eventually.TrueAsync(async () => (await rig.AskAsync(token, four.SocketId, "private-global")).IsSuccessStatusCode, "there is room for another");
        four.Cut();
        two.Cut();
        await Eventually.TrueAsync(() => rig.State.Sockets == 0, "all have left");
        using var again = await rig.ConnectAsync();
        using var more = await rig.ConnectAsync();
    }

    [Fact]
    public async Task When_there_is_no_room_the_oldest_connection_for_which_nobody_signs_makes_some()
    {
        await using var rig = await PusherRig.StartAsync(options: _options with { MaxPerToken = 2, AuthWithin = TimeSpan.Zero });
        using var signed = await rig.ListenAsync(await rig.TokenAsync(Role.Admin), "private-global");
        using var one = await rig.ConnectAsync();
        using var two = await rig.ConnectAsync();
        using var three = await rig.ConnectAsync();
        Assert.Equal(4100, await one.ClosedAsync());
        using var four = await rig.ConnectAsync();
        Assert.Equal(4100, await two.ClosedAsync());
        await Eventually.TrueAsync(() => rig.State.Sockets == 3, "the oldest have left, and only these");
        await rig.WriteAsync("still here", "devices.9");
        Assert.Equal("still here", (await signed.NextAsync()).Event);
    }

    [Fact]
    public async Task Who_says_nothing_is_asked_and_then_let_go()
    {
        await using var rig = await PusherRig.StartAsync(options: _options with { ActivityTimeout = TimeSpan.FromSeconds(2), PongWithin = TimeSpan.FromSeconds(2) });
        using var silent = await rig.ConnectAsync();
        using var polite = await rig.ConnectAsync();
        Assert.Equal(2, silent.ActivityTimeout);
        Assert.Equal("pusher:ping", (await polite.NextAsync()).Event);
        await polite.SendAsync("""{"event":"pusher:pong","data":{}}""");
        Assert.Equal(4201, await silent.ClosedAsync());
        await polite.SendAsync("""{"event":"pusher:ping","data":{}}""");
        await polite.NextAsync(m => m.Event == "pusher:pong");
    }

    [Fact]
    public async Task A_client_that_never_reads_is_closed_and_others_get_everything()
    {
        await using var rig = await PusherRig.StartAsync(options: _options with { MaxQueue = 256 * 1024 });
        var token = await rig.TokenAsync(Role.Admin);
        using var deaf = await rig.ListenAsync(token, "private-global");
        using var listener = await rig.ListenAsync(token, "private-global");
        var large = $$"""{"text":"{{new string('x', 60_000)}}"}""";
        for (var n = 0; n < 400; n++)
        {
            await rig.WriteAsync($"{n}", "devices.1", large);
            Assert.Equal($"{n}", (await listener.NextAsync()).Event);
            if (rig.Server.Live.Feed.State.Behind > 0)
            {
                break;
            }
        }

        Assert.Equal(1, rig.Server.Live.Feed.State.Behind);
        Assert.Equal(4100, await deaf.ClosedAsync());
    }
}
