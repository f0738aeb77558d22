using System.Net;
using Rondo.Tests.Jobs.Recurring;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>Schedules over HTTP, on both databases.</summary>
[Collection(ScheduleCollection.Name)]
public sealed class ScheduleTests
{
    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Schedules_are_added_fire_and_are_paused_run_checked_and_removed(string kind)
    {
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        await using var rondo = new HttpFixture(postgres?.Url, "work");
        await rondo.InitializeAsync();
        const string Body = """{ "name": "second", "kind": "noop", "args": { "takes_ms": 0 }, "cron": "* * * * * *", "zone": "Europe/Berlin", "overlap": "allow", "missed": "all:3", "metadata": { "a": "b" } }""";
        Assert.Equal(5, (await PostAsync(rondo, "/api/schedules?dry_run=true", Body)).Good().GetProperty("next").GetArrayLength());
        (await rondo.GetAsync("/api/schedules/second")).Problem(HttpStatusCode.NotFound);
        var answer = await PostAsync(rondo, "/api/schedules", Body);
        Assert.Equal("all:3", answer.Good(HttpStatusCode.Created).GetProperty("schedule").GetProperty("missed").GetString());
        Assert.Equal("/api/schedules/second", answer.Message.Headers.Location!.ToString());
        (await PostAsync(rondo, "/api/schedules", Body)).Problem(HttpStatusCode.Conflict);
        (await PostAsync(rondo, "/api/schedules", Body.Replace("""{ "name":""", """{ "replace": true, "name":""", StringComparison.Ordinal))).Good(HttpStatusCode.Created);
        var tick = await Eventually.GetAsync(
            async () => (await rondo.GetAsync("/api/schedules/second")).Good().GetProperty("ticks"), t => t.GetArrayLength() > 0, "it fires");
        var id = tick[0].GetProperty("job_id").GetInt64();
        var job = (await rondo.GetAsync($"/api/jobs/{id}")).Good().GetProperty("job").GetProperty("metadata");
        Assert.Equal(("b", "second", tick[0].GetProperty("due").GetString()), (job.GetProperty("a").GetString(), job.GetProperty("schedule").GetString(), job.GetProperty("schedule_due").GetString()));

        Assert.True((await PostAsync(rondo, "/api/schedules/second/pause")).Good().GetProperty("schedule").GetProperty("is_paused").GetBoolean());
        await Eventually.TrueAsync(
            async () => (await rondo.GetAsync("/api/schedules")).Good().GetProperty("schedules")[0].GetProperty("last_tick").GetProperty("reason").GetString() == "paused", "it is paused");
        var ran = (await PostAsync(rondo, "/api/schedules/second/run")).Good(HttpStatusCode.Created).GetProperty("id").GetInt64();
        Assert.Equal("second", (await rondo.GetAsync($"/api/jobs/{ran}")).Good().GetProperty("job").GetProperty("metadata").GetProperty("schedule").GetString());
        Assert.False((await PostAsync(rondo, "/api/schedules/second/resume")).Good().GetProperty("schedule").GetProperty("is_paused").GetBoolean());
        Assert.Equal(0, (await rondo.GetAsync("/api/schedules/second/check")).Good().GetProperty("holes").GetInt64());
        Assert.Equal("second", (await rondo.AskAsync(HttpMethod.Delete, "/api/schedules/second")).Good().GetProperty("name").GetString());
        foreach (var path in new[] { "run", "pause", "resume" })
        {
            (await PostAsync(rondo, "/api/schedules/second/" + path)).Problem(HttpStatusCode.NotFound);
        }

        (await rondo.AskAsync(HttpMethod.Delete, "/api/schedules/second")).Problem(HttpStatusCode.NotFound);
        (await rondo.GetAsync("/api/schedules/second/check")).Problem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task What_is_wrong_is_told_with_where()
    {
        await using var rondo = new HttpFixture(null, "work");
        await rondo.InitializeAsync();
        await WrongAsync("""{ "name": "a b", "kind": "noop", "every": "1h" }""", "/name");
        await WrongAsync("""{ "name": "a", "kind": "noap", "every": "1h" }""", "/kind");
        await WrongAsync("""{ "name": "a", "kind": "noop", "every": "1h", "args": { "takes_ms": "x" } }""", "/args/takes_ms");
        await WrongAsync("""{ "name": "a", "kind": "noop", "cron": "61 * * * *" }""", "/cron");
        await WrongAsync("""{ "name": "a", "kind": "noop", "cron": "1 * * * *", "zone": "Mars" }""", "/zone");
        await WrongAsync("""{ "name": "a", "kind": "noop", "every": "1h", "missed": "often" }""", "/missed");
        await WrongAsync("""{ "name": "a", "kind": "noop", "every": "1h", "overlap": "often" }""", "/overlap");
        await WrongAsync("""{ "name": "a", "kind": "noop", "every": "1h", "evry": 1 }""", "/evry");
        await WrongAsync("""{ "name": "a", "kind": "noop", "every": "1h", "priority": 500 }""", "/priority");
        await WrongAsync("""{ "name": "a", "kind": "noop" }""", "");
        (await PostAsync(rondo, "/api/schedules?dryrun=true", "{}")).Problem(HttpStatusCode.BadRequest);
        Assert.Equal(0, (await rondo.GetAsync("/api/schedules")).Good().GetProperty("schedules").GetArrayLength());

        async Task WrongAsync(string body, string pointer) => Assert.Equal(
            pointer, (await PostAsync(rondo, "/api/schedules", body)).Problem(HttpStatusCode.UnprocessableEntity).GetProperty("errors")[0].GetProperty("pointer").GetString());
    }

    private static Task<Answer> PostAsync(HttpFixture rondo, string path, string? json = null) => rondo.AskAsync(HttpMethod.Post, path, json);
}
