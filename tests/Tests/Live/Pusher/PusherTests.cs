using System.Net;
using System.Text;
using System.Text.Json;
using Rondo.Live;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Http;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Live.Pusher;

/// <summary>Clients of the Pusher protocol: who may listen to what, and what they hear.</summary>
public sealed class PusherTests
{
    private const string Admin = "private-admin-notifications";

    [Fact]
    public async Task A_client_is_told_its_id_and_is_answered_when_it_asks_whether_anybody_is_there()
    {
        await using var rig = await PusherRig.StartAsync();
        using var listener = await rig.ConnectAsync();
        using var other = await rig.ConnectAsync();
        Assert.Matches(@"^\d+\.\d+$", listener.SocketId);
        Assert.NotEqual(listener.SocketId, other.SocketId);
        Assert.Equal(120, listener.ActivityTimeout);
        await listener.SendAsync("""{"event":"pusher:ping","data":{}}""");
        Assert.Equal("pusher:pong", (await listener.NextAsync()).Event);
        await listener.SendAsync("""{"event":"pusher:ping"}""");
        Assert.Equal("pusher:pong", (await listener.NextAsync()).Event);
    }

    [Theory]
    [InlineData("/app/another?protocol=7", 4001)]
    [InlineData("/app/" + PusherRig.Key, 4008)]
    [InlineData("/app/" + PusherRig.Key + "?protocol=seven", 4006)]
    [InlineData("/app/" + PusherRig.Key + "?protocol=6", 4007)]
    public async Task Who_comes_with_another_key_or_protocol_is_told_so_and_stays_away(string path, int code)
    {
        await using var rig = await PusherRig.StartAsync();
        using var listener = await PusherListener.OpenAsync(rig.Api.Address, path);
        Assert.Equal(code, await listener.ClosedAsync());
        Assert.Equal(0, rig.State.Sockets);
    }

    [Fact]
    public async Task Without_an_application_nobody_is_served()
    {
        await using var rig = await PusherRig.StartAsync(options: new LiveOptions());
        using var listener = await PusherListener.OpenAsync(rig.Api.Address, $"/app/{PusherRig.Key}?protocol=7");
        Assert.Equal(4001, await listener.ClosedAsync());
        Assert.Equal(404, (await rig.SignedAsync("POST", "/apps/3/events", "{}")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.AskAsync(await rig.TokenAsync(Role.Admin), "1.1", Admin)).StatusCode);
    }

    [Theory, BothDatabases]
    public async Task Each_channel_of_an_event_gets_it_once_with_its_data_to_the_letter(DatabaseKind kind)
    {
        await using var rig = await PusherRig.StartAsync(kind);
        var token = await rig.TokenAsync(Role.Admin);
        using var listener = await rig.ListenAsync(token, "private-devices.1", "private-categories.meters", "private-global", Admin);
        using var device = await rig.ListenAsync(token, "private-devices.1");
        const string Data = "{\"old_status\" : \"online\",\n \"new_status\": \"offline\", \"text\": \"ü \\\"quoted\\\" \\u0000\"}";
        await rig.WriteAsync("device_status_changed", "devices.1", Data, "categories.meters");
        var heard = new List<PusherMessage> { await listener.NextAsync(), await listener.NextAsync(), await listener.NextAsync() };
        Assert.Equal(["private-categories.meters", "private-devices.1", "private-global"], heard.Select(m => m.Channel).Order());
        Assert.All(heard.Append(await device.NextAsync()), m => Assert.Equal(("device_status_changed", Data), (m.Event, m.Text)));

        // What is for administrators is on their channel alone; what was written on global is there once.
        await rig.WriteAsync("a", "admin-notifications");
        await rig.WriteAsync("b", "global");
        await rig.WriteAsync("c", "devices.2", also: "global");
        await rig.WriteAsync("d", "devices.1");
        Assert.Equal([("a", Admin), ("b", "private-global"), ("c", "private-global")], [Of(await listener.NextAsync()), Of(await listener.NextAsync()), Of(await listener.NextAsync())]);
        Assert.Equal(("d", "private-devices.1"), Of(await device.NextAsync()));

        // Unsubscribed is unsubscribed.
        await listener.NextAsync(m => m.Event == "d" && m.Channel == "private-global");
        await listener.SendAsync("""{"event":"pusher:unsubscribe","data":{"channel":"private-global"}}""");
        await Eventually.TrueAsync(() => rig.State.Subscriptions == 4, "it is gone");
        await rig.WriteAsync("e", "devices.2");
        await rig.WriteAsync("f", "devices.1");
        Assert.Equal(("f", "private-devices.1"), Of(await listener.NextAsync()));
    }

    [Fact]
    public async Task Events_that_would_be_taken_for_the_protocols_own_are_not_told()
    {
        await using var rig = await PusherRig.StartAsync();
        using var listener = await rig.ListenAsync(await rig.TokenAsync(Role.Admin), "private-global");
        foreach (var name in new[] { "pusher:error", "pusher_internal:subscription_succeeded", "client-typing", "after" })
        {
            await rig.WriteAsync(name, "devices.1");
        }

        Assert.Equal("after", (await listener.NextAsync()).Event);
    }

    [Fact]
    public async Task Only_what_the_token_may_have_is_signed_for()
    {
        await using var rig = await PusherRig.StartAsync();
        using var listener = await rig.ConnectAsync();
        var (viewer, jobs) = (await rig.TokenAsync(Role.Viewer), await rig.TokenAsync(Role.Viewer, "jobs", "jobs.*"));
        foreach (var (token, channel, status) in new (string?, string, HttpStatusCode)[]
        {
            (null, Admin, HttpStatusCode.Unauthorized), ("rondo_nonsense", Admin, HttpStatusCode.Unauthorized), (viewer, Admin, HttpStatusCode.Forbidden),
            (await rig.TokenAsync(Role.Ingest), "private-global", HttpStatusCode.Forbidden), (viewer, "global", HttpStatusCode.Forbidden), (viewer, "presence-global", HttpStatusCode.Forbidden),
            (viewer, "private-encrypted-global", HttpStatusCode.Forbidden), (viewer, "private-nowhere", HttpStatusCode.Forbidden), (viewer, "private-global:x", HttpStatusCode.Forbidden),
            (viewer, "", HttpStatusCode.Forbidden), (jobs, "private-global", HttpStatusCode.Forbidden),
        })
        {
            using var answer = await rig.AskAsync(token, listener.SocketId, channel);
            Assert.True(status == answer.StatusCode, $"{channel} gave {answer.StatusCode}");
        }

        foreach (var socketId in new[] { "1.1", "1", "1.1:private-global", "", listener.SocketId + "0" })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await rig.AskAsync(viewer, socketId, "private-global")).StatusCode);
        }

        using var json = new StringContent($$"""{"socket_id":"{{listener.SocketId}}","channel_name":"private-global"}""", Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.OK, (await rig.PostAsync(viewer, json)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.PostAsync(viewer, new StringContent("{}", Encoding.UTF8, "application/json"))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.PostAsync(viewer, new StringContent("socket_id=1.1&socket_id=1.1&channel_name=x"))).StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await rig.PostAsync(viewer, new StringContent(new string('x', 5_000)))).StatusCode);

        // The connection is the viewer's now: nobody else signs for it, whatever they may.
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.AskAsync(await rig.TokenAsync(Role.Admin), listener.SocketId, Admin)).StatusCode);
        Assert.Equal("pusher:subscription_error", await listener.SubscribeAsync(Admin, $"{PusherRig.Key}:{PusherRig.Hmac($"{listener.SocketId}:{Admin}")}"));
    }

    [Fact]
    public async Task A_signature_is_good_for_one_connection_and_one_channel()
    {
        await using var rig = await PusherRig.StartAsync();
        var token = await rig.TokenAsync(Role.Admin);
        using var listener = await rig.ConnectAsync();
        using var other = await rig.ConnectAsync();
        var good = await rig.AuthAsync(token, listener.SocketId, "private-devices.1");
        foreach (var (channel, auth) in new (string, string?)[]
        {
            ("private-devices.2", good), ("private-devices.1", null), ("private-devices.1", ""), ("private-devices.1", good[..^1] + (good[^1] == '0' ? '1' : '0')), ("private-devices.1", good.Split(':')[1]),
            ("private-devices.1", "another" + good), ("devices.1", good), ("presence-devices.1", good),
        })
        {
            await listener.SendAsync(JsonSerializer.Serialize(new { @event = "pusher:subscribe", data = new { channel, auth } }));
            var refused = await listener.NextAsync();
            Assert.Equal(("pusher:subscription_error", channel), Of(refused));
            Assert.Equal(("AuthError", 401), (refused.Data.GetProperty("type").GetString(), refused.Data.GetProperty("status").GetInt32()));
        }

        Assert.Equal("pusher:subscription_error", await other.SubscribeAsync("private-devices.1", good));
        Assert.Equal("pusher_internal:subscription_succeeded", await listener.SubscribeAsync("private-devices.1", good));
        Assert.Equal("pusher_internal:subscription_succeeded", await listener.SubscribeAsync("private-devices.1", good));
        Assert.Equal(1, rig.State.Subscriptions);
    }

    [Fact]
    public async Task A_back_end_with_the_secret_decides_by_itself_who_may_listen()
    {
        await using var rig = await PusherRig.StartAsync();
        using var listener = await rig.ConnectAsync();
        Assert.Equal("pusher_internal:subscription_succeeded", await listener.SubscribeAsync(Admin, $"{PusherRig.Key}:{PusherRig.Hmac($"{listener.SocketId}:{Admin}")}"));
        await rig.WriteAsync("x", "admin-notifications");
        Assert.Equal(("x", Admin), Of(await listener.NextAsync()));

        // It is the application's connection then, and no token signs for it.
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.AskAsync(await rig.TokenAsync(Role.Viewer), listener.SocketId, "private-global")).StatusCode);
    }

    [Theory, BothDatabases]
    public async Task A_token_that_ends_or_is_revoked_ends_its_connections_within_a_second_and_no_other(DatabaseKind kind)
    {
        await using var rig = await PusherRig.StartAsync(kind);
        await using var elsewhere = kind == DatabaseKind.Postgres ? await rig.JoinAsync() : null;
        using var first = await rig.ListenAsync(await rig.TokenAsync(Role.Admin, "first"), Admin);
        using var other = await rig.ListenAsync(await rig.TokenAsync(Role.Admin, "other"), Admin);

        // Signed for and never subscribed is theirs too.
        var token = await rig.TokenAsync(Role.Admin, "second");
        using var second = await rig.ConnectAsync();
        await rig.AuthAsync(token, second.SocketId, Admin);
        using var brief = await rig.ListenAsync(await rig.TokenAsync(Role.Viewer, "brief", within: TimeSpan.FromSeconds(3)), "private-global");
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await (elsewhere ?? rig).RevokeAsync("first");
        Assert.Equal(4009, await first.ClosedAsync());
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 1.5);
        await rig.RevokeAsync("second");
        Assert.Equal(4009, await second.ClosedAsync());
        Assert.Equal(4009, await brief.ClosedAsync());
        await rig.WriteAsync("x", "admin-notifications");
        Assert.Equal("x", (await other.NextAsync()).Event);
    }

    /// <summary>A proxy may send the question for a signature to another node than the connection.</summary>
    [Fact]
    public async Task A_signature_of_another_node_says_whose_the_connection_is()
    {
        await using var rig = await PusherRig.StartAsync(DatabaseKind.Postgres);
        await using var elsewhere = await rig.JoinAsync();
        var (mine, others) = (await rig.TokenAsync(Role.Admin, "mine"), await rig.TokenAsync(Role.Admin, "others"));
        using var listener = await elsewhere.ConnectAsync();
        using var later = await elsewhere.ConnectAsync();
        var unused = await rig.AuthAsync(mine, later.SocketId, Admin);
        var good = await rig.AuthAsync(mine, listener.SocketId, Admin);

        // The name in it is signed too, and without it the rest is nothing.
        var (handle, signature) = (good.Split(':')[1].Split('.')[0], good.Split('.')[1]);
        foreach (var bad in new[] { $"{PusherRig.Key}:{signature}", $"{PusherRig.Key}:{handle}0.{signature}", $"{PusherRig.Key}:.{signature}", unused, $"{PusherRig.Key}:{handle}.{handle}.{signature}" })
        {
            Assert.Equal("pusher:subscription_error", await listener.SubscribeAsync(Admin, bad));
        }

        Assert.Equal("pusher_internal:subscription_succeeded", await listener.SubscribeAsync(Admin, good));
        await rig.WriteAsync("x", "admin-notifications");
        Assert.Equal(("x", Admin), Of(await listener.NextAsync()));

        // It is theirs from then on, at both nodes.
        Assert.Equal("pusher:subscription_error", await listener.SubscribeAsync("private-global", await rig.AuthAsync(others, listener.SocketId, "private-global")));
        Assert.Equal(HttpStatusCode.Forbidden, (await elsewhere.AskAsync(others, listener.SocketId, "private-global")).StatusCode);
        Assert.Equal("pusher_internal:subscription_succeeded", await listener.SubscribeAsync("private-global", await rig.AuthAsync(mine, listener.SocketId, "private-global")));
        Assert.Equal("pusher_internal:subscription_succeeded", await listener.SubscribeAsync("private-devices.1", await elsewhere.AuthAsync(mine, listener.SocketId, "private-devices.1")));

        // Only what the token may have is signed for here too.
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.AskAsync(await rig.TokenAsync(Role.Viewer), later.SocketId, Admin)).StatusCode);
        await rig.RevokeAsync("mine");
        Assert.Equal(4009, await listener.ClosedAsync());
        Assert.Equal("pusher:subscription_error", await later.SubscribeAsync(Admin, unused));
    }

    [Fact]
    public async Task A_connection_for_which_a_token_and_its_successor_signed_ends_with_either_and_one_of_the_successor_alone_stays()
    {
        await using var rig = await PusherRig.StartAsync();
        using var both = await rig.ListenAsync(await rig.TokenAsync(Role.Admin, "first"), "private-global");
        var next = await rig.RotateAsync("first");
        using var alone = await rig.ListenAsync(next, Admin);
        Assert.Equal(4009, await both.ClosedAsync());
        await rig.WriteAsync("x", "admin-notifications");
        Assert.Equal("x", (await alone.NextAsync()).Event);
        await rig.RevokeAsync("first");
        Assert.Equal(4009, await alone.ClosedAsync());
    }

    [Theory, BothDatabases]
    public async Task Readings_come_newest_first_and_then_newer_ones(DatabaseKind kind)
    {
        await using var postgres = kind == DatabaseKind.Postgres ? await TestStore.PostgresAsync() : null;
        await using var rondo = new HttpFixture(postgres?.Url, "poll") { Live = new LiveOptions { Pusher = PusherRig.App } };
        await rondo.InitializeAsync();
        (await rondo.AskAsync(HttpMethod.Put, "/api/devices/often", rondo.Meter("often"))).Good(HttpStatusCode.Created);
        var id = await rondo.Server.Database.ReadAsync("test", tx => tx.First<long>(new Sql("test", "select id from device where name = 'often'")));
        using var listener = await PusherListener.ConnectAsync(rondo.Api.Address, PusherRig.Key);
        foreach (var channel in new[] { $"private-devices.{id}", "private-metrics.power", "private-global" })
        {
            Assert.Equal("pusher_internal:subscription_succeeded", await listener.SubscribeAsync(channel, $"{PusherRig.Key}:{PusherRig.Hmac($"{listener.SocketId}:{channel}")}"));
        }

        for (var n = 0; n < 3; n++)
        {
            var whole = await listener.NextAsync(m => m.Channel == $"private-devices.{id}" && m.Event == "metric_collected");
            Assert.Equal("often", whole.Data.GetProperty("device").GetString());
            Assert.Equal(["voltage", "power"], whole.Data.GetProperty("readings").EnumerateArray().Select(r => r.GetProperty("metric").GetString()));
            var one = await listener.NextAsync(m => m.Channel == "private-metrics.power");
            Assert.Equal("power", Assert.Single(one.Data.GetProperty("readings").EnumerateArray().ToArray()).GetProperty("metric").GetString());
            await listener.NextAsync(m => m.Channel == "private-global" && m.Event == "metric_collected");
        }

        listener.Cut();
        await Eventually.TrueAsync(() => rondo.Server.Live.Feed.State is { Sockets: 0, Subscriptions: 0 } && rondo.Server.Bus.IsIdle, "nothing is made for nobody");

        // What is stored comes at once to whoever comes later, also when nothing is collected any more.
        (await rondo.AskAsync(HttpMethod.Post, "/api/polling/stop")).Good();
        using var later = await PusherListener.ConnectAsync(rondo.Api.Address, PusherRig.Key);
        await later.SubscribeAsync($"private-devices.{id}", $"{PusherRig.Key}:{PusherRig.Hmac($"{later.SocketId}:private-devices.{id}")}");
        Assert.Equal("metric_collected", (await later.NextAsync()).Event);
    }

    private static (string, string?) Of(PusherMessage message) => (message.Event, message.Channel);
}
