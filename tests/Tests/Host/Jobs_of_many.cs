using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Host;
using Rondo.Host.Commands;
using Rondo.Host.Jobs;
using Rondo.Jobs;
using Rondo.Polling;
using Rondo.Storage;
using Rondo.Tests.Nodes;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>Commands about many jobs, about what is wrong, and those that go on until they are told to stop.</summary>
public sealed class Jobs_of_many : CommandTests
{
    [Theory]
    [MemberData(nameof(Databases))]
    public async Task More_than_one_transaction_holds_are_acted_on_to_the_last(string kind)
    {
        var run = await StartAsync(kind);
        await EnqueueAsync(run, 450);
        await run.GoodAsync("jobs", "cancel", "--all", "--kind", "noop", "--json");
        Bulk(run, 450);
        await run.GoodAsync("jobs", "retry", "--all", "--state", "cancelled", "--json");
        Bulk(run, 450);
        await run.GoodAsync("jobs", "list", "--state", "ready", "--limit", "1000", "--json");
        Assert.Equal(450, run.Json.GetProperty("jobs").GetArrayLength());
        await run.GoodAsync("jobs", "discard", "--all", "--state", "ready", "--json");
        Bulk(run, 450);
        await run.GoodAsync("jobs", "prune", "--days", "0", "--json");
        Assert.Equal(450, run.Json.GetProperty("total").GetInt32());
        await run.GoodAsync("jobs", "balance", "--json");
        Assert.True(run.Json.GetProperty("is_balanced").GetBoolean());

        static void Bulk(CommandRun run, int count)
        {
            var json = run.Json;
            Assert.Equal((count, count, 0), (json.GetProperty("found").GetInt32(), json.GetProperty("done").GetInt32(), json.GetProperty("refused").GetInt32()));
        }
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task A_stuck_job_is_released_and_runs_again(string kind)
    {
        var run = await StartAsync(kind);
        await using var server = await Server.StartAsync(
            DatabaseAddress.TryParse(run.Database, out _)!, ["work"], new PollingOptions(), TimeProvider.System, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
        await run.GoodAsync("jobs", "enqueue", "noop", "--args", """{"takes_ms": 600000}""", "--json");
        var id = run.Json.GetProperty("id").GetInt64();
        await Eventually.TrueAsync(async () => await JobAsync() is { } job && job.GetProperty("state").GetString() == "running" && job.GetProperty("started_at").ValueKind == JsonValueKind.String, "it runs");
        await run.GoodAsync("queues", "pause", "default");
        await run.GoodAsync("jobs", "release", "--queue", "default", "--json");
        Assert.Equal((1, 1), (run.Json.GetProperty("found").GetInt32(), run.Json.GetProperty("done").GetInt32()));
        Assert.Contains($"{id}", run.Output, StringComparison.Ordinal);
        Assert.Equal("ready", (await JobAsync()).GetProperty("state").GetString());
        await run.GoodAsync("jobs", "show", $"{id}", "--json");
        Assert.Equal("released", run.Json.GetProperty("failures")[0].GetProperty("outcome").GetString());
        await run.GoodAsync("queues", "resume", "default");
        await Eventually.TrueAsync(async () => (await JobAsync()).GetProperty("state").GetString() == "running", "it runs again");
        Assert.Equal(2, (await JobAsync()).GetProperty("attempts").GetInt32());
        await run.GoodAsync("jobs", "cancel", $"{id}");
        await Eventually.TrueAsync(async () => (await JobAsync()).GetProperty("state").GetString() == "cancelled", "it is cancelled");
        await server.StopAsync();

        async Task<JsonElement> JobAsync()
        {
            await run.GoodAsync("jobs", "show", $"{id}", "--json");
            return run.Json.GetProperty("job");
        }
    }

    [Fact]
    public async Task Queues_are_watched_until_they_are_not()
    {
        var run = await StartAsync("sqlite");
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(4));
        Assert.Equal(ExitCode.Interrupted, await run.RunAsync(stop.Token, "queues", "list", "--watch"));
        Assert.InRange(run.Output.Split("QUEUE").Length - 1, 2, 5);
        Assert.Contains("no node with the role work runs", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task A_loss_is_named_by_balance_and_status_until_it_is_written_off(string kind)
    {
        var run = await StartAsync(kind);
        var ids = await EnqueueAsync(run, 3);
        await run.GoodAsync("jobs", "balance");
        Assert.Contains("balanced: nothing is missing", run.Output, StringComparison.Ordinal);
        await using (var database = Open(run))
        {
            await database.WriteAsync("test", tx => tx.Execute(new Sql("test", $"delete from job_ready where id = {ids[1]}")));
        }

        Assert.Equal(ExitCode.Critical, await run.RunAsync("jobs", "balance"));
        Assert.Contains($"missing: 1 of kind noop, accepted in the minute from ", run.Output, StringComparison.Ordinal);
        Assert.Contains($": {ids[1]}", run.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Critical, await run.RunAsync("jobs", "status"));
        Assert.Contains("critical: jobs.missing: 1 jobs of kind noop", run.Output, StringComparison.Ordinal);
        await run.GoodAsync("jobs", "balance", "--write-off", "--json");
        Assert.Equal(1, run.Json.GetProperty("written_off").GetInt32());
        await run.GoodAsync("jobs", "status", "--json");
        Assert.Equal("healthy", run.Json.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Redis_shows_in_the_queues_and_in_the_status()
    {
        var run = await StartAsync("postgres");
        await run.GoodAsync("queues", "list", "--json");
        Assert.Equal(JsonValueKind.Null, run.Json.GetProperty("redis").ValueKind);
        var redis = new FakeRedis { Answer = words => words[0] == "PING" ? "+PONG\r\n" : FakeRedis.Well(words) };
        run.Variables["RONDO_REDIS"] = redis.At;
        await run.GoodAsync("queues", "list");
        Assert.Contains($"redis at redis://{redis.At} answers", run.Output, StringComparison.Ordinal);
        await run.GoodAsync("jobs", "status");
        await redis.DisposeAsync();
        await run.GoodAsync("queues", "list", "--json");
        Assert.False(run.Json.GetProperty("redis").GetProperty("is_connected").GetBoolean());
        Assert.NotEmpty(run.Json.GetProperty("redis").GetProperty("last_error").GetString()!);
        Assert.Equal(ExitCode.Problem, await run.RunAsync("jobs", "status"));
        Assert.Contains("degraded: hints.redis: Redis", run.Output, StringComparison.Ordinal);
        Assert.Contains("Nothing depends on it", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_of_recycling_are_read_and_refused_with_what_is_expected()
    {
        var run = await StartAsync("sqlite");
        run.Variables["RONDO_JOBS_RECYCLE_AFTER_JOBS"] = "100000";
        run.Variables["RONDO_JOBS_RECYCLE_ABOVE_MEMORY"] = "1.5GB";
        await run.GoodAsync("queues", "list");
        foreach (var (name, text, expected) in new[]
        {
            ("RONDO_JOBS_RECYCLE_AFTER_JOBS", "many", "expected a whole number such as 100000, or off"), ("RONDO_JOBS_RECYCLE_AFTER_JOBS", "0", "1 to 1000000000"),
            ("RONDO_JOBS_RECYCLE_ABOVE_MEMORY", "500", "expected one such as 500MB or 1.5GB, or off"), ("RONDO_JOBS_RECYCLE_ABOVE_MEMORY", "1MB", "64 MB to 1 TB"),
        })
        {
            run.Variables.Clear();
            run.Variables["HOME"] = run.Folder.Path;
            run.Variables[name] = text;
            Assert.Equal(64, await run.RunAsync("queues", "list"));
            Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        }
    }

    private static Database Open(CommandRun run) => Database.Open(DatabaseAddress.TryParse(run.Database, out _)!, DatabaseUse.Command, TimeProvider.System);

    private static async Task<long[]> EnqueueAsync(CommandRun run, int count)
    {
        await using var database = Open(run);
        await database.MeasureClockAsync();
        await using var queue = new JobQueue(database, Handlers.All(TimeProvider.System));
        return [.. (await queue.EnqueueManyAsync(Enumerable.Repeat(new NoopArgs(), count))).Select(e => e.Id)];
    }
}
