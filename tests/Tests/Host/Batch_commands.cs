using Rondo.Host.Jobs;
using Rondo.Jobs;
using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>Batches and chains from the command line, without a server, on both databases.</summary>
public sealed class Batch_commands : CommandTests
{
    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Batches_are_listed_shown_and_cancelled(string kind)
    {
        var run = await StartAsync(kind);
        var (good, other) = await BatchesAsync(run);
        await run.GoodAsync("batches", "list", "--open", "--json");
        Assert.Equal([other, good], run.Json.GetProperty("batches").EnumerateArray().Select(b => b.GetProperty("id").GetInt64()));
        await run.GoodAsync("batches", "list", "--limit", "1");
        Assert.Contains($"1 batches; more: --before {other}", run.Output, StringComparison.Ordinal);
        await run.GoodAsync("jobs", "list", "--batch", $"{good}", "--json");
        Assert.Equal(3, run.Json.GetProperty("jobs").GetArrayLength());
        Assert.Equal(good, run.Json.GetProperty("jobs")[0].GetProperty("batch_id").GetInt64());

        await run.GoodAsync("batches", "cancel", $"{other}", "--json");
        Assert.Equal("finished", run.Json.GetProperty("state").GetString());
        Assert.Equal(2, run.Json.GetProperty("cancelled").GetInt32());
        Assert.Equal(1, await run.RunAsync("batches", "cancel", $"{other}"));
        Assert.Contains("has finished already", run.Error, StringComparison.Ordinal);
        Assert.Equal(1, await run.RunAsync("batches", "show", "99"));
        Assert.Contains("there is no batch 99", run.Error, StringComparison.Ordinal);
        Assert.Equal(64, await run.RunAsync("batches", "list", "--limit", "0"));

        await run.GoodAsync("batches", "show", $"{good}", "--json");
        var callback = run.Json.GetProperty("callback_job_id").GetInt64();
        await run.GoodAsync("jobs", "explain", $"{callback}", "--json");
        Assert.Equal("waits_for_batch", run.Json.GetProperty("reasons")[0].GetProperty("code").GetString());
        Assert.Equal(good, run.Json.GetProperty("waits_for_batch").GetInt64());
        await run.GoodAsync("work", "--once");
        await run.GoodAsync("batches", "show", $"{good}");
        Assert.Contains($"batch {good} 'good': finished, 3 of 3 have ended", run.Output, StringComparison.Ordinal);
        Assert.Contains("ended: 2 done, 1 dead, 0 cancelled", run.Output, StringComparison.Ordinal);
        await run.GoodAsync("jobs", "show", $"{callback}", "--json");
        Assert.Equal("done", run.Json.GetProperty("job").GetProperty("state").GetString());
        Assert.Contains("\"dead\":1", run.Json.GetProperty("job").GetProperty("metadata").GetProperty("batch").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task A_job_is_enqueued_after_another_and_at_most_once_in_a_period(string kind)
    {
        var run = await StartAsync(kind);
        var first = await EnqueueAsync(run, "--args", """{"fails": 9}""", "--attempts", "1");
        var second = await EnqueueAsync(run, "--after", $"{first}");
        var third = await EnqueueAsync(run, "--after", $"{second}");
        Assert.Equal("waits_for_job", await ReasonAsync(run, second));
        await run.GoodAsync("jobs", "show", $"{second}");
        Assert.Contains($"waits for: job {first}", run.Output, StringComparison.Ordinal);
        await run.GoodAsync("work", "--once");
        Assert.Equal("waits_for_dead", await ReasonAsync(run, second));
        await run.GoodAsync("jobs", "discard", $"{first}");
        Assert.Equal(["cancelled", "cancelled"], [await ReasonAsync(run, second), await ReasonAsync(run, third)]);
        Assert.Equal(64, await run.RunAsync("jobs", "enqueue", "noop", "--after", "999999"));
        Assert.Contains("there is no job 999999 to wait for", run.Error, StringComparison.Ordinal);

        var report = await EnqueueAsync(run, "--unique", "report", "--unique-period", "366d");
        await run.GoodAsync("work", "--once");
        await run.GoodAsync("jobs", "enqueue", "noop", "--unique", "report", "--unique-period", "366d", "--json");
        Assert.Equal((report, false), (run.Json.GetProperty("id").GetInt64(), run.Json.GetProperty("is_new").GetBoolean()));
        await run.GoodAsync("jobs", "show", $"{report}", "--json");
        Assert.Equal("noop:report", run.Json.GetProperty("job").GetProperty("unique_key").GetString());
        Assert.Equal(64, await run.RunAsync("jobs", "enqueue", "noop", "--unique-period", "1h"));
        Assert.Equal(64, await run.RunAsync("jobs", "enqueue", "noop", "--unique", "x", "--unique-period", "soon"));
    }

    private static async Task<(long Good, long Other)> BatchesAsync(CommandRun run)
    {
        await using var database = Database.Open(DatabaseAddress.TryParse(run.Database, out _)!, DatabaseUse.Command, TimeProvider.System);
        await using var queue = new JobQueue(database, Handlers.All(TimeProvider.System));
        var job = queue.Prepare(new NoopArgs());
        var good = await queue.EnqueueBatchAsync("good", [job, job, queue.Prepare(new NoopArgs(Fails: 9), new EnqueueOptions { Attempts = 1 })], job);
        var other = await queue.EnqueueBatchAsync("other", [job, job]);
        return (good.Id, other.Id);
    }

    private static async Task<long> EnqueueAsync(CommandRun run, params string[] more)
    {
        await run.GoodAsync(["jobs", "enqueue", "noop", "--json", .. more]);
        return run.Json.GetProperty("id").GetInt64();
    }

    private static async Task<string> ReasonAsync(CommandRun run, long id)
    {
        await run.GoodAsync("jobs", "explain", $"{id}", "--json");
        return run.Json.GetProperty("reasons")[0].GetProperty("code").GetString()!;
    }
}
