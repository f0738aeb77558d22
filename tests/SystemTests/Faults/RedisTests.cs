using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Faults;

/// <summary>A real Redis as a carrier of hints, which is killed, stands still, and refuses.</summary>
public sealed partial class RedisTests(PrivatePostgres postgres, ITestOutputHelper output) : IClassFixture<PrivatePostgres>
{
    // As if PgBouncer stood between: nobody listens for NOTIFY.
    private const string Deaf = "?pgbouncer=true";

    [Fact]
    public async Task Two_that_cannot_hear_NOTIFY_hear_each_other_by_Redis_and_those_of_another_database_do_not()
    {
        await using var redis = await PrivateRedis.StartNewAsync();
        var (database, elsewhere) = (await postgres.CreateDatabaseAsync("by_redis") + Deaf, await postgres.CreateDatabaseAsync("elsewhere") + Deaf);
        await using var one = await HintNode.StartAsync(database, redis.At, ways: 1);
        await using var other = await HintNode.StartAsync(database, redis.At, ways: 1);
        await using var stranger = await HintNode.StartAsync(elsewhere, redis.At, ways: 1);
        await using var strangers = await HintNode.StartAsync(elsewhere, redis.At, ways: 1);
        var sentAt = Stopwatch.GetTimestamp();
        one.Send();
        await HintNode.UntilAsync(() => other.Woken == 2, () => $"the other one hears it: {other.State}");
        output.WriteLine($"heard after {Stopwatch.GetElapsedTime(sentAt).TotalMilliseconds:0.0} ms");
        other.Send();
        await HintNode.UntilAsync(() => one.Redis.Received == 1, () => $"the first one hears the answer: {one.State}");
        await HintNode.UntilAsync(() => (one.Redis.Sent, other.Redis.Sent) == (1, 1), () => $"each has told once: {one.State} {other.State}");
        Assert.Equal(0, one.Redis.Failed);

        // What was said before has passed this way too by now.
        stranger.Send();
        await HintNode.UntilAsync(() => strangers.Redis.Received > 0, () => $"strangers hear each other: {strangers.State}");
        Assert.Equal((0L, 1L), (stranger.Redis.Received, strangers.Redis.Received));
        Assert.Equal((1L, 1L), (one.Redis.Received, other.Redis.Received));
    }

    [Fact]
    public async Task A_Redis_that_is_killed_is_done_without_and_used_again_when_it_is_back()
    {
        await using var redis = await PrivateRedis.StartNewAsync();
        var database = await postgres.CreateDatabaseAsync("killed");
        await using var one = await HintNode.StartAsync(database, redis.At, ways: 2);
        await using var other = await HintNode.StartAsync(database, redis.At, ways: 2);
        for (var round = 1; round <= 2; round++)
        {
            var woken = other.Woken;
            await redis.Kill9Async();
            await HintNode.UntilAsync(() => one.Redis is { IsConnected: false, LastError: not null } && !other.Redis.IsConnected, () => $"it is seen to be away: {one.State}");
            one.Send();
            await HintNode.UntilAsync(() => other.Woken == woken + 1, () => $"the hint arrives by NOTIFY: {other.State}");
            Assert.NotNull(one.Redis.AwaySince);
            Assert.Equal(round - 1, one.Redis.Sent);

            await redis.StartAsync();
            await HintNode.UntilAsync(() => one.Redis.IsConnected && other.Redis.IsConnected, () => $"it is back: {one.State}");
            await HintNode.UntilAsync(() => other.Woken == woken + 2, () => $"everybody looks once: {other.State}");
            one.Send();
            await HintNode.UntilAsync(() => other.Redis.Received == round, () => $"the hint arrives by Redis: {other.State}");
            await HintNode.UntilAsync(() => one.Redis.Sent == round, () => $"and by nothing else: {one.State}");
            Assert.Equal(woken + 3, other.Woken);
        }
    }

    [Fact]
    public async Task A_Redis_that_stands_still_costs_a_hint_half_a_second_once()
    {
        await using var redis = await PrivateRedis.StartNewAsync();
        var database = await postgres.CreateDatabaseAsync("still");
        await using var one = await HintNode.StartAsync(database, redis.At, ways: 2);
        await using var other = await HintNode.StartAsync(database, redis.At, ways: 2);
        redis.Pause();
        var took = new List<double>();
        for (var hint = 1; hint <= 2; hint++)
        {
            var sentAt = Stopwatch.GetTimestamp();
            one.Send();
            await HintNode.UntilAsync(() => other.Woken == 2 + hint, () => $"the hint arrives by NOTIFY: {other.State}");
            took.Add(Stopwatch.GetElapsedTime(sentAt).TotalMilliseconds);
        }

        output.WriteLine($"heard after {took[0]:0} ms, then {took[1]:0} ms");
        Assert.True(took[0] >= 500);
        Assert.Equal("it did not answer PUBLISH within 0.5 s", one.Redis.LastError);
        Assert.Equal(1, one.Redis.Failed);

        // The kernel still accepts connections for it.
        await HintNode.UntilAsync(() => one.Redis.LastError == "it did not answer SUBSCRIBE within 2 s", () => $"it is tried again: {one.State}");
        redis.Cont();
        await HintNode.UntilAsync(() => one.Redis.IsConnected && other.Redis.IsConnected, () => $"it is back: {one.State}");
    }

    [Fact]
    public async Task Users_and_passwords_are_those_of_Redis_and_a_refusal_says_what_to_check_without_telling_a_password()
    {
        await using var redis = await PrivateRedis.StartNewAsync(
            "requirepass geheim", "user rondo on >secret resetchannels &rondo:hints:* -@all +ping +publish +subscribe", "user mute on >secret resetchannels &rondo:* -@all +ping +subscribe");
        var database = await postgres.CreateDatabaseAsync("users") + Deaf;
        await using var one = await HintNode.StartAsync(database, $"redis://rondo:secret@{redis.At}", ways: 1);
        await using var other = await HintNode.StartAsync(database, $"redis://:geheim@{redis.At}", ways: 1);
        one.Send();
        await HintNode.UntilAsync(() => other.Woken == 2, () => $"the least rights are enough: {other.State}");
        foreach (var (login, error) in new[]
        {
            ("redis://rondo:geheim@", "it refused the login (WRONGPASS): check user and password"),
            ("redis://:secret@", "it refused the login (WRONGPASS): check user and password"),
            ("redis://", "it refused SUBSCRIBE: NOAUTH Authentication required."),
            ("redis://mute:secret@", "it refused PUBLISH: NOPERM"),
        })
        {
            await using var refused = new HintNode(database, login + redis.At);
            await HintNode.UntilAsync(() => refused.Redis.LastError is not null, () => "an answer");
            Assert.StartsWith(error, refused.Redis.LastError, StringComparison.Ordinal);
            Assert.False(refused.Redis.IsConnected);
            Assert.DoesNotContain("secret", $"{refused.Redis}", StringComparison.Ordinal);
            Assert.DoesNotContain("geheim", $"{refused.Redis}", StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_port_that_is_no_Redis_is_told_as_such()
    {
        var database = await postgres.CreateDatabaseAsync("no_redis");
        await using var node = new HintNode(database, $"127.0.0.1:{postgres.Port}");
        await HintNode.UntilAsync(() => node.Redis.LastError is not null, () => "an answer");
        Assert.False(node.Redis.IsConnected);
        await HintNode.UntilAsync(() => node.State.IsListening, () => $"it goes on without: {node.State}");
    }

    [Fact]
    public async Task A_server_with_Redis_hears_a_command_by_it_and_tells_how_it_is()
    {
        await using var redis = await PrivateRedis.StartNewAsync("requirepass geheim");
        await using var site = await Site.CreateAsync(DatabaseKind.Postgres, 1);
        await site.PrepareAsync(site.DeviceFile());
        string[] database = ["--database", site.Database + Deaf];
        var token = await RondoProcess.TokenAsync(site.Database);
        await using var server = new RondoProcess(["serve", "--http", "http://127.0.0.1:0", "--redis", $"redis://:geheim@{redis.At}", .. database]);
        await server.WaitForLineAsync($"Hints go by Redis at redis://:***@{redis.At}");
        await server.WaitForLineAsync("Ready:");
        var http = new Uri(Address().Match(await server.WaitForLineAsync("HTTP API on")).Value);
        using var client = new HttpClient { BaseAddress = http };
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        await using (var command = new RondoProcess(["polling", "stop", "--json", .. database], new Dictionary<string, string?> { ["RONDO_REDIS"] = $"redis://:geheim@{redis.At}" }))
        {
            Assert.Equal(0, await command.ExitAsync());
            Assert.True(JsonDocument.Parse(string.Join('\n', command.Output)).RootElement.GetProperty("obeyed").GetBoolean());
        }

        var hints = (await HealthAsync()).GetProperty("hints");
        Assert.False(hints.GetProperty("is_listening").GetBoolean());
        Assert.True(hints.GetProperty("redis").GetProperty("is_connected").GetBoolean());
        Assert.Equal($"redis://:***@{redis.At}", hints.GetProperty("redis").GetProperty("address").GetString());
        Assert.Equal(1, hints.GetProperty("redis").GetProperty("received").GetInt64());

        await redis.Kill9Async();
        await server.WaitForLineAsync($"Redis at redis://:***@{redis.At} is away: ");
        var health = await HealthAsync();
        Assert.NotEqual(JsonValueKind.Null, health.GetProperty("hints").GetProperty("redis").GetProperty("away_since").ValueKind);
        Assert.DoesNotContain("edis", health.GetProperty("reasons").GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain(server.Output.Concat(server.Errors), line => line.Contains("geheim", StringComparison.Ordinal));
        Assert.Equal(0, await server.StopAsync());

        async Task<JsonElement> HealthAsync() => JsonDocument.Parse(await client.GetStringAsync("/api/polling/health")).RootElement;
    }

    [GeneratedRegex(@"http://[\d.:]+")]
    private static partial Regex Address();
}
