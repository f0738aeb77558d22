using System.Net;
using System.Text.Json;
using Rondo.Jobs;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>Health of jobs over HTTP, on both databases.</summary>
public sealed class JobHealthTests
{
    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Health_tells_of_queues_balance_and_hints_and_a_loss_makes_it_critical(string kind)
    {
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        await using var rondo = new HttpFixture(postgres?.Url, "work");
        await rondo.InitializeAsync();
        (await rondo.AskAsync(HttpMethod.Post, "/api/queues/default/pause")).Good();
        await Eventually.TrueAsync(() => rondo.Server.Worker!.State.Queues.Single(q => q.Name == "default").IsPaused, "the pause is obeyed");
        (await rondo.AskAsync(HttpMethod.Post, "/api/jobs", """{ "kind": "noop" }""")).Good(HttpStatusCode.Created);
        var health = (await rondo.GetAsync("/api/jobs/health")).Good();
        Assert.True(health.GetProperty("status").GetString() == "healthy", health.GetProperty("reasons").GetRawText());
        Assert.Equal(rondo.Server.Node.Id, health.GetProperty("node").GetString());
        Assert.Equal(1, health.GetProperty("workers").GetInt32());
        Assert.Equal("default", health.GetProperty("paused")[0].GetString());
        Assert.True(health.GetProperty("queues").EnumerateArray().Single(q => q.GetProperty("name").GetString() == "default").GetProperty("is_paused").GetBoolean());
        Assert.Equal(0, health.GetProperty("written_off").GetInt32());
        Assert.Equal(kind == "postgres", health.GetProperty("hints").GetProperty("is_listening").GetBoolean());
        Assert.Contains(health.GetProperty("loops").EnumerateArray(), l => l.GetProperty("name").GetString() == "jobs.balance");
        Assert.Equal("healthy", (await rondo.GetAsync("/api/health")).Good().GetProperty("status").GetString());

        var balance = await rondo.Server.JobOperations.BalanceAsync();
        Assert.Equal((1, 1), (balance.Accepted, balance.Open));
        await rondo.Server.Database.WriteAsync("test", tx => tx.Execute(new Sql("test", "delete from job_ready")));
        Assert.False((await rondo.Server.JobOperations.BalanceAsync()).IsBalanced);
        foreach (var path in new[] { "/api/jobs/health", "/api/health" })
        {
            var answer = (await rondo.GetAsync(path)).Good(HttpStatusCode.ServiceUnavailable);
            Assert.Equal("critical", answer.GetProperty("status").GetString());
            var reason = Assert.Single(answer.GetProperty("reasons").EnumerateArray(), r => r.GetProperty("code").GetString() == "jobs.missing");
            Assert.Contains("1 jobs of kind noop", reason.GetProperty("message").GetString(), StringComparison.Ordinal);
        }

        Assert.Equal(1, (await rondo.GetAsync("/api/jobs/health")).Json.GetProperty("balance").GetProperty("missing").GetInt32());
        Assert.Equal(JsonValueKind.Null, (await rondo.GetAsync("/api/queues")).Good().GetProperty("redis").ValueKind);
    }

    [Fact]
    public void Work_without_a_node_for_it_and_a_balance_that_is_not_made_are_reasons()
    {
        var now = new Instant(1_800_000_000_000_000);
        var options = new JobsOptions();
        Assert.Empty(Judge(new JobFacts(null, now, [("default", now - TimeSpan.FromSeconds(30))], 0, [])));
        var idle = Assert.Single(Judge(new JobFacts(null, now, [("b", now - TimeSpan.FromSeconds(70)), ("a", now - TimeSpan.FromSeconds(90))], 0, [])));
        Assert.Equal(("jobs.no_node", "a"), (idle.Code, idle.Subject));
        Assert.Empty(Judge(new JobFacts(null, now, [("a", now - TimeSpan.FromHours(1))], 1, [])));

        // By settings 0: told, unless a node holds some of it, or an operator wants so.
        options = options with { Queues = new Dictionary<string, int> { ["a"] = 0, ["b"] = 1 } };
        var off = new JobFacts(null, now, [("a", now - TimeSpan.FromSeconds(70)), ("b", now - TimeSpan.FromHours(1)), ("c", now - TimeSpan.FromHours(1))], 1, []);
        Assert.Equal(("jobs.no_workers", "a"), Judge(off).Select(f => (f.Code, f.Subject)).Single());
        Assert.Empty(Judge(off with { Held = ["a"] }));
        Assert.Empty(Judge(off with { Scaled = ["a"] }));
        Assert.Equal("jobs.no_node", Assert.Single(Judge(off with { Workers = 0 })).Code);
        Assert.Equal("jobs.balance_old", Assert.Single(Judge(new JobFacts(null, now - TimeSpan.FromMinutes(16), [], 1, []))).Code);
        Assert.Empty(Judge(new JobFacts(null, now - TimeSpan.FromMinutes(14), [], 1, [])));

        // Nobody worked overnight, and somebody began a minute ago.
        var overnight = new JobFacts(null, now - TimeSpan.FromHours(9), [], 1, []) { WorkingSince = now - TimeSpan.FromMinutes(1) };
        Assert.Empty(Judge(overnight));
        Assert.Equal("jobs.balance_old", Assert.Single(Judge(overnight with { WorkingSince = now - TimeSpan.FromMinutes(6) })).Code);

        IReadOnlyList<Rondo.Diagnostics.Finding> Judge(JobFacts facts) => JobHealth.Judge(facts, null, options, now);
    }
}
