using System.Text.Json;
using Rondo.Live;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Live.Pusher;

/// <summary>Back-ends that publish by the signed HTTP API.</summary>
public sealed class PusherApiTests
{
    private const string Events = "/apps/3/events";

    [Theory, BothDatabases]
    public async Task What_a_back_end_publishes_is_in_the_log_and_heard_by_everybody_on_every_node(DatabaseKind kind)
    {
        await using var rig = await PusherRig.StartAsync(kind);
        await using var elsewhere = kind == DatabaseKind.Postgres ? await rig.JoinAsync() : null;
        var token = await rig.TokenAsync(Role.Admin);
        using var pusher = await rig.ListenAsync(token, "private-admin-notifications", "private-devices.7");
        using var far = await (elsewhere ?? rig).ListenAsync(token, "private-admin-notifications");
        using var feed = await FeedListener.OpenAsync((elsewhere ?? rig).Api.Address, token, "");
        await feed.SubscribeAsync(["admin-notifications"]);
        var (status, text) = await rig.SignedAsync("POST", Events, Body("order.paid", """{"amount": 100}""", "private-admin-notifications", "private-devices.7"));
        Assert.Equal((200, "{}"), (status, text));
        foreach (var listener in new[] { pusher, far })
        {
            var heard = await listener.NextAsync(m => m.Channel == "private-admin-notifications");
            Assert.Equal(("order.paid", """{"amount": 100}"""), (heard.Event, heard.Text));
        }

        Assert.Equal("private-devices.7", (await pusher.NextAsync()).Channel);
        var told = await feed.EventAsync();
        Assert.Equal(("order.paid", 100), (told.GetProperty("name").GetString(), told.GetProperty("data").GetProperty("amount").GetInt32()));
        Assert.NotEmpty(told.GetProperty("id").GetString()!);

        // Several at once are there together.
        var batch = $$"""{"batch":[{{Body("one", "{}", "private-devices.7")}},{"name":"two","channel":"private-devices.7","data":"{}"}]}""";
        Assert.Equal((200, "{}"), await rig.SignedAsync("POST", "/apps/3/batch_events", batch));
        Assert.Equal(["one", "two"], [(await pusher.NextAsync()).Event, (await pusher.NextAsync()).Event]);
        await Eventually.TrueAsync(async () => await rig.LoggedAsync() == 4, "all are in the log");
    }

    [Theory, BothDatabases]
    public async Task Whoever_caused_an_event_is_not_told_of_it_wherever_it_is_connected_and_all_others_are(DatabaseKind kind)
    {
        await using var rig = await PusherRig.StartAsync(kind);
        await using var elsewhere = kind == DatabaseKind.Postgres ? await rig.JoinAsync() : null;
        var token = await rig.TokenAsync(Role.Admin);
        using var other = await rig.ListenAsync(token, "private-global");
        using var cause = await (elsewhere ?? rig).ListenAsync(token, "private-global", "private-devices.7");
        using var feed = await FeedListener.OpenAsync((elsewhere ?? rig).Api.Address, token, "");
        await feed.SubscribeAsync(["global"]);
        Assert.Equal((200, "{}"), await rig.SignedAsync("POST", Events, But("one", cause.SocketId, "private-global", "private-devices.7")));
        var batch = $$"""{"batch":[{{But("two", cause.SocketId, "private-global")}},{{But("three", other.SocketId, "private-global")}},{{But("four", null, "private-global")}}]}""";
        Assert.Equal((200, "{}"), await rig.SignedAsync("POST", "/apps/3/batch_events", batch));

        // On global the first one is heard twice: it was told on the device's channel too.
        Assert.Equal(["one", "one", "two", "four"], [(await other.NextAsync()).Event, (await other.NextAsync()).Event, (await other.NextAsync()).Event, (await other.NextAsync()).Event]);
        Assert.Equal(["three", "four"], [(await cause.NextAsync()).Event, (await cause.NextAsync()).Event]);
        Assert.Equal("one", (await feed.EventAsync()).GetProperty("name").GetString());
        foreach (var socketId in new[] { "7", "\"7\"", "\"\"", "\"1.1:private-global\"", "{}" })
        {
            var (status, text) = await rig.SignedAsync("POST", Events, Body("x", "{}", "private-global")[..^1] + $",\"socket_id\":{socketId}}}");
            Assert.True(status == 400 && text.Contains("socket_id", StringComparison.Ordinal), $"{socketId}: {status} {text}");
        }
    }

    [Fact]
    public async Task What_cannot_be_told_is_refused_and_nothing_of_it_is_written()
    {
        await using var rig = await PusherRig.StartAsync();
        foreach (var (body, words) in new[]
        {
            ("nonsense", "not JSON"), ("[]", "expected an object"), ("{}", "expected an object"), ("""{"name":"x","channels":["private-global"],"data":{}}""", "a string that holds"),
            (Body("x", "[]", "private-global"), "JSON object"), (Body("x", "{", "private-global"), "JSON object"), (Body("", "{}", "private-global"), "name"), (Body("pusher:error", "{}", "private-global"), "own"),
            (Body("client-x", "{}", "private-global"), "own"), (Body("x", "{}", "private-global", "private-nowhere"), "private-nowhere"), (Body("x", "{}", "orders"), "public channel"), (Body("x", "{}", "presence-room"), "presence-"),
            (Body("x", "{}"), "1 to 100"), (Body("x", "{}", [.. Enumerable.Range(0, 101).Select(n => $"private-devices.{n}")]), "1 to 100"), (Body(new string('x', 201), "{}", "private-global"), "200"),
        })
        {
            var (status, text) = await rig.SignedAsync("POST", Events, body);
            Assert.True(status == 400 && text.Contains(words, StringComparison.Ordinal), $"{body}: {status} {text}");
        }

        Assert.Equal(413, (await rig.SignedAsync("POST", Events, Body("x", $$"""{"text":"{{new string('x', 11_000)}}"}""", "private-global"))).Status);
        Assert.Equal(413, (await rig.SignedAsync("POST", Events, new string(' ', 300_000))).Status);
        var half = $$"""{"batch":[{{Body("one", "{}", "private-devices.7")}},{{Body("two", "{}", "private-nowhere")}}]}""";
        Assert.Contains("event 2", (await rig.SignedAsync("POST", "/apps/3/batch_events", half)).Text);
        Assert.Equal(400, (await rig.SignedAsync("POST", "/apps/3/batch_events", $$"""{"batch":[{{string.Join(',', Enumerable.Repeat(Body("x", "{}", "private-global"), 11))}}]}""")).Status);
        Assert.Equal(404, (await rig.SignedAsync("POST", "/apps/4/events", Body("x", "{}", "private-global"))).Status);
        Assert.Equal(0, await rig.LoggedAsync());
    }

    [Fact]
    public async Task A_request_that_is_not_signed_as_it_should_be_does_nothing_and_who_keeps_on_waits()
    {
        await using var rig = await PusherRig.StartAsync();
        var body = Body("x", "{}", "private-global");
        Assert.Equal(401, (await rig.SignedAsync("POST", Events, body, secret: "another secret!!")).Status);
        Assert.Equal(401, (await rig.SignedAsync("POST", Events, body, offset: 700)).Status);
        Assert.Equal(401, (await rig.SignedAsync("POST", Events, body, offset: -700)).Status);
        Assert.Equal(401, (await rig.SignedAsync("POST", Events, body, key: "another")).Status);
        Assert.Equal(401, (await rig.SignedAsync("POST", Events, body, version: "2.0")).Status);
        Assert.Equal(401, (await rig.SignedAsync("POST", Events, body, sent: body.Replace("x", "y", StringComparison.Ordinal))).Status);
        Assert.Equal(401, (await rig.SignedAsync("GET", "/apps/3/channels", secret: "another secret!!")).Status);
        Assert.Equal(400, (await rig.SignedAsync("POST", Events, body, query: "unknown=1")).Status);
        var (status, tries) = (401, 7);
        for (; status == 401 && tries < 100; tries++)
        {
            string text;
            (status, text) = await rig.SignedAsync("POST", Events, body, secret: "another secret!!");
            Assert.DoesNotContain(PusherRig.App.Sign(""), text);
        }

        Assert.Equal((429, 21), (status, tries));
        Assert.Equal(0, await rig.LoggedAsync());
        Assert.Equal(200, (await rig.SignedAsync("POST", Events, body)).Status);
        Assert.Equal(1, await rig.LoggedAsync());
    }

    [Fact]
    public async Task A_back_end_sees_which_channels_somebody_has()
    {
        await using var rig = await PusherRig.StartAsync();
        Assert.Equal((200, """{"channels":{}}"""), await rig.SignedAsync("GET", "/apps/3/channels"));
        var token = await rig.TokenAsync(Role.Admin);
        using var one = await rig.ListenAsync(token, "private-global", "private-devices.7");
        using var two = await rig.ListenAsync(token, "private-global");
        Assert.Equal((200, """{"channels":{"private-devices.7":{},"private-global":{}}}"""), await rig.SignedAsync("GET", "/apps/3/channels"));
        Assert.Equal((200, """{"channels":{"private-global":{"subscription_count":2}}}"""), await rig.SignedAsync("GET", "/apps/3/channels", query: "filter_by_prefix=private-gl&info=subscription_count"));
        Assert.Equal((200, """{"occupied":true,"subscription_count":2}"""), await rig.SignedAsync("GET", "/apps/3/channels/private-global", query: "info=subscription_count"));
        Assert.Equal((200, """{"occupied":false}"""), await rig.SignedAsync("GET", "/apps/3/channels/private-devices.8"));
        var counted = Body("x", "{}", "private-global")[..^1] + ",\"info\":\"subscription_count\"}";
        Assert.Equal((200, """{"channels":{"private-global":{"subscription_count":2}}}"""), await rig.SignedAsync("POST", Events, counted));
        Assert.Equal((200, """{"batch":[{"channels":{"private-global":{"subscription_count":2}}},{}]}"""), await rig.SignedAsync("POST", "/apps/3/batch_events", $$"""{"batch":[{{counted}},{{Body("y", "{}", "private-global")}}]}"""));
    }

    private static string But(string name, string? notFor, params string[] channels) => JsonSerializer.Serialize(new { name, channels, data = "{}", socket_id = notFor });

    private static string Body(string name, string data, params string[] channels) => JsonSerializer.Serialize(new { name, channels, data });
}
