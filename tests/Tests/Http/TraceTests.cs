using System.Net;
using System.Text.Json;
using Rondo.Security;
using Rondo.Tests.Host;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>The path of a request: from its headers to its changes, jobs, attempts and events, and back to whoever asks for it; on both databases.</summary>
public sealed class TraceTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";
    private const string Parent = $"00-{TraceId}-b7ad6b7169203331-01";

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task What_came_of_a_request_is_listed_by_its_correlation_and_by_its_trace(string kind)
    {
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        await using var rondo = new HttpFixture(postgres?.Url, "work");
        await rondo.InitializeAsync();
        (string, string)[] headers = [("X-Correlation-Id", "order-4711"), ("traceparent", Parent)];
        (await rondo.AskAsync(HttpMethod.Post, "/api/queues/slow/pause", null, headers)).Good();
        var enqueued = await rondo.AskAsync(HttpMethod.Post, "/api/jobs", """{ "kind": "noop", "args": { "fails": 1 }, "metadata": { "customer": "17" } }""", headers);
        var id = enqueued.Good(HttpStatusCode.Created).GetProperty("id").GetInt64();
        Assert.Equal("order-4711", enqueued.Header("X-Correlation-Id"));
        Assert.Matches($"^00-{TraceId}-[0-9a-f]{{16}}-01$", enqueued.Header("traceparent"));
        Assert.NotEqual(Parent, enqueued.Header("traceparent"));
        (await rondo.AskAsync(HttpMethod.Post, $"/api/live/publish", """{ "topic": "admin-notifications", "name": "secret" }""", headers)).Good();
        (await rondo.AskAsync(HttpMethod.Post, $"/api/live/publish", """{ "topic": "global", "name": "trial" }""", headers)).Good();
        (await rondo.AskAsync(HttpMethod.Post, $"/api/live/publish", """{ "topic": "global", "name": "of another" }""")).Good();

        var path = await Eventually.GetAsync(
            async () => await rondo.GetAsync("/api/trace/order-4711"),
            a => a.Status == HttpStatusCode.OK && Steps(a.Json, "change").All(s => s.GetProperty("no").GetInt64() > 0) && Steps(a.Json, "event").Length == 2 && Steps(a.Json, "attempt").Any(s => Text(s, "outcome") == "done"),
            "all of it is there", TimeSpan.FromSeconds(30));
        Assert.Equal(["jobs.enqueue", "live.publish", "live.publish", "queues.change"], Steps(path.Json, "change").Select(s => Text(s, "name")).Order());
        Assert.Equal([("retry", 1), ("done", 2)], Steps(path.Json, "attempt").Select(s => (Text(s, "outcome"), s.GetProperty("attempt").GetInt32())));
        Assert.Equal(id, Assert.Single(Steps(path.Json, "job")).GetProperty("job_id").GetInt64());
        Assert.Equal(["secret", "trial"], Steps(path.Json, "event").Select(s => Text(s, "name")));
        Assert.All(path.Json.GetProperty("steps").EnumerateArray(), s => Assert.Equal(("order-4711", TraceId), (Text(s, "correlation_id"), Text(s, "trace_id"))));
        var times = path.Json.GetProperty("steps").EnumerateArray().Select(s => s.GetProperty("at").GetDateTimeOffset()).ToArray();
        Assert.Equal(times.Order(), times);
        Assert.False(path.Json.GetProperty("is_cut").GetBoolean() || path.Json.GetProperty("is_withheld").GetBoolean());
        Assert.Equal(path.Json.GetProperty("steps").GetRawText(), (await rondo.GetAsync($"/api/trace/{TraceId}")).Good().GetProperty("steps").GetRawText());

        // Whoever is no administrator sees neither the audit trail nor what is for administrators.
        using var viewer = await HttpFixture.ClientAsync(rondo.Server, rondo.Api, Role.Viewer);
        var seen = JsonDocument.Parse(await viewer.GetStringAsync("/api/trace/order-4711")).RootElement;
        Assert.Empty(Steps(seen, "change"));
        Assert.Equal(["trial"], Steps(seen, "event").Select(s => Text(s, "name")));
        Assert.True(seen.GetProperty("is_withheld").GetBoolean());
        (await rondo.GetAsync("/api/trace/nowhere")).Problem(HttpStatusCode.NotFound);
        (await rondo.GetAsync("/api/trace/two%20words")).Problem(HttpStatusCode.BadRequest);

        // The trail holds with these columns in it, and without.
        Assert.True((await rondo.Server.Audit.VerifyAsync(rondo.Server.Database)).IsClean);
        await rondo.Server.Database.WriteAsync("test", tx => { tx.Execute(new Rondo.Storage.Sql("test", "update audit_log set correlation_id = null, trace_id = null where action = 'queues.change'")); });
        Assert.Equal("changed", Assert.Single((await rondo.Server.Audit.VerifyAsync(rondo.Server.Database)).Findings).Code);
    }

    [Fact]
    public async Task A_request_that_names_nothing_has_a_trace_whose_id_finds_what_it_did()
    {
        await using var rondo = new HttpFixture(null, "work");
        await rondo.InitializeAsync();
        var answer = await rondo.AskAsync(HttpMethod.Post, "/api/jobs", """{ "kind": "noop" }""", ("traceparent", "00-<script>-b7ad6b7169203331-01"));
        var id = answer.Good(HttpStatusCode.Created).GetProperty("id").GetInt64();
        var correlation = answer.Header("X-Correlation-Id")!;
        Assert.Matches("^[0-9a-f]{32}$", correlation);
        Assert.StartsWith($"00-{correlation}-", answer.Header("traceparent"), StringComparison.Ordinal);
        Assert.Equal(id, Steps((await rondo.GetAsync("/api/trace/" + correlation)).Good(), "job").Single().GetProperty("job_id").GetInt64());
        var twice = new HttpRequestMessage(HttpMethod.Get, "/api/nodes");
        twice.Headers.TryAddWithoutValidation("traceparent", [Parent, Parent]);
        Assert.DoesNotContain(TraceId, (await rondo.SendAsync(twice)).Header("traceparent"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_says_on_the_feed_which_request_it_follows_from()
    {
        await using var rig = await Live.FeedRig.StartAsync();
        using var listener = await rig.ListenAsync(["global"]);
        using (Rondo.Storage.TraceContext.Enter(Rondo.Storage.TraceContext.From("order-1", Parent)))
        {
            await rig.PublishAsync("with");
        }

        await rig.PublishAsync("without");
        var with = await listener.EventAsync();
        Assert.Equal(("order-1", TraceId), (Text(with, "correlation_id"), Text(with, "trace_id")));
        Assert.False((await listener.EventAsync()).TryGetProperty("correlation_id", out _));
    }

    [Fact]
    public async Task Publishing_takes_what_the_log_takes_marks_it_as_a_test_and_is_for_admins()
    {
        await using var rondo = new HttpFixture(null, "work");
        await rondo.InitializeAsync();
        var answer = (await rondo.AskAsync(HttpMethod.Post, "/api/live/publish", """{ "topic": "devices.7", "name": "door.opened", "data": { "door": 3, "test": false } }""")).Good();
        Assert.Equal(("devices.7", "door.opened"), (Text(answer, "topic"), Text(answer, "name")));
        var stored = await rondo.Server.Database.ReadAsync("test", tx => tx.Query<string>(new Rondo.Storage.Sql("test", "select data from live_event")));
        Assert.Equal("""{"door":3,"test":true}""", Assert.Single(stored));
        foreach (var (body, pointer) in new[]
        {
            ("""{ "topic": "nowhere", "name": "x" }""", "/topic"), ("""{ "topic": "global", "name": "" }""", ""), ("""{ "topic": "global", "name": "x", "data": [] }""", "/data"),
            ("""{ "topic": "global", "name": "x", "data": { "a": 1, "a": 2 } }""", "/data"), ("""{ "topic": "global" }""", ""), ("""{ "topic": "global", "name": "x", "more": 1 }""", "/more"),
            ($$"""{ "topic": "global", "name": "x", "data": { "a": "{{new string('a', 70_000)}}" } }""", ""),
        })
        {
            var refused = (await rondo.AskAsync(HttpMethod.Post, "/api/live/publish", body)).Problem(HttpStatusCode.UnprocessableEntity);
            Assert.Equal(pointer, refused.GetProperty("errors")[0].GetProperty("pointer").GetString());
        }

        (await rondo.AskAsync(HttpMethod.Post, "/api/live/publish", $$"""{ "topic": "global", "name": "x", "data": { "a": "{{new string('a', 500_000)}}" } }""")).Problem(HttpStatusCode.RequestEntityTooLarge);
        Assert.Single(await rondo.Server.Database.ReadAsync("test", tx => tx.Query<string>(new Rondo.Storage.Sql("test", "select data from live_event"))));
        using var client = await HttpFixture.ClientAsync(rondo.Server, rondo.Api, Role.Operator);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.PostAsync("/api/live/publish", new StringContent("{}", System.Text.Encoding.UTF8, "application/json"))).StatusCode);
    }

    private static JsonElement[] Steps(JsonElement path, string what) => [.. path.GetProperty("steps").EnumerateArray().Where(s => Text(s, "what") == what)];

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();
}
