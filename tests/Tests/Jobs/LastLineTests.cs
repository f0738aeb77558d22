using Rondo.Jobs;
using Rondo.Jobs.Pump;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>What an attempt says just before its end is not lost to the end.</summary>
public sealed class LastLineTests
{
    [Theory, BothDatabases]
    public async Task What_an_attempt_says_just_before_its_end_is_kept_whatever_the_end(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (work, job, _) =>
        {
            job.Log($"{work.Name} last", "odd\0level");
            job.Progress(7, 9, $"{work.Name} so far");
            return work.Name switch
            {
                "done" => Task.FromResult(JobResult.Done),
                "discard" => Task.FromResult(JobResult.Discard("no use")),
                "retry" => throw new InvalidOperationException("broken"),
                _ => Task.FromResult(JobResult.Snooze(job.Now + TimeSpan.FromHours(1))),
            };
        }, new HandlerOptions<Work> { Attempts = 1 });
        foreach (var (name, state) in new[] { ("done", "done"), ("discard", "dead"), ("retry", "dead"), ("snooze", "scheduled") })
        {
            var id = await rig.EnqueueAsync(name);
            await rig.UntilAsync(id, state);
            Assert.Equal([$"{name} last"], await rig.Store.QueryAsync<string>("select text from job_log where job_id = @id", new { id }));
            Assert.Equal([$"{name} so far"], await rig.Store.QueryAsync<string>("select note from job_progress where job_id = @id and done = 7", new { id }));
        }
    }

    [Theory, BothDatabases]
    public async Task What_is_said_before_an_end_in_the_handlers_own_transaction_is_kept_with_it_and_goes_with_it(DatabaseKind kind)
    {
        JobRig? rig = null;
        await using var own = rig = await JobRig.StartAsync(kind, async (_, job, stop) =>
        {
            job.Log($"attempt {job.Attempt}");
            job.Progress(job.Attempt);
            await rig!.Database.WriteAsync<bool>(
                "test.effect",
                tx =>
                {
                    job.FinishIn(tx);
                    return job.Attempt > 1 ? true : throw new InvalidOperationException("after the end");
                },
                stop);
            return JobResult.Done;
        }, new HandlerOptions<Work> { Backoff = RetryPolicy.List(TimeSpan.Zero) });
        var id = await rig.EnqueueAsync("a");
        await rig.UntilAsync(id, "done");
        Assert.Equal(["attempt 1", "attempt 2"], await rig.Store.QueryAsync<string>("select text from job_log where job_id = @id order by lease_no", new { id }));
        Assert.Equal(2, await rig.Store.ScalarAsync<long>("select done from job_progress where job_id = @id", new { id }));
    }

    [Theory, BothDatabases]
    public async Task A_line_that_is_on_its_way_when_the_end_comes_first_is_kept_once(DatabaseKind kind)
    {
        // The watch has taken the line, and the database is slow for it alone.
        var go = new TaskCompletionSource();
        using var held = new ManualResetEventSlim();
        var isTaken = new TaskCompletionSource();
        var isOver = false;
        await using var rig = await JobRig.StartAsync(kind, async (_, job, _) =>
        {
            job.Log("first");
            job.Progress(1);
            await go.Task;
            job.Log("second");
            job.Progress(2);
            return JobResult.Done;
        });
        rig.Database.Before = name =>
        {
            if (name == "jobs.tell" && isTaken.TrySetResult())
            {
                held.Wait();
            }

            return null;
        };
        rig.Database.After = name =>
        {
            isOver |= name == "jobs.tell";
            return null;
        };
        var id = await rig.EnqueueAsync("a");
        await isTaken.Task.WaitAsync(Eventually.DefaultBound, TestContext.Current.CancellationToken);
        go.SetResult();
        await rig.UntilAsync(id, "done");
        held.Set();
        Assert.Equal(["first", "second"], await rig.Store.QueryAsync<string>("select text from job_log where job_id = @id order by line", new { id }));
        await Eventually.TrueAsync(() => isOver, "what was on its way has come too late");
        Assert.Equal(2, await rig.Store.ScalarAsync<long>("select done from job_progress where job_id = @id", new { id }));
    }

    [Theory, BothDatabases]
    public async Task How_far_a_batch_of_ends_was_is_kept_with_it_of_those_that_are_still_this_nodes(DatabaseKind kind)
    {
        const int Jobs = 20;
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var store = await rig.OtherAsync();
        await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, Jobs).Select(n => new Work($"{n}")));
        var now = rig.Database.Clock.Now;
        var claimed = rig.Claim(store);
        Finish[] ends =
        [
            .. claimed.Select((job, n) => new Finish
            {
                Job = job, Outcome = Outcome.Done, StartedAt = now, EndedAt = now, Last = new LastWords(new JobProgress(n, n % 2 == 0 ? null : Jobs, n % 3 == 0 ? null : $"{n}", now), []),
            }),
        ];

        // An end that comes too late, of an attempt before.
        var late = new Finish
        {
            Job = new ClaimedJob { Id = claimed[0].Id, LeaseNo = 0, Attempts = 1, Queue = "default", Kind = "work", Args = "" }, EndedAt = now,
            Last = new LastWords(new JobProgress(99, null, null, now + TimeSpan.FromHours(1)), []),
        };
        rig.Database.Write("test", tx =>
        {
            WatchStore.TellLast(tx, rig.OtherId, [.. ends, late], () => { });
            return store.Write(tx, [.. ends, late]).Count;
        });
        var told = await rig.Store.QueryAsync<string>("select cast(done as text) || '/' || coalesce(cast(total as text), '-') || ' ' || coalesce(note, '') from job_progress order by done");
        Assert.Equal(Enumerable.Range(0, Jobs).Select(n => $"{n}/{(n % 2 == 0 ? "-" : $"{Jobs}")} {(n % 3 == 0 ? "" : $"{n}")}"), told);
        if (kind == DatabaseKind.Postgres)
        {
            Assert.Equal(1, rig.Database.Statements.ByName.All.Where(s => s.Label == "jobs.progress").Sum(s => s.Cell.Total.Count));
        }
    }

    [Theory, BothDatabases]
    public async Task What_an_attempt_says_after_the_clock_was_set_back_counts(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var store = await rig.OtherAsync();
        var id = await rig.EnqueueAsync("a");
        var now = rig.Database.Clock.Now;
        var running = new RunningJob(rig.Claim(store).Single(), new JobHandlers().AddForEnqueue<Work>("work").Of("work"), new CancellationTokenSource(), 0, now);
        foreach (var (done, at) in new[] { (1, now), (2, now - TimeSpan.FromHours(1)), (3, now - TimeSpan.FromHours(1)) })
        {
            running.Say(new JobProgress(done, null, null, at));
            Assert.Equal(0, rig.Database.Write("test", tx => WatchStore.Tell(tx, rig.OtherId, [new Said(running, Marks: false, running.Take().Progress, null)])));
            Assert.Equal(done, await rig.Store.ScalarAsync<long>("select done from job_progress where job_id = @id", new { id }));
        }
    }

    [Theory, BothDatabases]
    public async Task Many_that_say_much_at_their_ends_are_written_a_part_at_a_time_and_none_is_lost(DatabaseKind kind)
    {
        const int Jobs = 20;
        await using var rig = await JobRig.StartAsync(kind, (_, job, _) =>
        {
            for (var n = 0; n < JobContext.MaxLines - 1; n++)
            {
                job.Log($"line {n}");
            }

            return Task.FromResult(JobResult.Done);
        }, isRunning: false);
        var ids = await Task.WhenAll(Enumerable.Range(0, Jobs).Select(n => rig.EnqueueAsync($"{n}")));
        rig.Run();
        foreach (var id in ids)
        {
            await rig.UntilAsync(id, "done");
        }

        Assert.Equal(Jobs * (JobContext.MaxLines - 1), await rig.CountAsync("job_log"));
    }
}
