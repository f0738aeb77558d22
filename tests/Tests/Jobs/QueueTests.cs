using System.Collections.Concurrent;
using Rondo.Jobs;
using Rondo.Storage;
using Rondo.Tests.Polling;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>What is accepted, when it exists, and what is refused.</summary>
public sealed class QueueTests
{
    [Theory, BothDatabases]
    public async Task A_job_exists_when_the_callers_transaction_commits_and_never_when_it_does_not(DatabaseKind kind)
    {
        var ran = new ConcurrentBag<string>();
        await using var rig = await JobRig.StartAsync(kind, (work, _, _) => Ran(ran, work));
        await Assert.ThrowsAsync<InvalidOperationException>(() => rig.Database.WriteAsync("test", tx =>
        {
            rig.Queue.Enqueue(tx, new Work("undone"));
            throw new InvalidOperationException("the caller's own trouble");
        }));
        var id = await rig.Database.WriteAsync("test", tx => rig.Queue.Enqueue(tx, new Work("done")).Id);
        var job = await rig.UntilAsync(id, "done");
        Assert.Equal(["done"], ran);
        Assert.Equal((1, 5, "default", "work", rig.Node.Id), (job.Attempts, job.MaxAttempts, job.Queue, job.Kind, job.Node));
        Assert.Equal(1, await rig.CountAsync("job"));
    }

    [Theory, BothDatabases]
    public async Task Jobs_enqueued_at_once_share_inserts_and_each_runs_once(DatabaseKind kind)
    {
        var ran = new ConcurrentBag<string>();
        await using var rig = await JobRig.StartAsync(kind, (work, _, _) => Ran(ran, work), isRunning: false);
        var inserts = 0;
        rig.Database.Before = name =>
        {
            Interlocked.Add(ref inserts, name == "jobs.enqueue" ? 1 : 0);
            return null;
        };
        var ids = await Task.WhenAll(Enumerable.Range(0, 500).Select(n => Task.Run(() => rig.EnqueueAsync($"{n}"))));
        Assert.Equal(500, ids.Distinct().Count());
        Assert.InRange(inserts, 1, 250);
        rig.Run();
        await Eventually.TrueAsync(async () => await rig.CountAsync("job_history") == 500, "all have ended");
        Assert.Equal(Enumerable.Range(0, 500).Select(n => $"{n}").Order(), ran.Order());
    }

    [Theory, BothDatabases]
    public async Task Many_in_bulk_are_all_there_with_what_was_said_about_them(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var options = new EnqueueOptions { Queue = "slow", Priority = 3, Tags = ["a", "b"], Note = "n", Metadata = new Dictionary<string, string> { ["k"] = "v" }, Attempts = 9 };
        var all = await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, 2_500).Select(n => new Work($"{n}")), options);
        Assert.Equal(2_500, all.Select(e => e.Id).Distinct().Count());
        Assert.Equal(2_500, await rig.CountAsync("job_ready"));
        var job = (await rig.FindAsync(all[7].Id))!;
        Assert.Equal(("slow", 3, "[\"a\",\"b\"]", "n", "{\"k\":\"v\"}", 9, "ready"), (job.Queue, job.Priority, job.Tags, job.Note, job.Metadata, job.MaxAttempts, job.State));
        Assert.Equal("{\"name\":\"7\",\"number\":0}", job.Args);
    }

    [Theory, BothDatabases]
    public async Task What_does_not_fit_is_refused_with_where_and_nothing_is_stored(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        await RefusedAsync(JobRefusal.UnknownKind, null, "no handler knows jobs of kind 'nothing'; known: work", () => rig.Queue.EnqueueAsync("nothing", "{}"));
        await RefusedAsync(JobRefusal.BadArguments, "/number", null, () => rig.Queue.EnqueueAsync("work", """{"name":"a","number":"x"}"""));
        await RefusedAsync(JobRefusal.BadArguments, "/other", null, () => rig.Queue.EnqueueAsync("work", """{"name":"a","other":1}"""));
        await RefusedAsync(JobRefusal.BadArguments, "", null, () => rig.Queue.EnqueueAsync("work", "{}"));
        await RefusedAsync(JobRefusal.BadArguments, "", null, () => rig.Queue.EnqueueAsync("work", "null"));
        await RefusedAsync(JobRefusal.TooLarge, null, null, () => rig.Queue.EnqueueAsync(new Work(new string('x', 70_000))));
        await RefusedAsync(JobRefusal.TooLarge, null, null, () => rig.Queue.EnqueueAsync("work", $$"""{"name":"{{new string('x', 70_000)}}"}"""));
        await RefusedAsync(JobRefusal.BadOption, "/priority", "priority 101 is not from -100 to 100", () => rig.Queue.EnqueueAsync(new Work("a"), new EnqueueOptions { Priority = 101 }));
        await RefusedAsync(JobRefusal.BadOption, "/queue", null, () => rig.Queue.EnqueueAsync(new Work("a"), new EnqueueOptions { Queue = "no such name" }));
        await RefusedAsync(JobRefusal.BadOption, "/tags", null, () => rig.Queue.EnqueueAsync(new Work("a"), new EnqueueOptions { Tags = [null!] }));
        await RefusedAsync(
            JobRefusal.BadOption, "/metadata", "metadata has at most 50 entries of together 8000 characters, none of them null",
            () => rig.Queue.EnqueueAsync(new Work("a"), new EnqueueOptions { Metadata = new Dictionary<string, string> { ["a"] = null! } }));
        await RefusedAsync(
            JobRefusal.BadOption, "/due", "give a delay or a due time, not both",
            () => rig.Queue.EnqueueAsync(new Work("a"), new EnqueueOptions { Delay = TimeSpan.FromSeconds(1), Due = rig.Database.Clock.Now }));
        Assert.Equal(0, await rig.CountAsync("job"));
    }

    [Theory, BothDatabases]
    public async Task A_record_is_checked_as_its_text_is_whichever_way_it_is_enqueued(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        foreach (var bad in new[] { null!, new Work(null!), new Work("a", Numbers: [1, double.NaN]) })
        {
            await RefusedAsync(JobRefusal.BadArguments, "", null, () => rig.Queue.EnqueueAsync(bad));
            await RefusedAsync(JobRefusal.BadArguments, "", null, () => rig.Queue.EnqueueManyAsync([new Work("good"), bad]));
            await RefusedAsync(JobRefusal.BadArguments, "", null, () => rig.Database.WriteAsync("test", tx => rig.Queue.Enqueue(tx, bad)));
            await RefusedAsync(JobRefusal.BadArguments, "", null, () => Task.FromResult(rig.Queue.Prepare(bad)));
        }

        Assert.Equal(0, await rig.CountAsync("job"));
    }

    [Theory, BothDatabases]
    public async Task A_unique_key_lets_one_job_be_until_it_has_ended(DatabaseKind kind)
    {
        var go = new TaskCompletionSource();
        await using var rig = await JobRig.StartAsync(kind, async (_, _, _) =>
        {
            await go.Task;
            return JobResult.Done;
        }, new HandlerOptions<Work> { UniqueKey = w => w.Key });
        var first = await rig.Queue.EnqueueAsync(new Work("a", "k"));
        var again = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => rig.Queue.EnqueueAsync(new Work("b", "k"))));
        Assert.All(again, e => Assert.Equal((first.Id, false), (e.Id, e.IsNew)));
        Assert.True((await rig.Queue.EnqueueAsync(new Work("c", "other"))).IsNew);
        Assert.True((await rig.Queue.EnqueueAsync(new Work("d"))).IsNew);
        await rig.UntilAsync(first.Id, "running");
        Assert.False((await rig.Queue.EnqueueAsync(new Work("e", "k"))).IsNew);
        go.SetResult();
        await rig.UntilAsync(first.Id, "done");
        Assert.True((await rig.Queue.EnqueueAsync(new Work("f", "k"))).IsNew);
        await Eventually.TrueAsync(async () => await rig.CountAsync("job_history") == 4 && await rig.CountAsync("job_unique") == 0, "keys are gone with their jobs");
    }

    [Theory, BothDatabases]
    public async Task A_key_that_is_unique_until_the_start_lets_one_wait_while_one_runs(DatabaseKind kind)
    {
        var go = new TaskCompletionSource();
        await using var rig = await JobRig.StartAsync(kind, async (_, _, _) =>
        {
            await go.Task;
            return JobResult.Done;
        }, new HandlerOptions<Work> { UniqueKey = w => w.Key, UniqueScope = UniqueScope.UntilStarted });
        var first = await rig.EnqueueAsync("a", "k");
        await rig.UntilAsync(first, "running");
        Assert.True((await rig.Queue.EnqueueAsync(new Work("b", "k"), new EnqueueOptions { Delay = TimeSpan.FromHours(1) })).IsNew);
        Assert.False((await rig.Queue.EnqueueAsync(new Work("c", "k"))).IsNew);
        go.SetResult();
        await rig.UntilAsync(first, "done");
    }

    [Theory, BothDatabases]
    public async Task A_delayed_job_runs_when_it_is_due(DatabaseKind kind)
    {
        Instant? at = null;
        await using var rig = await JobRig.StartAsync(kind, (_, job, _) =>
        {
            at = job.Due;
            return Task.FromResult(JobResult.Done);
        });
        var before = rig.Database.Clock.Now;
        var id = await rig.EnqueueAsync("later", options: new EnqueueOptions { Delay = TimeSpan.FromMilliseconds(400) });
        Assert.Equal("scheduled", (await rig.FindAsync(id))!.State);
        var job = await rig.UntilAsync(id, "done");
        Assert.True(job.StartedAt >= before + TimeSpan.FromMilliseconds(400));
        Assert.Equal(job.Due, at);
    }

    [Theory, BothDatabases]
    public async Task Higher_priority_goes_first_until_the_lower_has_waited_long_enough(DatabaseKind kind)
    {
        var ran = new ConcurrentQueue<string>();
        await using var rig = await JobRig.StartAsync(
            kind, (work, _, _) =>
            {
                ran.Enqueue(work.Name);
                return Task.FromResult(JobResult.Done);
            }, jobs: JobRig.Fast with { Queues = new Dictionary<string, int> { ["default"] = 1 }, Prefetch = 0 }, isRunning: false);
        await rig.EnqueueAsync("normal");
        await rig.EnqueueAsync("high", options: new EnqueueOptions { Priority = 2 });
        await rig.EnqueueAsync("low", options: new EnqueueOptions { Priority = -2 });
        var old = await rig.EnqueueAsync("old", options: new EnqueueOptions { Priority = -2 });

        // As if it had waited for three minutes: six steps of priority.
        await rig.Store.ExecuteAsync("update job_ready set rank = rank - 180000000 where id = @old", new { old });
        rig.Run();
        await Eventually.TrueAsync(() => ran.Count == 4, "all have run");
        Assert.Equal(["old", "high", "normal", "low"], ran);
    }

    private static Task<JobResult> Ran(ConcurrentBag<string> ran, Work work)
    {
        ran.Add(work.Name);
        return Task.FromResult(JobResult.Done);
    }

    private static async Task RefusedAsync(JobRefusal reason, string? pointer, string? message, Func<Task> enqueue)
    {
        var refused = await Assert.ThrowsAsync<JobRefused>(enqueue);
        Assert.Equal((reason, pointer), (refused.Reason, refused.Pointer));
        if (message is not null)
        {
            Assert.Equal(message, refused.Message);
        }
    }
}
