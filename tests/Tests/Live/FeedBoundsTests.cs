using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Rondo.Live;
using Rondo.Live.Feed;
using Rondo.Tests.Support;

namespace Rondo.Tests.Live;

/// <summary>Whatever a client does or leaves undone is bounded, and harms itself only.</summary>
public sealed class FeedBoundsTests
{
    [Theory]
    [InlineData("", "bad_json")]
    [InlineData("nonsense", "bad_json")]
    [InlineData("[[[[[[[[[[[[]]]]]]]]]]]]", "bad_json")]
    [InlineData("[]", "bad_message")]
    [InlineData("{}", "unknown_type")]
    [InlineData("""{"type":7}""", "bad_message")]
    [InlineData("""{"type":"event"}""", "unknown_type")]
    [InlineData("""{"type":"auth"}""", "bad_message")]
    [InlineData("""{"type":"subscription","name":"subscribe"}""", "bad_message")]
    [InlineData("""{"type":"subscription","name":"describe","topic":"global"}""", "bad_message")]
    [InlineData("""{"type":"subscription","name":"subscribe","topics":"global"}""", "bad_message")]
    [InlineData("""{"type":"subscription","name":"subscribe","topics":[1]}""", "bad_message")]
    [InlineData("""{"type":"\ud800"}""", "bad_json")]
    public async Task A_mistake_is_answered_with_a_code_and_the_connection_stays(string message, string code)
    {
        await using var rig = await FeedRig.StartAsync();
        using var listener = await rig.ConnectAsync();
        await listener.SendAsync(message);
        var answer = await listener.NextAsync();
        Assert.Equal(code, answer.GetProperty("data").GetProperty("code").GetString());
        Assert.NotEmpty(answer.GetProperty("data").GetProperty("message").GetString()!);
        Assert.Equal("acknowledged", (await listener.SubscribeAsync(["global"])).GetProperty("name").GetString());
    }

    [Fact]
    public void Random_bytes_are_read_as_a_request_or_as_a_mistake_with_a_code()
    {
        string[] seeds = ["""{"type":"subscription","name":"subscribe","topics":["devices.1","global"],"id":"ab-1-2"}""", """{"type":"auth","token":"secret"}""", """{"type":"heartbeat"}"""];
        var requests = 0;
        foreach (var bytes in Garbled.Messages(50_000, seeds))
        {
            var request = FeedRequest.Read(bytes, out var error);
            Assert.True(request is null != error is null, Convert.ToHexString(bytes));
            requests += request is null ? 0 : 1;
        }

        Assert.InRange(requests, 1_000, 49_000);
    }

    [Fact]
    public async Task Too_large_messages_binary_ones_and_too_many_mistakes_are_closed_with_their_code()
    {
        await using var rig = await FeedRig.StartAsync(options: new LiveOptions { MaxErrors = 3, MaxTopics = 5 });
        using var large = await rig.ConnectAsync();
        await large.SendAsync("{\"type\":\"" + new string('x', 70_000) + "\"}");
        Assert.Equal(1009, await large.ClosedAsync());
        using var binary = await rig.ConnectAsync();
        await binary.SendAsync([1, 2, 3], WebSocketMessageType.Binary);
        Assert.Equal(1003, await binary.ClosedAsync());
        using var wrong = await rig.ConnectAsync();
        for (var n = 0; n < 4; n++)
        {
            await wrong.SendAsync("?");
        }

        Assert.Equal(4400, await wrong.ClosedAsync());
        using var many = await rig.ConnectAsync();
        await many.SendAsync("{\"type\":\"subscription\",\"name\":\"subscribe\",\"topics\":[" + string.Join(',', Enumerable.Range(1, 2_000).Select(n => $"\"devices.{n}\"")) + "]}");
        var refused = await many.NextAsync(m => m.GetProperty("name").GetString() == "refused");
        Assert.Equal("too_many_topics", refused.GetProperty("data").GetProperty("code").GetString());
        await many.NextAsync(m => m.GetProperty("name").GetString() == "acknowledged");
        Assert.Equal(5, rig.State.Subscriptions);
        await Eventually.TrueAsync(() => rig.State.Sockets == 1, "the closed ones have left");
    }

    [Fact]
    public async Task Ten_thousand_subscriptions_of_one_client_are_bounded_and_harm_nobody()
    {
        await using var rig = await FeedRig.StartAsync();
        using var bystander = await rig.ListenAsync(["global"]);
        using var greedy = await rig.ConnectAsync();
        foreach (var piece in Enumerable.Range(1, 10_000).Chunk(500))
        {
            await greedy.SendAsync("{\"type\":\"subscription\",\"name\":\"subscribe\",\"topics\":[" + string.Join(',', piece.Select(n => $"\"devices.{n}\"")) + "]}");
            if (piece[0] < 1_000)
            {
                await greedy.NextAsync(m => m.GetProperty("name").GetString() == "acknowledged");
                continue;
            }

            foreach (var _ in piece)
            {
                Assert.Equal("too_many_topics", (await greedy.NextAsync(m => m.GetProperty("type").GetString() != "heartbeat")).GetProperty("data").GetProperty("code").GetString());
            }
        }

        Assert.Equal(1_001, rig.State.Subscriptions);
        await rig.PublishAsync("still here", "devices.1000");
        Assert.Equal("still here", (await bystander.EventAsync()).GetProperty("name").GetString());
        Assert.Equal("still here", (await greedy.EventAsync()).GetProperty("name").GetString());
    }

    /// <summary>A compressed frame was not agreed upon; a split one is read whole.</summary>
    [Fact]
    public async Task Frames_that_break_the_protocol_end_the_connection_and_split_ones_are_put_together()
    {
        await using var rig = await FeedRig.StartAsync();
        using var bystander = await rig.ListenAsync(["global"]);
        foreach (var frame in new byte[][] { [0xC1, 0x85, 0, 0, 0, 0, 1, 2, 3, 4, 5], [0x83, 0x80, 0, 0, 0, 0], [0x81, 0x05, 1, 2, 3, 4, 5] })
        {
            using var socket = await HandshakeAsync(rig);
            await socket.SendAsync(frame);
            await EndAsync(socket);
        }

        using var split = await HandshakeAsync(rig);
        var text = """{"type":"nonsense"}"""u8.ToArray();
        for (var i = 0; i < text.Length; i++)
        {
            await split.SendAsync((byte[])[(byte)((i == 0 ? 1 : 0) | (i == text.Length - 1 ? 0x80 : 0)), 0x81, 0, 0, 0, 0, text[i]]);
        }

        Assert.Contains("unknown_type", await HeardAsync(split, "unknown_type"), StringComparison.Ordinal);
        await rig.PublishAsync("still here");
        Assert.Equal("still here", (await bystander.EventAsync()).GetProperty("name").GetString());
    }

    /// <summary>Pongs and messages are written by different hands: each frame is whole.</summary>
    [Fact]
    public async Task Pings_are_answered_between_messages_and_no_frame_is_torn()
    {
        await using var rig = await FeedRig.StartAsync(options: new LiveOptions { MaxQueue = 64 * 1024 * 1024 });
        using var socket = await HandshakeAsync(rig);
        await socket.SendAsync(Frame("""{"type":"subscription","name":"subscribe","topic":"global"}"""));
        await Eventually.TrueAsync(() => rig.State.Subscriptions == 1, "it is subscribed");
        var publishing = Task.Run(async () =>
        {
            for (var n = 0; n < 300; n++)
            {
                await rig.PublishAsync($"{n}", data: $$"""{"text":"{{new string('x', n * 250)[..Math.Min(n * 250, 65_000)]}}"}""");
            }
        });
        var pinging = Task.Run(async () =>
        {
            for (var n = 0; n < 300; n++)
            {
                await socket.SendAsync((byte[])[0x89, 0x84, 0, 0, 0, 0, (byte)'p', (byte)'i', (byte)'n', (byte)(n % 10)]);
            }
        });
        var (events, pongs) = (0, 0);
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var stream = new NetworkStream(socket);
        var head = new byte[10];
        while (events < 300 || pongs < 300)
        {
            await stream.ReadExactlyAsync(head.AsMemory(0, 2), bound.Token);
            int length = head[1];
            if (length == 126)
            {
                await stream.ReadExactlyAsync(head.AsMemory(2, 2), bound.Token);
                length = (head[2] << 8) | head[3];
            }
            else if (length == 127)
            {
                await stream.ReadExactlyAsync(head.AsMemory(2, 8), bound.Token);
                length = (int)System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(head.AsSpan(2));
            }

            var payload = new byte[length];
            await stream.ReadExactlyAsync(payload, bound.Token);
            if (head[0] == 0x8A)
            {
                Assert.Equal([(byte)'p', (byte)'i', (byte)'n', (byte)(pongs++ % 10)], payload);
            }
            else
            {
                Assert.Equal(0x81, head[0]);
                using var json = System.Text.Json.JsonDocument.Parse(payload);
                FeedSchemas.Check(json.RootElement);
                events += json.RootElement.GetProperty("type").GetString() == "event" ? 1 : 0;
            }
        }

        await Task.WhenAll(publishing, pinging);
    }

    [Fact]
    public async Task Five_hundred_half_open_connections_are_let_go_and_harm_nobody()
    {
        await using var rig = await FeedRig.StartAsync(options: new LiveOptions { Silence = TimeSpan.FromSeconds(2), CloseWithin = TimeSpan.FromMilliseconds(500), Heartbeat = TimeSpan.FromSeconds(1) });
        var sockets = new Socket[500];
        await Parallel.ForAsync(0, sockets.Length, new ParallelOptions { MaxDegreeOfParallelism = 50 }, async (i, _) => sockets[i] = await HandshakeAsync(rig));
        Assert.InRange(rig.State.Sockets, 1, 500);
        using var listener = await rig.ListenAsync(["global"]);
        await rig.PublishAsync("x");
        Assert.Equal("x", (await listener.EventAsync()).GetProperty("name").GetString());
        await Eventually.TrueAsync(
            async () =>
            {
                await listener.SendAsync("""{"type":"heartbeat"}""");
                return rig.State.Sockets == 1;
            },
            "only the one that sends heartbeats is left", TimeSpan.FromSeconds(60));
        Assert.Equal(500, rig.State.Lost);
        Array.ForEach(sockets, s => s.Dispose());
        await rig.PublishAsync("y");
        Assert.Equal("y", (await listener.EventAsync()).GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_client_that_never_reads_is_closed_and_others_get_everything()
    {
        await using var rig = await FeedRig.StartAsync(options: new LiveOptions { Stuck = TimeSpan.FromSeconds(5), CloseWithin = TimeSpan.FromSeconds(1) });
        using var lazy = await HandshakeAsync(rig);
        await lazy.SendAsync(Frame("""{"type":"subscription","name":"subscribe","topic":"global"}"""));
        await Eventually.TrueAsync(() => rig.State.Subscriptions == 1, "it is subscribed");
        using var quick = await rig.ListenAsync(["global"]);
        var data = $$"""{"text":"{{new string('x', 60_000)}}"}""";
        for (var n = 0; n < 300; n++)
        {
            await rig.PublishAsync($"{n}", data: data);
            Assert.Equal($"{n}", (await quick.EventAsync()).GetProperty("name").GetString());
        }

        await Eventually.TrueAsync(() => rig.State.Behind == 1 && rig.State.Sockets == 1, "the one that never reads is gone");
    }

    [Fact]
    public async Task Of_readings_that_wait_only_the_newest_of_each_series_is_kept_and_events_all_are()
    {
        var transport = new HeldTransport();
        await using var rig = await FeedRig.StartAsync();
        var hub = new FeedHub(rig.Server.Database, new LiveOptions(), rig.Server.Bus, TimeProvider.System);
        var client = hub.Join(transport, new FeedCaller("test", FeedRole.Admin))!;
        client.Offer(Message("first", null));
        await Eventually.TrueAsync(() => transport.Begun == 1, "the first is on its way");
        for (var n = 0; n < 100; n++)
        {
            client.Offer(Message($"a{n}", new SeriesKey(1, null)));
            client.Offer(Message($"v{n}", new SeriesKey(1, "voltage")));
            client.Offer(Message($"b{n}", new SeriesKey(2, null)));
            if (n % 50 == 0)
            {
                client.Offer(Message($"e{n}", null));
            }
        }

        transport.Release();
        await Eventually.TrueAsync(() => transport.Sent.Count == 6, "all are sent");
        Assert.Equal(["first", "a99", "v99", "b99", "e0", "e50"], transport.Sent);
        Assert.Equal(297, hub.State.Conflated);
    }

    private static FeedMessage Message(string text, SeriesKey? key) => new(Encoding.UTF8.GetBytes(text), null, key);

    private static byte[] Frame(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return [0x81, (byte)(0x80 | bytes.Length), 0, 0, 0, 0, .. bytes];
    }

    /// <summary>A WebSocket of which nothing but the handshake is done.</summary>
    private static async Task<Socket> HandshakeAsync(FeedRig rig)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(rig.Api.Address.Host, rig.Api.Address.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /ws HTTP/1.1\r\nHost: {rig.Api.Address.Authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        Assert.Contains("101", await HeardAsync(socket, "\"auth\""), StringComparison.Ordinal);
        return socket;
    }

    private static async Task<string> HeardAsync(Socket socket, string until)
    {
        using var bound = new CancellationTokenSource(Eventually.DefaultBound);
        var heard = new StringBuilder();
        var buffer = new byte[4_096];
        while (!heard.ToString().Contains(until, StringComparison.Ordinal))
        {
            var count = await socket.ReceiveAsync(buffer, bound.Token);
            Assert.True(count > 0, $"closed after: {heard}");
            heard.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }

        return heard.ToString();
    }

    private static async Task EndAsync(Socket socket)
    {
        using var bound = new CancellationTokenSource(Eventually.DefaultBound);
        var buffer = new byte[4_096];
        try
        {
            while (await socket.ReceiveAsync(buffer, bound.Token) > 0)
            {
                // Until the server ends it.
            }
        }
        catch (SocketException)
        {
            // A reset is an end too.
        }
    }
}
