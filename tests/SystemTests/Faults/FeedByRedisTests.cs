using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Host;
using Rondo.Host.Http;
using Rondo.Live;
using Rondo.Nodes;
using Rondo.Polling;
using Rondo.Security;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Faults;

/// <summary>The feed of two nodes with a real Redis between them, which is killed and comes back.</summary>
public sealed class FeedByRedisTests(PrivatePostgres postgres, ITestOutputHelper output) : IClassFixture<PrivatePostgres>
{
    private static readonly TimeSpan _bound = TimeSpan.FromSeconds(60);

    // As if PgBouncer stood between: nobody listens for NOTIFY, so that what comes at once came by Redis.
    private const string Deaf = "?pgbouncer=true";

    [Fact]
    public async Task Events_of_another_node_come_by_Redis_and_a_kill_of_it_loses_none()
    {
        await using var redis = await PrivateRedis.StartNewAsync();
        var database = DatabaseAddress.TryParse(await postgres.CreateDatabaseAsync("feed_by_redis") + Deaf, out _)!;
        await using var one = await NodeAsync(database, redis);
        await using var other = await NodeAsync(database, redis);
        await using var api = await HttpApi.StartAsync(other, new HttpSettings { Address = new Uri("http://127.0.0.1:0"), Logs = NullLoggerFactory.Instance }, CancellationToken.None);
        await HintNode.UntilAsync(() => one.Hints.State.Redis is { IsConnected: true } && other.Hints.State.Redis is { IsConnected: true }, () => $"both are connected: {one.Hints.State}");
        var token = await new TokenOperations(other.Database, other.Hints.Send).AddAsync(new NewToken("test", Role.Viewer, null, Scopes.Everything), Actor.OfCommand());
        using var bound = new CancellationTokenSource(_bound);
        using var client = new ClientWebSocket();
        client.Options.SetRequestHeader("Authorization", "Bearer " + token.Text);
        await client.ConnectAsync(new Uri($"ws://{api.Address.Authority}/ws"), bound.Token);
        await client.SendAsync(Encoding.UTF8.GetBytes("""{"type":"subscription","name":"subscribe","topics":["devices.1"]}"""), WebSocketMessageType.Text, true, bound.Token);
        Assert.Equal("auth", (await NextAsync(client, bound.Token)).GetProperty("type").GetString());
        Assert.Equal("acknowledged", (await NextAsync(client, bound.Token)).GetProperty("name").GetString());

        // Whole seconds of it each: heard by Redis, without it by looking, by Redis again.
        var published = 0;
        foreach (var what in new[] { "with it", "killed meanwhile", "back again" })
        {
            var heard = other.Hints.State.Redis!.Received;
            for (var n = 0; n < 100; n++)
            {
                if (n == 50 && what == "killed meanwhile")
                {
                    await redis.Kill9Async();
                    await HintNode.UntilAsync(() => other.Hints.State.Redis is { IsConnected: false }, () => $"it is seen to be away: {other.Hints.State}");
                }

                var name = $"n{published++}";
                await one.Database.WriteAsync("test", tx => { one.Live.Events.Write(tx, new LiveEvent(name, "devices.1", tx.Now, "{}")); });
            }

            for (var n = published - 100; n < published; n++)
            {
                Assert.Equal($"n{n}", (await NextAsync(client, bound.Token)).GetProperty("name").GetString());
            }

            output.WriteLine($"{what}: other {other.Hints.State}");
            if (what == "killed meanwhile")
            {
                await redis.StartAsync();
                await HintNode.UntilAsync(() => one.Hints.State.Redis is { IsConnected: true } && other.Hints.State.Redis is { IsConnected: true }, () => $"it is back: {other.Hints.State}");
            }
            else
            {
                Assert.False(other.Hints.State.IsListening);
                Assert.True(other.Hints.State.Redis!.Received > heard);
            }
        }

        await one.StopAsync();
        await other.StopAsync();
    }

    private static Task<Server> NodeAsync(DatabaseAddress database, PrivateRedis redis) => Server.StartAsync(
        database, ["work"], new PollingOptions(), TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None, new ServerOptions { Redis = RedisAddress.TryParse(redis.At, out _) });

    private static async Task<JsonElement> NextAsync(ClientWebSocket client, CancellationToken stop)
    {
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var received = await client.ReceiveAsync(buffer.AsMemory(), stop);
            Assert.Equal(WebSocketMessageType.Text, received.MessageType);
            Assert.True(received.EndOfMessage);
            using var message = JsonDocument.Parse(buffer.AsMemory(0, received.Count));
            if (message.RootElement.GetProperty("type").GetString() != "heartbeat")
            {
                return message.RootElement.Clone();
            }
        }
    }
}
