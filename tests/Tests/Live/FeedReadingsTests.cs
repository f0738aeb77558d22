using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Rondo.Live;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Http;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Live;

/// <summary>Readings on the feed: the newest first, then what is collected.</summary>
public sealed class FeedReadingsTests
{
    [Theory, BothDatabases]
    public async Task Whoever_subscribes_gets_the_newest_readings_first_and_then_newer_ones(DatabaseKind kind)
    {
        await using var postgres = kind == DatabaseKind.Postgres ? await TestStore.PostgresAsync() : null;
        await using var rondo = new HttpFixture(postgres?.Url, "poll");
        await rondo.InitializeAsync();

        // Once an hour: what comes at once was stored before; and often: it goes on.
        foreach (var (name, interval) in new[] { ("seldom", "1h"), ("often", "200ms") })
        {
            (await rondo.AskAsync(HttpMethod.Put, "/api/devices/" + name, rondo.Meter(name, unit: name == "often" ? 2 : 1, more: "\"category\": \"meters\",").Replace("200ms", interval, StringComparison.Ordinal)))
                .Good(HttpStatusCode.Created);
        }

        await rondo.Server.Database.WriteAsync("test", tx =>
        {
            tx.Execute(new Sql("test", "insert into sample (source_id, at, vals) select g.source_id, @at, {only:postgres}array[230.5, null]{end}{only:sqlite}'[230.5,null]'{end} from poll_group g join device d on d.id = g.device_id where d.name = 'seldom'"), new { at = tx.Now });
        });
        var seldom = await rondo.Server.Database.ReadAsync("test", tx => tx.First<long>(new Sql("test", "select id from device where name = 'seldom'")));
        using var device = await OpenAsync(rondo, $"devices.{seldom}");
        var first = await device.NextAsync();
        Assert.Equal($"devices.{seldom}", first.GetProperty("topic").GetString());
        Assert.Equal("meters", first.GetProperty("data").GetProperty("category").GetString());
        Assert.Equal(["voltage", "power"], first.GetProperty("data").GetProperty("readings").EnumerateArray().Select(r => r.GetProperty("metric").GetString()));
        Assert.Equal(230.5, first.GetProperty("data").GetProperty("readings")[0].GetProperty("value").GetDouble());
        Assert.Equal(JsonValueKind.Null, first.GetProperty("data").GetProperty("readings")[1].GetProperty("value").ValueKind);

        using var metric = await OpenAsync(rondo, "metrics.voltage");
        using var category = await OpenAsync(rondo, "categories.meters");
        using var all = await OpenAsync(rondo, "global");
        foreach (var listener in new[] { metric, category, all })
        {
            var devices = new HashSet<string>();
            string? newest = null;
            for (var n = 0; n < 6; n++)
            {
                var message = await listener.NextAsync(m => m.GetProperty("type").GetString() == "data");
                var data = message.GetProperty("data");
                devices.Add(data.GetProperty("device").GetString()!);
                if (data.GetProperty("device").GetString() == "often")
                {
                    var at = message.GetProperty("at").GetString()!;
                    Assert.True(newest is null || Parse(at) > Parse(newest), $"{at} after {newest}");
                    newest = at;
                }

                if (listener == metric)
                {
                    Assert.Equal("metrics.voltage", message.GetProperty("topic").GetString());
                    Assert.Equal("voltage", Assert.Single(data.GetProperty("readings").EnumerateArray().ToArray()).GetProperty("metric").GetString());
                }
            }

            Assert.Equal(2, devices.Count);
        }

        // Nobody left: nobody is listened to.
        foreach (var listener in new[] { device, metric, category, all })
        {
            listener.Cut();
        }

        await Eventually.TrueAsync(() => rondo.Server.Live.Feed.State.Sockets == 0 && rondo.Server.Bus.IsIdle, "nothing is made for nobody");
    }

    [Fact]
    public async Task Readings_of_another_node_come_too()
    {
        await using var rig = await FeedRig.StartAsync(DatabaseKind.Postgres);
        await using var rondo = new HttpFixture(rig.Address.Target, "poll");
        await rondo.InitializeAsync();
        (await rondo.AskAsync(HttpMethod.Put, "/api/devices/far", rondo.Meter("far"))).Good(HttpStatusCode.Created);
        using var listener = await rig.ListenAsync(["global"]);
        for (var n = 0; n < 3; n++)
        {
            var message = await listener.NextAsync(m => m.GetProperty("type").GetString() == "data");
            Assert.Equal("far", message.GetProperty("data").GetProperty("device").GetString());
        }
    }

    [Fact]
    public async Task With_a_hint_readings_of_another_node_come_without_a_look_of_ones_own()
    {
        // Who listens looks once an hour by itself.
        await using var rig = await FeedRig.StartAsync(DatabaseKind.Postgres, new LiveOptions { LookEvery = TimeSpan.FromHours(1) });
        await using var rondo = new HttpFixture(rig.Address.Target, "poll");
        await rondo.InitializeAsync();
        (await rondo.AskAsync(HttpMethod.Put, "/api/devices/far", rondo.Meter("far"))).Good(HttpStatusCode.Created);
        using (var listener = await rig.ListenAsync(["global"]))
        {
            string? last = null;
            for (var n = 0; n < 5; n++)
            {
                var message = await listener.NextAsync(m => m.GetProperty("name").GetString() == "metric_collected");
                Assert.NotEqual(last, last = message.GetProperty("at").GetString());
            }

            Assert.False(rondo.Server.Bus.IsIdle);
        }

        // Nobody says that readings are wanted: after a few seconds nothing is made of them.
        await Eventually.TrueAsync(() => rondo.Server.Bus.IsIdle, "the node that polls makes nothing for nobody");
    }

    [Fact]
    public async Task An_event_stream_tells_the_same_and_resumes_by_its_last_id()
    {
        await using var rig = await FeedRig.StartAsync();
        using var http = new HttpClient { BaseAddress = rig.Api.Address };
        string? last;
        await using (var first = await EventStream.OpenAsync(http, "/events?topics=devices.1,imports.1", null))
        {
            Assert.Equal("subscription", (await first.NextAsync()).GetProperty("type").GetString());
            await rig.PublishAsync("a");
            Assert.Equal("a", (await first.NextAsync()).GetProperty("name").GetString());
            last = first.LastId;
            Assert.Equal(1, rig.State.EventStreams);
        }

        await Eventually.TrueAsync(() => rig.State.EventStreams == 0, "it has gone");
        await rig.PublishAsync("b");
        await rig.PublishAsync("not for it", "devices.2");
        await using var second = await EventStream.OpenAsync(http, "/events?topics=devices.1", last);
        Assert.True((await second.NextAsync()).GetProperty("data").GetProperty("recovered").GetBoolean());
        Assert.Equal("b", (await second.NextAsync()).GetProperty("name").GetString());
        await rig.PublishAsync("c");
        Assert.Equal("c", (await second.NextAsync()).GetProperty("name").GetString());
        Assert.Equal(HttpStatusCode.BadRequest, (await http.GetAsync("/events")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync("/events?topics=nonsense")).StatusCode);
        Assert.Equal(HttpStatusCode.UpgradeRequired, (await http.GetAsync("/ws")).StatusCode);
    }

    private static DateTimeOffset Parse(string at) => DateTimeOffset.Parse(at);

    private static async Task<FeedListener> OpenAsync(HttpFixture rondo, string topic)
    {
        var listener = await FeedListener.OpenAsync(rondo.Api.Address, await HttpFixture.TokenAsync(rondo.Server, Role.Viewer), "");
        await listener.NextAsync();
        Assert.Equal("acknowledged", (await listener.SubscribeAsync([topic])).GetProperty("name").GetString());
        return listener;
    }

    /// <summary>An event stream, read as the specification says.</summary>
    private sealed class EventStream(HttpResponseMessage answer, StreamReader lines) : IAsyncDisposable
    {
        public string? LastId { get; private set; }

        public static async Task<EventStream> OpenAsync(HttpClient http, string path, string? lastId)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
            if (lastId is not null)
            {
                request.Headers.Add("Last-Event-ID", lastId);
            }

            var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
            return new EventStream(answer, new StreamReader(await answer.Content.ReadAsStreamAsync()));
        }

        public async Task<JsonElement> NextAsync()
        {
            using var bound = new CancellationTokenSource(Eventually.DefaultBound);
            JsonElement? message = null;
            while (await lines.ReadLineAsync(bound.Token) is { Length: > 0 } line)
            {
                if (line.StartsWith("id: ", StringComparison.Ordinal))
                {
                    LastId = line[4..];
                }
                else
                {
                    Assert.StartsWith("data: ", line, StringComparison.Ordinal);
                    message = JsonDocument.Parse(line[6..]).RootElement;
                    FeedSchemas.Check(message.Value);
                }
            }

            return message!.Value;
        }

        public ValueTask DisposeAsync()
        {
            lines.Dispose();
            answer.Dispose();
            return default;
        }
    }
}
