using Rondo.Jobs;
using Rondo.Jobs.Operations;
using Rondo.Jobs.Pump;
using Rondo.Jobs.Upkeep;
using Rondo.Storage;
using Rondo.Tests.Polling;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>Nodes that die with jobs in their hands, and what they bring later.</summary>
public sealed class CrashTests
{
    [Theory, BothDatabases]
    public async Task What_a_dead_node_held_runs_elsewhere_and_what_it_brings_later_is_refused(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var ids = (await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, 5).Select(n => new Work($"{n}")))).Select(e => e.Id).ToArray();
        var other = await rig.OtherAsync();
        var claimed = rig.Claim(other);
        Assert.Equal(ids, claimed.Select(j => j.Id));
        Assert.All(claimed, j => Assert.Equal((1, 1), (j.Attempts, j.LeaseNo)));
        await rig.BuryOtherAsync();

        // Dead, and not yet taken from: its late end is refused all the same.
        Assert.Empty(rig.Write(other, rig.Ended(claimed[0], Outcome.Done)));
        Assert.Empty(rig.Claim(other));
        rig.Run();
        foreach (var id in ids)
        {
            var job = await rig.UntilAsync(id, "done");

            // Nobody had seen it begin, so nothing was used up.
            Assert.Equal((1, 2, 1, rig.Node.Id), (job.Attempts, job.LeaseNo, job.Crashes, job.Node));
        }

        Assert.Empty(rig.Write(other, [.. claimed.Select(j => rig.Ended(j, Outcome.Done))]));
        Assert.Equal(5, await rig.CountAsync("job_history"));
    }

    [Theory, BothDatabases]
    public async Task Only_a_job_that_was_alone_in_three_crashes_is_dead_and_those_beside_it_are_not(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), new HandlerOptions<Work> { Attempts = 1 }, isRunning: false);
        var culprit = await rig.EnqueueAsync("culprit");
        var innocent = await rig.EnqueueAsync("innocent");
        for (var crash = 1; crash <= 2; crash++)
        {
            var node = await rig.OtherAsync();
            Assert.Equal(2, rig.Claim(node).Count);
            await rig.Store.ExecuteAsync("update job_running set started_at = claimed_at");
            await CrashAsync(rig);
        }

        // Alone for the first time, or the second: that may have been anybody's kill -9.
        for (var crash = 3; crash <= 5; crash++)
        {
            var node = await rig.OtherAsync();
            Assert.Empty(rig.Claim(node));
            var alone = rig.Database.Write("test", tx => node.ClaimAlone(tx, ["default"]))!;
            if (crash == 4)
            {
                // Who was in fewer crashes has its turn before, by itself, with its only attempt, and ends well.
                Assert.Equal((innocent, 1), (alone.Id, alone.Attempts));
                Assert.Single(rig.Write(node, rig.Ended(alone, Outcome.Done)));
                alone = rig.Database.Write("test", tx => node.ClaimAlone(tx, ["default"]))!;
            }

            Assert.Equal(culprit, alone.Id);
            await CrashAsync(rig);
            Assert.Equal(crash < 5 ? "ready" : "dead", (await rig.FindAsync(culprit))!.State);
        }

        var dead = (await rig.FindAsync(culprit))!;
        Assert.Equal((ReleaseStore.CrashLoop(5), 5), (dead.Error, dead.Crashes));
        Assert.Equal("crashed crashed crashed crashed crashed", string.Join(' ', (await rig.FailuresAsync(culprit)).Select(f => f.Outcome)));
        var job = (await rig.FindAsync(innocent))!;
        Assert.Equal(("done", 1, 2), (job.State, job.Attempts, job.Crashes));
        Assert.NotNull(job.StartedAt);
    }

    [Theory, BothDatabases]
    public async Task While_nodes_die_by_the_dozen_more_crashes_alone_are_asked_for(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var id = await rig.EnqueueAsync("anybody");
        for (var death = 2; death < ReleaseStore.Storm; death++)
        {
            await rig.OtherAsync();
            await rig.BuryOtherAsync();
        }

        // Two more deaths, and it is a storm at the moment of its last crash.
        await rig.Store.ExecuteAsync("update job_ready set crashes = @crashes", new { crashes = ReleaseStore.MostCrashes - 1 });
        for (var crashes = ReleaseStore.MostCrashes; crashes <= ReleaseStore.MostCrashesInStorm; crashes++)
        {
            var node = await rig.OtherAsync();
            await rig.BuryOtherAsync();
            node = await rig.OtherAsync();
            Assert.Equal(id, rig.Database.Write("test", tx => node.ClaimAlone(tx, ["default"]))!.Id);
            await CrashAsync(rig);
            Assert.Equal((crashes < ReleaseStore.MostCrashesInStorm ? "ready" : "dead", crashes), ((await rig.FindAsync(id))!.State, (await rig.FindAsync(id))!.Crashes));
        }

        Assert.Equal(ReleaseStore.CrashLoop(ReleaseStore.MostCrashesInStorm), (await rig.FindAsync(id))!.Error);
    }

    [Theory, BothDatabases]
    public async Task What_an_operator_releases_is_taken_from_its_node_whose_token_is_cancelled_and_whose_writes_are_refused(DatabaseKind kind)
    {
        var cancelled = new TaskCompletionSource();
        await using var rig = await JobRig.StartAsync(kind, async (_, job, stop) =>
        {
            if (job.Attempt == 1)
            {
                await using var registered = stop.Register(cancelled.SetResult);
                await cancelled.Task;
                job.Log("too late");
            }

            return JobResult.Done;
        });
        var id = await rig.EnqueueAsync("stuck");
        await Eventually.TrueAsync(async () => (await rig.FindAsync(id)) is { State: "running", StartedAt: not null }, "it runs");
        Assert.True(await rig.Database.WriteAsync("test", tx => OperationStore.Release(tx, id, rig.Options)));
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(15));
        var job = await rig.UntilAsync(id, "done");
        Assert.Equal(2, job.Attempts);
        Assert.Equal("released", (await rig.FailuresAsync(id)).Single().Outcome);
        Assert.Equal(0, await rig.CountAsync("job_log"));
        Assert.False(await rig.Database.WriteAsync("test", tx => OperationStore.Release(tx, id, rig.Options)));
    }

    [Theory, BothDatabases]
    public async Task What_a_node_says_after_its_burial_and_before_its_jobs_are_taken_is_not_kept(DatabaseKind kind)
    {
        var go = new TaskCompletionSource();
        await using var rig = await JobRig.StartAsync(kind, async (_, job, _) =>
        {
            await go.Task;
            job.Progress(1);
            job.Log("too late");
            return JobResult.Done;
        });
        var id = await rig.EnqueueAsync("a");
        await rig.UntilAsync(id, "running");

        // Nobody takes what it held: only that it is dead keeps it from writing.
        rig.Database.Before = name => name == "jobs.release" ? SteeredDatabase.Away(name) : null;
        await rig.Store.ExecuteAsync("update node set state = 'dead', ended_at = @now", new { now = rig.Database.Clock.Now });
        go.SetResult();
        await Eventually.TrueAsync(() => rig.Server.State.Refused > 0, "its end is refused");
        Assert.Equal((0, 0, "running"), (await rig.CountAsync("job_log"), await rig.CountAsync("job_progress"), (await rig.FindAsync(id))!.State));

        // Nor what is told of an attempt that goes on.
        var job = new ClaimedJob { Id = id, LeaseNo = 1, Attempts = 1, Queue = "default", Kind = "work", Args = "" };
        var running = new RunningJob(job, new JobHandlers().AddForEnqueue<Work>("work").Of("work"), new CancellationTokenSource(), 0, rig.Database.Clock.Now);
        var all = new Said(running, Marks: true, new JobProgress(1, null, null, rig.Database.Clock.Now), [new LogLine(1, rig.Database.Clock.Now, "info", "too late")]);
        Assert.Equal(3, rig.Database.Write("test", tx => WatchStore.Tell(tx, rig.Node.Id, [all])));
        Assert.Equal((0, 0), (await rig.CountAsync("job_log"), await rig.CountAsync("job_progress")));
    }

    [Theory, BothDatabases]
    public async Task An_operator_has_dead_jobs_run_again_and_gives_up_others(DatabaseKind kind)
    {
        var isBroken = true;
        await using var rig = await JobRig.StartAsync(
            kind, (_, _, _) => isBroken ? Task.FromResult(JobResult.Discard("broken")) : Task.FromResult(JobResult.Done), new HandlerOptions<Work> { UniqueKey = w => w.Key });
        var id = await rig.EnqueueAsync("a", "k");
        await rig.UntilAsync(id, "dead");
        var taken = await rig.EnqueueAsync("b", "k");
        await rig.UntilAsync(taken, "dead");
        Assert.True(await rig.Database.WriteAsync("test", tx => OperationStore.Discard(tx, taken, rig.Options)));
        Assert.Equal("cancelled", (await rig.FindAsync(taken))!.State);
        isBroken = false;
        Assert.Null(await rig.Database.WriteAsync("test", tx => OperationStore.Retry(tx, id)));
        var job = await rig.UntilAsync(id, "done");
        Assert.Equal((1, 2), (job.Attempts, job.LeaseNo));
        Assert.Equal(2, await rig.CountAsync("job"));
    }

    [Theory, BothDatabases]
    public async Task A_pause_gives_back_what_was_not_begun_and_a_scale_is_obeyed(DatabaseKind kind)
    {
        var go = new TaskCompletionSource();
        await using var rig = await JobRig.StartAsync(kind, async (_, _, _) =>
        {
            await go.Task;
            return JobResult.Done;
        });
        await IntendAsync(rig, workers: 2, isPaused: false);
        await Eventually.TrueAsync(() => rig.Server.State.Queues[0].Workers == 2, "the number is obeyed");
        await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, 6).Select(n => new Work($"{n}")));
        await Eventually.TrueAsync(() => rig.Server.State.Queues[0].Busy == 2, "two run");
        await IntendAsync(rig, workers: 2, isPaused: true);
        await Eventually.TrueAsync(async () => rig.Server.State.Queues[0].IsPaused && await rig.CountAsync("job_ready") == 4, "four are given back");
        go.SetResult();
        await Eventually.TrueAsync(async () => await rig.CountAsync("job_history") == 2, "what ran ends");
        Assert.Equal(4, await rig.CountAsync("job_ready"));
        await IntendAsync(rig, workers: 2, isPaused: false);
        await Eventually.TrueAsync(async () => await rig.CountAsync("job_history") == 6, "all have ended");
    }

    [Theory, BothDatabases]
    public async Task A_suspect_that_comes_after_all_others_have_had_their_turn_does_not_wait(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done));
        for (var n = 0; n < 3; n++)
        {
            // In one transaction: a claim that is on its way must not see it as anything else.
            var id = await rig.Database.WriteAsync("test", tx =>
            {
                var job = rig.Queue.Enqueue(tx, new Work($"{n}")).Id;
                tx.Execute(new Sql("test", "update job_ready set crashes = 2 where id = @job"), new { job });
                return job;
            });
            Assert.Equal(2, (await rig.UntilAsync(id, "done")).Crashes);
        }
    }

    private static Task IntendAsync(JobRig rig, int workers, bool isPaused) => rig.Database.WriteAsync("test", tx =>
    {
        tx.Execute(new Sql("test", "delete from job_queue"));
        tx.Execute(new Sql("test", "insert into job_queue (name, workers, is_paused, changed_at) values ('default', @workers, @isPaused, @now)"), new { workers, isPaused, now = tx.Now });
        tx.OnCommit(rig.Server.WakeForIntent);
    });

    private static async Task CrashAsync(JobRig rig)
    {
        await rig.BuryOtherAsync();
        rig.Database.Write("test", tx => ReleaseStore.Release(tx, rig.Options));
    }
}
