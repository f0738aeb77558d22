using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Host;
using Rondo.Polling;
using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>Jobs, queues and workers from the command line, with and without a server, on both databases.</summary>
public sealed class Jobs_commands : CommandTests
{
    [Theory]
    [MemberData(nameof(Databases))]
    public async Task A_job_is_enqueued_found_explained_worked_off_and_shown(string kind)
    {
        var run = await StartAsync(kind);
        var id = await EnqueueAsync(run, "--tag", "größer", "--meta", "customer=17", "--note", "a trial");
        await run.GoodAsync("jobs", "list", "--tag", "größer", "--json");
        var job = Assert.Single(run.Json.GetProperty("jobs").EnumerateArray());
        Assert.Equal(id, job.GetProperty("id").GetInt64());
        Assert.Equal("ready", job.GetProperty("state").GetString());
        Assert.Equal("17", job.GetProperty("metadata").GetProperty("customer").GetString());
        Assert.Equal("größer", job.GetProperty("tags")[0].GetString());
        await run.GoodAsync("jobs", "list", "--tag", "größe_", "--json");
        Assert.Equal(0, run.Json.GetProperty("jobs").GetArrayLength());
        Assert.Equal(["no_node", "next"], await ReasonsAsync(run, id));

        var later = await EnqueueAsync(run);
        Assert.Equal(["no_node", "ahead"], await ReasonsAsync(run, later));
        var scheduled = await EnqueueAsync(run, "--delay", "1h");
        Assert.Equal("due_later", (await ReasonsAsync(run, scheduled))[0]);

        await run.GoodAsync("work", "--once", "--json");
        Assert.Equal(2, run.Json.GetProperty("finished").GetInt32());
        await run.GoodAsync("jobs", "show", $"{id}", "--json");
        Assert.Equal("done", run.Json.GetProperty("job").GetProperty("state").GetString());
        Assert.Equal(["done"], await ReasonsAsync(run, id));
        await run.GoodAsync("jobs", "show", $"{id}");
        Assert.Contains("note: a trial", run.Output, StringComparison.Ordinal);
        await run.GoodAsync("queues", "list", "--json");
        var queue = run.Json.GetProperty("queues").EnumerateArray().Single(q => q.GetProperty("queue").GetString() == "default");
        Assert.Equal(2, queue.GetProperty("finished").GetInt32());
        Assert.Equal(1, queue.GetProperty("scheduled").GetInt32());
        Assert.Equal(0, queue.GetProperty("failure_rate").GetDouble());
        Assert.True(queue.GetProperty("run_p99_ms").GetDouble() >= 0);
        Assert.Equal(0, await run.RunAsync("work", "--once", "--queue", "default"));

        await run.GoodAsync("jobs", "retry", $"{scheduled}");
        await run.GoodAsync("work", "--once", "--max", "1", "--json");
        Assert.Equal(1, run.Json.GetProperty("finished").GetInt32());
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Many_are_acted_on_by_what_they_have_in_common(string kind)
    {
        var run = await StartAsync(kind);
        for (var n = 0; n < 3; n++)
        {
            await EnqueueAsync(run, "--args", """{"fails": 9}""", "--attempts", "1");
        }

        await EnqueueAsync(run);
        await run.GoodAsync("work", "--once");
        await run.GoodAsync("jobs", "list", "--state", "dead", "--error", "was to fail", "--json");
        var dead = run.Json.GetProperty("jobs").EnumerateArray().Select(j => j.GetProperty("id").GetInt64()).ToArray();
        Assert.Equal(3, dead.Length);
        await run.GoodAsync("jobs", "show", $"{dead[0]}", "--json");
        Assert.Equal("dead", run.Json.GetProperty("failures")[0].GetProperty("outcome").GetString());

        await run.GoodAsync("queues", "list", "--kinds");
        Assert.Matches("(?m)^default +noop +0 ", run.Output);
        await run.GoodAsync("jobs", "release", "--queue", "default", "--dry-run", "--json");
        Assert.Equal(0, run.Json.GetProperty("found").GetInt32());
        await run.GoodAsync("jobs", "discard", "--state", "dead", "--dry-run", "--json");
        Assert.Equal(3, run.Json.GetProperty("found").GetInt32());
        await run.GoodAsync("jobs", "retry", "--queue", "default", "--error", "was to", "--dry-run", "--json");
        Assert.Equal(3, run.Json.GetProperty("found").GetInt32());
        Assert.Equal(dead, run.Json.GetProperty("first").EnumerateArray().Select(i => i.GetInt64()));
        Assert.True(run.Json.GetProperty("is_dry_run").GetBoolean());
        await run.GoodAsync("jobs", "discard", $"{dead[0]}");
        await run.GoodAsync("jobs", "retry", "--all", "--json");
        Assert.Equal(2, run.Json.GetProperty("done").GetInt32());
        await run.GoodAsync("jobs", "list", "--state", "ready", "--json");
        Assert.Equal(2, run.Json.GetProperty("jobs").GetArrayLength());
        await run.GoodAsync("jobs", "cancel", "--all", "--kind", "noop");
        Assert.Contains("done with 2 of 2 jobs", run.Output, StringComparison.Ordinal);
        Assert.Equal(1, await run.RunAsync("jobs", "cancel", $"{dead[0]}"));
        Assert.Contains("it is cancelled", run.Error, StringComparison.Ordinal);
        Assert.Equal(1, await run.RunAsync("jobs", "release", $"{dead[0]}"));
        Assert.Equal(1, await run.RunAsync("jobs", "retry", "999999"));
        Assert.Contains("there is no job 999999", run.Error, StringComparison.Ordinal);

        await run.GoodAsync("jobs", "prune", "--days", "1", "--json");
        Assert.Equal(0, run.Json.GetProperty("total").GetInt32());
        await run.GoodAsync("jobs", "prune", "--days", "0", "--dry-run", "--json");
        Assert.Equal(4, run.Json.GetProperty("total").GetInt32());
        await run.GoodAsync("jobs", "prune", "--days", "0", "--state", "cancelled", "--json");
        Assert.Equal(3, run.Json.GetProperty("counts").GetProperty("cancelled").GetInt32());
        await run.GoodAsync("jobs", "list", "--json");
        Assert.Equal("done", Assert.Single(run.Json.GetProperty("jobs").EnumerateArray()).GetProperty("state").GetString());
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task A_running_server_obeys_pauses_numbers_of_workers_and_cancels(string kind)
    {
        var run = await StartAsync(kind);
        await using var server = await Server.StartAsync(
            DatabaseAddress.TryParse(run.Database, out _)!, ["work"], new PollingOptions(), TimeProvider.System, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
        await run.GoodAsync("workers", "list");
        await run.GoodAsync("queues", "pause", "default");
        await Eventually.TrueAsync(() => server.Worker!.State.Queues.Single(q => q.Name == "default").IsPaused, "the pause is obeyed");
        var id = await EnqueueAsync(run, "--args", """{"takes_ms": 600000}""");
        Assert.Equal("queue_paused", (await ReasonsAsync(run, id))[0]);
        await run.GoodAsync("workers", "scale", "default", "3");
        await run.GoodAsync("queues", "resume", "default");
        await Eventually.TrueAsync(async () => (await ReasonsAsync(run, id))[0] == "running", "the job runs");
        await Eventually.TrueAsync(() => server.Worker!.State.Queues.Single(q => q.Name == "default").Workers == 3, "three workers");
        Assert.Equal(1, await run.RunAsync("jobs", "discard", $"{id}"));

        await run.GoodAsync("jobs", "cancel", $"{id}");
        Assert.Contains("is asked to end it", run.Output, StringComparison.Ordinal);
        await Eventually.TrueAsync(async () => (await ReasonsAsync(run, id))[0] == "cancelled", "the job is cancelled");
        await run.GoodAsync("queues", "drain", "default", "--json");
        Assert.Equal(0, run.Json.GetProperty("running").GetInt32());
        await run.GoodAsync("workers", "stop", "default");
        await run.GoodAsync("workers", "restart", "default", "--json");
        Assert.Equal(0, run.Json.GetProperty("workers").GetInt32());
        await run.GoodAsync("workers", "start", "default");
        await Eventually.TrueAsync(() => server.Worker!.State.Queues.Single(q => q.Name == "default") is { IsPaused: false, Workers: 10 }, "as configured");
        await server.StopAsync();
    }

    [Fact]
    public async Task What_is_enqueued_twice_or_wrongly_is_said_so()
    {
        var run = await StartAsync("sqlite");
        var id = await EnqueueAsync(run, "--unique", "monthly");
        await run.GoodAsync("jobs", "enqueue", "noop", "--unique", "monthly", "--json");
        Assert.Equal(id, run.Json.GetProperty("id").GetInt64());
        Assert.False(run.Json.GetProperty("is_new").GetBoolean());
        Assert.Equal(64, await run.RunAsync("jobs", "enqueue", "noop", "--args", """{"takes_ms": "long"}"""));
        Assert.Contains("(at /takes_ms)", run.Error, StringComparison.Ordinal);
        Assert.Equal(64, await run.RunAsync("jobs", "enqueue", "noap"));
        Assert.Contains("known: http, ", run.Error, StringComparison.Ordinal);
        await run.GoodAsync("queues", "pause", "paymnts");
        Assert.Contains("nobody knows a queue 'paymnts' yet", run.Error, StringComparison.Ordinal);
        run.Variables["RONDO_JOBS_QUEUES"] = "hotspot";
        await run.GoodAsync("queues", "list", "--json");
        var queues = run.Json.GetProperty("queues").EnumerateArray().ToDictionary(
            q => q.GetProperty("queue").GetString()!, q => (q.GetProperty("configured_workers"), q.GetProperty("priority").GetInt32()));
        var hotspot = new Dictionary<string, (int, int)>
        {
            ["payments"] = (4, 20), ["provisioning"] = (3, 10), ["default"] = (2, 0), ["router-checks"] = (2, 0), ["router-data"] = (3, 0), ["log-rotation"] = (1, 0),
        };
        Assert.All(hotspot, expected => Assert.Equal(expected.Value, (queues[expected.Key].Item1.GetInt32(), queues[expected.Key].Item2)));
        foreach (var (more, priority) in new[] { (new[] { "--queue", "payments" }, 20), (["--queue", "provisioning"], 10), ([], 0), (["--queue", "payments", "--priority", "-5"], -5) })
        {
            await run.GoodAsync("jobs", "show", $"{await EnqueueAsync(run, more)}", "--json");
            Assert.Equal(priority, run.Json.GetProperty("job").GetProperty("priority").GetInt32());
        }

        foreach (var wrong in new[] { "payments=4:", "payments=4:x", "payments=4:101", "payments=4:1:2", "payments=:1" })
        {
            run.Variables["RONDO_JOBS_QUEUES"] = wrong;
            Assert.Equal(64, await run.RunAsync("queues", "list"));
        }

        run.Variables["RONDO_JOBS_QUEUES"] = "payments=4,payments=5";
        Assert.Equal(64, await run.RunAsync("queues", "list"));
        Assert.Contains("RONDO_JOBS_QUEUES", run.Error, StringComparison.Ordinal);
        run.Variables["RONDO_JOBS_QUEUES"] = "payments=4000";
        Assert.Equal(64, await run.RunAsync("queues", "list"));
    }

    private static async Task<long> EnqueueAsync(CommandRun run, params string[] more)
    {
        await run.GoodAsync(["jobs", "enqueue", "noop", "--json", .. more]);
        return run.Json.GetProperty("id").GetInt64();
    }

    private static async Task<string[]> ReasonsAsync(CommandRun run, long id)
    {
        await run.GoodAsync("jobs", "explain", $"{id}", "--json");
        return [.. run.Json.GetProperty("reasons").EnumerateArray().Select(r => r.GetProperty("code").GetString()!)];
    }
}
