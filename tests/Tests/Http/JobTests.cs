using System.Net;
using System.Text.Json;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>Jobs and queues over HTTP, on both databases.</summary>
public sealed class JobTests
{
    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Jobs_are_enqueued_listed_explained_and_changed(string kind)
    {
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        await using var rondo = new HttpFixture(postgres?.Url, "work");
        await rondo.InitializeAsync();
        Assert.True((await PostAsync(rondo, "/api/queues/default/pause")).Good().GetProperty("is_paused").GetBoolean());
        await Eventually.TrueAsync(() => rondo.Server.Worker!.State.Queues.Single(q => q.Name == "default").IsPaused, "the pause is obeyed");

        var answer = await PostAsync(rondo, "/api/jobs", """{ "kind": "noop", "args": { "takes_ms": 1 }, "tags": ["a"], "metadata": { "x": "y" }, "unique_key": "one", "priority": 5 }""");
        var id = answer.Good(HttpStatusCode.Created).GetProperty("id").GetInt64();
        Assert.Equal($"/api/jobs/{id}", answer.Message.Headers.Location!.ToString());
        Assert.False((await PostAsync(rondo, "/api/jobs", """{ "kind": "noop", "unique_key": "one" }""")).Good().GetProperty("is_new").GetBoolean());
        var later = (await PostAsync(rondo, "/api/jobs", """{ "kind": "noop", "delay": "10m" }""")).Good(HttpStatusCode.Created).GetProperty("id").GetInt64();

        var page = (await rondo.GetAsync("/api/jobs?limit=1")).Good();
        Assert.Equal(later, page.GetProperty("jobs")[0].GetProperty("id").GetInt64());
        var rest = (await rondo.GetAsync(page.GetProperty("next").GetString()!)).Good();
        Assert.Equal(id, rest.GetProperty("jobs")[0].GetProperty("id").GetInt64());
        Assert.Equal(JsonValueKind.Null, rest.GetProperty("next").ValueKind);
        Assert.Equal(1, (await rondo.GetAsync("/api/jobs?state=ready&queue=default&kind=noop&tag=a")).Good().GetProperty("jobs").GetArrayLength());

        var job = (await rondo.GetAsync($"/api/jobs/{id}")).Good().GetProperty("job");
        Assert.Equal(1, job.GetProperty("args").GetProperty("takes_ms").GetInt32());
        Assert.Equal("queue_paused", Reason(await rondo.GetAsync($"/api/jobs/{id}/explain")));
        Assert.Equal("due_later", Reason(await rondo.GetAsync($"/api/jobs/{later}/explain")));
        Assert.Equal("cancelled", (await PostAsync(rondo, $"/api/jobs/{later}/cancel")).Good().GetProperty("state").GetString());
        (await PostAsync(rondo, $"/api/jobs/{later}/cancel")).Problem(HttpStatusCode.Conflict);
        (await PostAsync(rondo, $"/api/jobs/{id}/release")).Problem(HttpStatusCode.Conflict);
        (await PostAsync(rondo, "/api/jobs/999999/retry")).Problem(HttpStatusCode.NotFound);
        (await rondo.GetAsync("/api/jobs/999999")).Problem(HttpStatusCode.NotFound);

        Assert.Equal(2, (await rondo.AskAsync(HttpMethod.Put, "/api/queues/default/workers", """{ "workers": 2 }""")).Good().GetProperty("workers").GetInt32());
        (await PostAsync(rondo, "/api/queues/default/resume")).Good();
        await Eventually.TrueAsync(async () => Reason(await rondo.GetAsync($"/api/jobs/{id}/explain")) == "done", "the job is done");
        Assert.Equal("ready", (await PostAsync(rondo, $"/api/jobs/{later}/retry")).Good().GetProperty("state").GetString());
        await Eventually.TrueAsync(async () => Reason(await rondo.GetAsync($"/api/jobs/{later}/explain")) == "done", "the other one too");
        foreach (var path in new[] { "/api/queues", "/api/polling/queue-status", "/api/admin/queue-status" })
        {
            var status = (await rondo.GetAsync(path)).Good();
            Assert.Equal(2, status.GetProperty("total").GetProperty("finished").GetInt64());
            Assert.Equal(rondo.Server.Node.Id, status.GetProperty("workers")[0].GetString());
        }
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Many_are_changed_by_a_query_and_told_of_by_kind(string kind)
    {
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        await using var rondo = new HttpFixture(postgres?.Url, "work");
        await rondo.InitializeAsync();
        (await PostAsync(rondo, "/api/queues/other/pause")).Good();
        for (var n = 0; n < 3; n++)
        {
            (await PostAsync(rondo, "/api/jobs", """{ "kind": "noop", "queue": "default", "args": { "fails": 9 }, "attempts": 1 }""")).Good(HttpStatusCode.Created);
        }

        (await PostAsync(rondo, "/api/jobs", """{ "kind": "http", "queue": "other", "args": { "url": "http://example.org/" } }""")).Good(HttpStatusCode.Created);
        (await PostAsync(rondo, "/api/jobs", """{ "kind": "noop", "queue": "other" }""")).Good(HttpStatusCode.Created);
        await Eventually.TrueAsync(async () => (await rondo.GetAsync("/api/jobs?state=dead")).Good().GetProperty("jobs").GetArrayLength() == 3, "three are dead");

        var queues = (await rondo.GetAsync("/api/queues")).Good().GetProperty("queues").EnumerateArray().ToDictionary(q => q.GetProperty("queue").GetString()!);
        Assert.Equal([("http", 1, 0), ("noop", 1, 0)], Kinds(queues["other"], "ready"));
        Assert.Equal([("noop", 0, 3)], Kinds(queues["default"], "ready"));
        var failed = queues["default"].GetProperty("kinds")[0];
        Assert.Equal((1, 3, true), (failed.GetProperty("failure_rate").GetDouble(), failed.GetProperty("dead").GetInt32(), failed.GetProperty("run_p50_ms").GetDouble() >= 0));
        Assert.True(queues["other"].GetProperty("kinds")[0].GetProperty("oldest_ready_age_s").GetDouble() >= 0);

        (await PostAsync(rondo, "/api/jobs/retry")).Problem(HttpStatusCode.BadRequest);
        (await PostAsync(rondo, "/api/jobs/retry?dry_run=true")).Problem(HttpStatusCode.BadRequest);
        (await PostAsync(rondo, "/api/jobs/retry?state=asleep")).Problem(HttpStatusCode.BadRequest);
        var dry = (await PostAsync(rondo, "/api/jobs/discard?state=dead&queue=default&error=was%20to&dry_run=true")).Good();
        Assert.Equal((3, 0, true), (dry.GetProperty("found").GetInt32(), dry.GetProperty("done").GetInt32(), dry.GetProperty("is_dry_run").GetBoolean()));
        await ActAsync("cancel?queue=other&kind=http", 1);
        await ActAsync("discard?queue=default", 3);
        await ActAsync("release?all=true", 0);
        await ActAsync("cancel?all=true", 1);

        var drained = (await PostAsync(rondo, "/api/queues/default/drain")).Good();
        Assert.Equal((true, 0), (drained.GetProperty("is_paused").GetBoolean(), drained.GetProperty("running").GetInt32()));
        (await PostAsync(rondo, "/api/queues/a%20b/drain")).Problem(HttpStatusCode.UnprocessableEntity);

        async Task ActAsync(string what, int count)
        {
            var bulk = (await PostAsync(rondo, "/api/jobs/" + what)).Good();
            Assert.Equal((count, count, 0), (bulk.GetProperty("found").GetInt32(), bulk.GetProperty("done").GetInt32(), bulk.GetProperty("refused").GetInt32()));
        }

        static (string, int, int)[] Kinds(JsonElement queue, string held) =>
            [.. queue.GetProperty("kinds").EnumerateArray().Select(k => (k.GetProperty("kind").GetString()!, k.GetProperty(held).GetInt32(), k.GetProperty("finished").GetInt32()))];
    }

    [Fact]
    public async Task What_is_wrong_is_told_with_where()
    {
        await using var rondo = new HttpFixture(null, "work");
        await rondo.InitializeAsync();
        await WrongAsync("""{ "kind": "noop", "args": { "takes_ms": "long" } }""", "/args/takes_ms");
        await WrongAsync("""{ "kind": "noop", "args": [] }""", "/args");
        await WrongAsync("""{ "kind": "noap" }""", "/kind");
        await WrongAsync("""{ "kind": "noop", "prioritty": 5 }""", "/prioritty");
        foreach (var (option, value) in new[]
            {
                ("priority", "500"), ("queue", "\"a b\""), ("delay", "\"9999d\""), ("due", "\"2999-01-01T00:00:00Z\""), ("attempts", "0"), ("tags", "[\"\"]"), ("unique_key", "\"\""),
                ("unique_period", "\"1h\""), ("after", "0"), ("after", "999999"),
            })
        {
            await WrongAsync($$"""{ "kind": "noop", "{{option}}": {{value}} }""", "/" + option);
        }

        await WrongAsync("""{ "kind": "noop", "delay": "1s", "due": "2026-01-01T00:00:00Z" }""", "/due");
        await WrongAsync($$"""{ "kind": "noop", "note": "{{new string('x', 1_001)}}" }""", "/note");
        await WrongAsync($$"""{ "kind": "noop", "metadata": { "a": "{{new string('x', 8_000)}}" } }""", "/metadata");
        await WrongAsync("""{ "kind": "noop", "delay": "soon" }""", "/delay");
        await WrongAsync("{ no json", "");
        (await rondo.GetAsync("/api/jobs?state=asleep")).Problem(HttpStatusCode.BadRequest);
        (await rondo.GetAsync("/api/jobs?before=x")).Problem(HttpStatusCode.BadRequest);
        (await rondo.GetAsync("/api/jobs?limit=0")).Problem(HttpStatusCode.BadRequest);
        (await PostAsync(rondo, "/api/queues/a%20b/pause")).Problem(HttpStatusCode.UnprocessableEntity);
        (await rondo.AskAsync(HttpMethod.Put, "/api/queues/default/workers", """{ "workers": -1 }""")).Problem(HttpStatusCode.UnprocessableEntity);
        Assert.Equal(0, (await rondo.GetAsync("/api/jobs")).Good().GetProperty("jobs").GetArrayLength());

        async Task WrongAsync(string body, string pointer) => Assert.Equal(
            pointer, (await PostAsync(rondo, "/api/jobs", body)).Problem(HttpStatusCode.UnprocessableEntity).GetProperty("errors")[0].GetProperty("pointer").GetString());
    }

    private static Task<Answer> PostAsync(HttpFixture rondo, string path, string? json = null) => rondo.AskAsync(HttpMethod.Post, path, json);

    private static string? Reason(Answer answer) => answer.Good().GetProperty("reasons")[0].GetProperty("code").GetString();
}
