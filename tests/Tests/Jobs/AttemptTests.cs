using System.Collections.Concurrent;
using Rondo.Jobs;
using Rondo.Jobs.Operations;
using Rondo.Jobs.Pump;
using Rondo.Storage;
using Rondo.Tests.Polling;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>What becomes of an attempt.</summary>
public sealed class AttemptTests
{
    private static readonly HandlerOptions<Work> Quick = new() { Attempts = 3, Backoff = RetryPolicy.List(TimeSpan.FromMilliseconds(20)) };

    [Theory, BothDatabases]
    public async Task Failures_are_kept_and_a_job_out_of_attempts_is_dead(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, job, _) => job.Attempt == 2 ? Task.FromResult(JobResult.Retry("not now")) : throw new InvalidOperationException("broken"), Quick);
        var id = await rig.EnqueueAsync("a");
        var job = await rig.UntilAsync(id, "dead");
        Assert.Equal((3, "InvalidOperationException: broken"), (job.Attempts, job.Error));
        Assert.Equal(
            ["1 retry InvalidOperationException: broken", "2 retry not now", "3 dead InvalidOperationException: broken"],
            (await rig.FailuresAsync(id)).Select(f => $"{f.Attempt} {f.Outcome} {f.Error}"));
    }

    [Theory, BothDatabases]
    public async Task Whatever_a_handler_says_its_end_is_stored_and_holds_nobody_up(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (work, job, _) =>
        {
            job.Log("a\0b");
            job.Progress(1, 2, "half \ud83d");
            return work.Name switch
            {
                "zero" => throw new InvalidOperationException("a\0b"),
                "long" => Task.FromResult(JobResult.Discard(new string('x', 3_999) + "😀")),
                "never" => Task.FromResult(JobResult.Retry("again", TimeSpan.MaxValue)),
                _ => Task.FromResult(JobResult.Done),
            };
        }, Quick with { Attempts = 2 });
        var (zero, tooLong, never, good) = (await rig.EnqueueAsync("zero"), await rig.EnqueueAsync("long"), await rig.EnqueueAsync("never"), await rig.EnqueueAsync("good"));
        await rig.UntilAsync(good, "done");
        Assert.Equal("InvalidOperationException: a\uFFFDb", (await rig.UntilAsync(zero, "dead")).Error);
        Assert.Equal(4_000 - 11, (await rig.UntilAsync(tooLong, "dead")).Error!.Count(c => c == 'x'));
        Assert.True((await rig.UntilAsync(never, "scheduled")).Due > rig.Database.Clock.Now + TimeSpan.FromDays(3_000));
    }

    [Theory, BothDatabases]
    public async Task A_snooze_uses_no_attempt_and_a_discard_ends_it(DatabaseKind kind)
    {
        var seen = new ConcurrentQueue<int>();
        await using var rig = await JobRig.StartAsync(kind, (_, job, _) =>
        {
            seen.Enqueue(job.Attempt);
            return Task.FromResult(seen.Count <= 5 ? JobResult.Snooze(job.EnqueuedAt, "too early") : JobResult.Discard("no use"));
        }, Quick);
        var job = await rig.UntilAsync(await rig.EnqueueAsync("a"), "dead");
        Assert.Equal([1, 1, 1, 1, 1, 1], seen);
        Assert.Equal((1, "discarded: no use"), (job.Attempts, job.Error));
    }

    [Theory, BothDatabases]
    public async Task An_attempt_past_its_timeout_is_cancelled_and_tried_again(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, async (_, job, stop) =>
        {
            if (job.Attempt == 1)
            {
                await new TaskCompletionSource().Task.WaitAsync(stop);
            }

            return JobResult.Done;
        }, Quick with { Timeout = TimeSpan.FromMilliseconds(150) });
        var id = await rig.EnqueueAsync("a");
        await rig.UntilAsync(id, "done");
        Assert.Equal(["1 retry timed out after 0.15 s"], (await rig.FailuresAsync(id)).Select(f => $"{f.Attempt} {f.Outcome} {f.Error}"));
    }

    [Theory, BothDatabases]
    public async Task One_that_does_not_stop_is_fenced_its_worker_replaced_and_its_late_end_refused(DatabaseKind kind)
    {
        using var held = new ManualResetEventSlim();
        var late = new TaskCompletionSource<string>();
        JobRig? rig = null;
        rig = await JobRig.StartAsync(
            kind,
            async (work, job, _) =>
            {
                if (job.Attempt == 1 && work.Name == "stuck")
                {
                    await Task.Run(held.Wait, CancellationToken.None);
                    try
                    {
                        await rig!.Database.WriteAsync("test", tx =>
                        {
                            tx.Execute(new Sql("test", "insert into job_queue (name, changed_at) values ('effect', @now)"), new { now = tx.Now });
                            job.FinishIn(tx);
                        }, CancellationToken.None);
                        late.SetResult("accepted");
                    }
                    catch (StorageFault fault)
                    {
                        late.SetResult($"{fault.Kind}");
                    }
                }

                return JobResult.Done;
            },
            Quick with { Timeout = TimeSpan.FromMilliseconds(150) },
            JobRig.Fast with { Queues = new Dictionary<string, int> { ["default"] = 1 } });
        await using (rig)
        {
            var stuck = await rig.EnqueueAsync("stuck");
            var job = await rig.UntilAsync(stuck, "done");
            Assert.Equal(2, job.Attempts);
            Assert.StartsWith("timed out after 0.15 s and did not stop", (await rig.FailuresAsync(stuck)).Single().Error, StringComparison.Ordinal);
            await rig.UntilAsync(await rig.EnqueueAsync("next"), "done");
            held.Set();
            Assert.Equal("Fenced", await late.Task);
            Assert.Equal(0, await rig.CountAsync("job_queue"));
        }
    }

    [Fact]
    public async Task What_the_server_is_told_for_an_end_is_over_when_the_callers_transaction_goes_on()
    {
        var seen = new TaskCompletionSource<string>();
        JobRig? rig = null;
        rig = await JobRig.StartAsync(DatabaseKind.Postgres, async (_, job, _) =>
        {
            await rig!.Database.WriteAsync("test", tx =>
            {
                tx.Execute(new Sql("test", "set local enable_seqscan = on; set local plan_cache_mode = force_custom_plan"));
                job.FinishIn(tx);
                seen.SetResult(tx.First<string>(new Sql("test", "select current_setting('enable_seqscan') || ' ' || current_setting('plan_cache_mode')"))!);
            }, CancellationToken.None);
            return JobResult.Done;
        });
        await using (rig)
        {
            await rig.UntilAsync(await rig.EnqueueAsync("a"), "done");
            Assert.Equal("on force_custom_plan", await seen.Task);
        }
    }

    [Theory, BothDatabases]
    public async Task A_handler_that_finishes_in_its_own_transaction_leaves_its_effect_and_its_end_or_neither(DatabaseKind kind)
    {
        JobRig? rig = null;
        rig = await JobRig.StartAsync(kind, async (work, job, _) =>
        {
            await rig!.Database.WriteAsync("test", tx =>
            {
                tx.Execute(new Sql("test", "insert into job_queue (name, changed_at) values (@name, @now)"), new { name = $"{work.Name}-{job.Attempt}", now = tx.Now });
                job.FinishIn(tx);
                if (job.Attempt == 1)
                {
                    throw new InvalidOperationException("after the finish, before the commit");
                }
            }, CancellationToken.None);
            return JobResult.Done;
        }, Quick);
        await using (rig)
        {
            var job = await rig.UntilAsync(await rig.EnqueueAsync("a"), "done");
            Assert.Equal(2, job.Attempts);
            Assert.Equal(["a-2"], await rig.Store.QueryAsync<string>("select name from job_queue"));
            await Eventually.TrueAsync(() => rig.Server.State.Finished == 2, "both ends are counted");
            Assert.Equal(0, rig.Server.State.Refused);
        }
    }

    [Theory, BothDatabases]
    public async Task A_cancel_ends_what_waits_at_once_and_what_runs_through_its_token_and_wins_over_a_retry(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, async (_, _, stop) =>
        {
            await new TaskCompletionSource().Task.WaitAsync(stop);
            return JobResult.Done;
        }, Quick);
        var later = await rig.EnqueueAsync("later", options: new EnqueueOptions { Delay = TimeSpan.FromHours(1) });
        Assert.True(await CancelAsync(rig, later));
        Assert.Equal("cancelled", (await rig.FindAsync(later))!.State);
        var running = await rig.EnqueueAsync("now");
        await rig.UntilAsync(running, "running");
        Assert.False(await CancelAsync(rig, running));
        var job = await rig.UntilAsync(running, "cancelled");
        Assert.Equal((1, "cancelled while it ran"), (job.Attempts, job.Error));
        Assert.Null(await CancelAsync(rig, running));
        Assert.Equal((0, 0), (await rig.CountAsync("job_cancel"), await rig.CountAsync("job_unique")));

        // The wish comes between the failure and its end in the database.
        var other = await rig.OtherAsync();
        rig.Database.Before = name => name == "jobs.claim" ? SteeredDatabase.Away(name) : null;
        var (third, claimed) = (0L, (ClaimedJob?)null);
        for (var tries = 0; claimed is null && tries < 3; tries++)
        {
            // A claim of the rig's own that was under way already may still take one.
            third = await rig.Database.WriteAsync("test", tx => rig.Queue.Enqueue(tx, new Work("third", null)).Id);
            claimed = rig.Claim(other).SingleOrDefault();
        }

        Assert.Equal(third, claimed!.Id);
        Assert.False(await CancelAsync(rig, third));
        Assert.Equal([third], rig.Write(other, rig.Ended(claimed, Outcome.Retry, "failed")));
        Assert.Equal("cancelled", (await rig.FindAsync(third))!.State);
    }

    [Theory, BothDatabases]
    public async Task A_kind_that_nobody_knows_is_put_off_and_unreadable_arguments_fail(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), Quick, isRunning: false);
        var strange = await rig.EnqueueAsync("strange");
        var broken = await rig.EnqueueAsync("broken");
        await rig.Store.ExecuteAsync("update job_ready set kind = 'gone' where id = @strange", new { strange });
        await rig.Store.ExecuteAsync("update job_ready set args = '{\"nam' where id = @broken", new { broken });
        rig.Run();
        var put = await rig.UntilAsync(strange, "scheduled");
        Assert.Equal(0, put.Attempts);
        Assert.Equal($"node {rig.Node.Id} knows no handler of kind 'gone'", (await rig.FailuresAsync(strange)).Single().Error);
        var dead = await rig.UntilAsync(broken, "dead");
        Assert.Contains("arguments of 'work' do not fit", dead.Error, StringComparison.Ordinal);
    }

    [Theory, BothDatabases]
    public async Task Progress_and_lines_are_kept_and_bounded(DatabaseKind kind)
    {
        var go = new TaskCompletionSource();
        await using var rig = await JobRig.StartAsync(kind, async (_, job, _) =>
        {
            for (var n = 1; n <= 300; n++)
            {
                job.Log($"line {n}");
                job.Progress(n, 300);
            }

            await go.Task;
            return JobResult.Done;
        });
        var id = await rig.EnqueueAsync("a");
        await Eventually.TrueAsync(async () => await rig.CountAsync("job_progress") == 1 && await rig.CountAsync("job_log") == JobContext.MaxLines, "all is stored");
        Assert.Equal((300, 300), (await rig.Store.ScalarAsync<long>("select done from job_progress"), await rig.Store.ScalarAsync<long>("select total from job_progress")));
        Assert.Equal("more lines were dropped", await rig.Store.ScalarAsync<string>("select text from job_log order by line desc limit 1"));
        await Eventually.TrueAsync(async () => (await rig.FindAsync(id))!.StartedAt is not null, "the beginning is marked");
        go.SetResult();
        await rig.UntilAsync(id, "done");
    }

    [Theory, BothDatabases]
    public async Task An_end_whose_answer_was_lost_is_not_taken_for_refused(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var lost = 0;
        rig.Database.After = name => name == "jobs.finish" && Interlocked.Increment(ref lost) == 1 ? SteeredDatabase.Away(name) : null;
        var id = await rig.EnqueueAsync("a");
        rig.Run();
        await rig.UntilAsync(id, "done");
        await Eventually.TrueAsync(() => rig.Server.State is { Finished: 1, Unwritten: 0 }, "the end is written");
        Assert.Equal(0, rig.Server.State.Refused);
    }

    [Theory, BothDatabases]
    public async Task A_retry_whose_answer_was_lost_is_not_taken_for_refused(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => throw new InvalidOperationException("not yet"), isRunning: false);
        var lost = 0;
        rig.Database.After = name => name == "jobs.finish" && Interlocked.Increment(ref lost) == 1 ? SteeredDatabase.Away(name) : null;
        var id = await rig.EnqueueAsync("a");
        rig.Run();
        await rig.UntilAsync(id, "scheduled");
        await Eventually.TrueAsync(() => rig.Server.State is { Finished: 1, Unwritten: 0 }, "the retry is written");
        Assert.Equal((1, 0), (lost > 0 ? 1 : 0, rig.Server.State.Refused));
        Assert.Single(await rig.FailuresAsync(id));
    }

    [Theory, BothDatabases]
    public async Task A_clean_stop_gives_back_what_runs_and_what_lies_ahead_and_no_attempt_is_lost(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(
            kind, async (_, _, stop) =>
            {
                await new TaskCompletionSource().Task.WaitAsync(stop);
                return JobResult.Done;
            }, jobs: JobRig.Fast with { StopPatience = TimeSpan.FromMilliseconds(50) });
        var ids = await Task.WhenAll(Enumerable.Range(0, 10).Select(n => rig.EnqueueAsync($"{n}")));
        await Eventually.TrueAsync(() => rig.Server.State.Queues[0].Busy == 4, "four run");
        await rig.StopAsync();
        Assert.Equal(10, await rig.CountAsync("job_ready"));
        Assert.Equal(0, await rig.Store.ScalarAsync<long>("select coalesce(sum(attempts), 0) from job_ready"));
        Assert.Equal(ids.Order(), await rig.Store.QueryAsync<long>("select id from job_ready order by id"));
    }

    [Theory, BothDatabases]
    public async Task A_clean_stop_gives_back_what_a_claim_brings_that_was_on_its_way(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var id = await rig.EnqueueAsync("a");
        var isOnItsWay = new TaskCompletionSource();
        using var held = new ManualResetEventSlim();
        rig.Database.After = name =>
        {
            if (name == "jobs.claim" && isOnItsWay.TrySetResult())
            {
                held.Wait();
            }

            return null;
        };
        rig.Run();
        await isOnItsWay.Task.WaitAsync(Eventually.DefaultBound, TestContext.Current.CancellationToken);
        var draining = rig.Server.DrainAsync();
        Assert.False(draining.IsCompleted, "it waits for what the claim brings");
        held.Set();
        await draining;
        var job = (await rig.FindAsync(id))!;
        Assert.Equal(("ready", 0, 0, 0), (job.State, job.Attempts, job.Crashes, (int)await rig.CountAsync("job_running")));
    }

    private static Task<bool?> CancelAsync(JobRig rig, long id) => rig.Database.WriteAsync("test", tx =>
    {
        var done = OperationStore.Cancel(tx, id, rig.Options, "cancelled by an operator");
        tx.OnCommit(rig.Server.WakeForIntent);
        return done;
    });
}
