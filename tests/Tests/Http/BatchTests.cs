using System.Net;
using System.Text.Json;
using Rondo.Host.Jobs;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>Batches and chains over HTTP, on both databases.</summary>
public sealed class BatchTests
{
    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Batches_are_listed_shown_and_cancelled_and_jobs_wait_for_others(string kind)
    {
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        await using var rondo = new HttpFixture(postgres?.Url, "work");
        await rondo.InitializeAsync();
        var queue = rondo.Server.Jobs;
        var (quick, slow) = (queue.Prepare(new NoopArgs()), queue.Prepare(new NoopArgs(TakesMs: 600_000)));
        var good = (await queue.EnqueueBatchAsync("good", [quick, quick], quick)).Id;
        await Eventually.TrueAsync(async () => (await ShowAsync(rondo, good)).GetProperty("state").GetString() == "finished", "it has finished");
        var batch = await ShowAsync(rondo, good);
        Assert.Equal((2, 2), (batch.GetProperty("total").GetInt32(), batch.GetProperty("done").GetInt32()));
        var callback = batch.GetProperty("callback_job_id").GetInt64();
        await Eventually.TrueAsync(async () => (await rondo.GetAsync($"/api/jobs/{callback}")).Good().GetProperty("job").GetProperty("state").GetString() == "done", "the callback ran");

        var other = (await queue.EnqueueBatchAsync("other", [slow, slow, quick])).Id;
        await Eventually.TrueAsync(async () => (await ShowAsync(rondo, other)).GetProperty("running").GetInt32() == 2, "two run");
        Assert.Equal(other, Assert.Single((await rondo.GetAsync("/api/batches?open=true")).Good().GetProperty("batches").EnumerateArray()).GetProperty("id").GetInt64());
        var page = (await rondo.GetAsync("/api/batches?limit=1")).Good();
        Assert.Equal(other, page.GetProperty("batches")[0].GetProperty("id").GetInt64());
        Assert.Equal(good, (await rondo.GetAsync(page.GetProperty("next").GetString()!)).Good().GetProperty("batches")[0].GetProperty("id").GetInt64());
        Assert.Equal(3, (await rondo.GetAsync($"/api/jobs?batch={other}")).Good().GetProperty("jobs").GetArrayLength());
        Assert.Equal(other, (await rondo.AskAsync(HttpMethod.Post, $"/api/batches/{other}/cancel", null)).Good().GetProperty("id").GetInt64());
        await Eventually.TrueAsync(async () => (await ShowAsync(rondo, other)).GetProperty("state").GetString() == "finished", "all of it has ended");
        Assert.Equal(2, (await ShowAsync(rondo, other)).GetProperty("cancelled").GetInt32());
        (await rondo.AskAsync(HttpMethod.Post, $"/api/batches/{other}/cancel", null)).Problem(HttpStatusCode.Conflict);
        (await rondo.AskAsync(HttpMethod.Post, "/api/batches/999/cancel", null)).Problem(HttpStatusCode.NotFound);
        (await rondo.GetAsync("/api/batches/999")).Problem(HttpStatusCode.NotFound);
        (await rondo.GetAsync("/api/batches?limit=0")).Problem(HttpStatusCode.BadRequest);

        var first = await EnqueueAsync(rondo, """{ "kind": "noop", "delay": "10m" }""");
        var second = await EnqueueAsync(rondo, $$"""{ "kind": "noop", "after": {{first}} }""");
        var explanation = (await rondo.GetAsync($"/api/jobs/{second}/explain")).Good();
        Assert.Equal(("waits_for_job", first), (explanation.GetProperty("reasons")[0].GetProperty("code").GetString(), explanation.GetProperty("waits_for_job").GetInt64()));
        Assert.Equal(first, (await rondo.GetAsync($"/api/jobs/{second}")).Good().GetProperty("job").GetProperty("waits_for_job").GetInt64());
        (await rondo.AskAsync(HttpMethod.Post, $"/api/jobs/{first}/retry", null)).Good();
        await Eventually.TrueAsync(async () => (await rondo.GetAsync($"/api/jobs/{second}")).Good().GetProperty("job").GetProperty("state").GetString() == "done", "it ran after the first");
        (await rondo.AskAsync(HttpMethod.Post, "/api/jobs", """{ "kind": "noop", "after": 999999 }""")).Problem(HttpStatusCode.UnprocessableEntity);
        const string Unique = """{ "kind": "noop", "unique_key": "k", "unique_period": "366d" }""";
        await EnqueueAsync(rondo, Unique);
        Assert.False((await rondo.AskAsync(HttpMethod.Post, "/api/jobs", Unique)).Good().GetProperty("is_new").GetBoolean());
    }

    private static async Task<JsonElement> ShowAsync(HttpFixture rondo, long id) => (await rondo.GetAsync($"/api/batches/{id}")).Good();

    private static async Task<long> EnqueueAsync(HttpFixture rondo, string body) =>
        (await rondo.AskAsync(HttpMethod.Post, "/api/jobs", body)).Good(HttpStatusCode.Created).GetProperty("id").GetInt64();
}
