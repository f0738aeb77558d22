using System.Collections.Concurrent;
using Rondo.Jobs;
using Rondo.Jobs.Links;
using Rondo.Jobs.Operations;
using Rondo.Jobs.Pump;
using Rondo.Jobs.Upkeep;
using Rondo.Storage;
using Rondo.Tests.Polling;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs.Links;

/// <summary>Batches: what they know of their members, and that their callback runs once.</summary>
public sealed class BatchTests
{
    [Theory, BothDatabases]
    public async Task The_callback_runs_once_when_every_member_has_ended_and_knows_what_came_of_them(DatabaseKind kind)
    {
        var told = new ConcurrentQueue<BatchEnd?>();
        JobRig? rig = null;
        rig = await JobRig.StartAsync(kind, async (work, job, stop) =>
        {
            switch (work.Name)
            {
                case "callback":
                    told.Enqueue(job.FinishedBatch);
                    break;
                case "discard":
                    return JobResult.Discard("no use");
                case "own":
                    await rig!.Database.WriteAsync("test", job.FinishIn, CancellationToken.None);
                    break;
                case "again" when job.Attempt == 1:
                    return JobResult.Retry("once more", TimeSpan.Zero);
                case "stuck":
                    await new TaskCompletionSource().Task.WaitAsync(stop);
                    break;
            }

            Assert.Equal(work.Name == "callback", job.FinishedBatch is not null);
            return JobResult.Done;
        });
        await using (rig)
        {
            var batch = await rig.Queue.EnqueueBatchAsync(
                "import", Jobs(rig, "a", "b", "discard", "own", "again", "stuck"), rig.Queue.Prepare(new Work("callback"), new EnqueueOptions { Metadata = new Dictionary<string, string> { ["own"] = "1" } }));
            await Eventually.TrueAsync(async () => (await ShowAsync(rig, batch.Id)) is { Ended: 5, Done: 4, Dead: 1, State: "running" }, "all but one have ended");
            Assert.StartsWith($"waits_for_batch: it runs when batch {batch.Id} ('import') has finished: 5 of 6 members have ended", await LinkRig.ExplainAsync(rig, (await ShowAsync(rig, batch.Id)).CallbackJobId!.Value), StringComparison.Ordinal);
            await rig.UntilAsync(batch.Jobs[5].Id, "running");
            Assert.Null((await LinkRig.Operations(rig).ActAsync(JobVerb.Cancel, batch.Jobs[5].Id)).Refusal);
            var view = await UntilFinishedAsync(rig, batch.Id);
            Assert.Equal((6, 6, 4, 1, 1, 0), (view.Total, view.Ended, view.Done, view.Dead, view.Cancelled, view.Forgotten));
            await rig.UntilAsync(view.CallbackJobId!.Value, "done");
            Assert.Equal(new BatchEnd(batch.Id, "import", 6, 4, 1, 1, 0), Assert.Single(told));
            Assert.Contains("\"own\":\"1\"", (await rig.FindAsync(view.CallbackJobId.Value))!.Metadata, StringComparison.Ordinal);

            // A member that is run again afterwards calls nobody.
            Assert.Null((await LinkRig.Operations(rig).ActAsync(JobVerb.Retry, batch.Jobs[0].Id)).Refusal);
            await rig.UntilAsync(batch.Jobs[0].Id, "done");
            LinkRig.CatchUp(rig);
            Assert.Single(told);
            Assert.Equal(7, await rig.CountAsync("job"));
        }
    }

    [Theory, BothDatabases]
    public async Task A_batch_that_is_not_sealed_never_finishes_and_an_empty_one_does_at_once(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var id = await rig.Queue.StartBatchAsync("pieces", rig.Queue.Prepare(new Work("callback")));
        await rig.Queue.AddToBatchAsync(id, Jobs(rig, "a", "b"));
        var node = await rig.OtherAsync();
        End(rig, node, Outcome.Done);
        LinkRig.CatchUp(rig);
        var view = await ShowAsync(rig, id);
        Assert.Equal(("filling", 2, 2, 2), (view.State, view.Total, view.Ended, view.Done));
        Assert.Contains("still being filled", await LinkRig.ExplainAsync(rig, view.CallbackJobId!.Value), StringComparison.Ordinal);
        await rig.Queue.AddToBatchAsync(id, Jobs(rig, "c"));
        await rig.Queue.SealBatchAsync(id);
        await rig.Queue.SealBatchAsync(id);
        Assert.Equal("running", (await ShowAsync(rig, id)).State);
        var refused = await Assert.ThrowsAsync<JobRefused>(() => rig.Queue.AddToBatchAsync(id, Jobs(rig, "d")));
        Assert.Equal($"batch {id} is sealed: nothing can be added to it. Start another one", refused.Message);
        End(rig, node, Outcome.Done);
        LinkRig.CatchUp(rig);
        Assert.Equal("finished", (await ShowAsync(rig, id)).State);
        Assert.Equal("ready", (await rig.FindAsync(view.CallbackJobId.Value))!.State);

        var empty = await rig.Queue.EnqueueBatchAsync("empty", [], rig.Queue.Prepare(new Work("callback")));
        view = await ShowAsync(rig, empty.Id);
        Assert.Equal(("finished", 0, "ready"), (view.State, view.Total, (await rig.FindAsync(view.CallbackJobId!.Value))!.State));

        // One whose members have all ended before it is sealed.
        var late = await rig.Queue.StartBatchAsync("late");
        await rig.Queue.AddToBatchAsync(late, Jobs(rig, "e"));
        End(rig, node, Outcome.Dead);
        await rig.Queue.SealBatchAsync(late);
        Assert.Equal(("finished", 1), ((await ShowAsync(rig, late)).State, (await ShowAsync(rig, late)).Dead));
    }

    [Theory, BothDatabases]
    public async Task A_batch_exists_with_the_callers_transaction_and_what_is_refused_leaves_nothing(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, new HandlerOptions<Work> { UniqueKey = w => w.Key });
        await Assert.ThrowsAsync<InvalidOperationException>(() => rig.Database.WriteAsync("test", tx =>
        {
            rig.Queue.EnqueueBatch(tx, "undone", Jobs(rig, "a"), rig.Queue.Prepare(new Work("callback")));
            throw new InvalidOperationException("the caller's own trouble");
        }));
        var holder = await rig.EnqueueAsync("holder", "k");

        // Refused within a transaction that goes on all the same.
        await rig.Database.WriteAsync("test", tx =>
        {
            Refused(() => rig.Queue.StartBatch(tx, ""));
            Refused(() => rig.Queue.StartBatch(tx, "x", rig.Queue.Prepare(new Work("callback", "k"))));
            Refused(() => rig.Queue.StartBatch(tx, "x", rig.Queue.Prepare(new Work("callback"), new EnqueueOptions { After = holder })));
            Refused(() => rig.Queue.AddToBatch(tx, 999, Jobs(rig, "a")));
            Refused(() => rig.Queue.SealBatch(tx, 999));
            Refused(() => rig.Queue.EnqueueBatch(tx, "x", [.. Enumerable.Repeat(rig.Queue.Prepare(new Work("a")), JobQueue.MostAtOnce + 1)]));
        });
        Assert.Equal((1, 0), (await rig.CountAsync("job"), await rig.CountAsync("job_batch")));

        // Whose unique key another holds is no member.
        var batch = await rig.Queue.EnqueueBatchAsync("two", [rig.Queue.Prepare(new Work("a", "k")), rig.Queue.Prepare(new Work("b"))]);
        Assert.Equal((holder, false, true), (batch.Jobs[0].Id, batch.Jobs[0].IsNew, batch.Jobs[1].IsNew));
        Assert.Equal(1, (await ShowAsync(rig, batch.Id)).Total);
        Assert.Equal([batch.Jobs[1].Id], (await LinkRig.Operations(rig).ListAsync(new JobFilter { Batch = batch.Id }, 10)).Select(j => j.Id));

        static void Refused(Action action) => Assert.Throws<JobRefused>(action);
    }

    [Theory, BothDatabases]
    public async Task Two_who_end_the_last_two_members_at_once_let_the_callback_go_exactly_once(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        await using var beside = kind == DatabaseKind.Postgres ? rig.Store.Beside() : null;
        Database[] databases = [rig.Database, beside?.Database ?? rig.Database];
        var node = await rig.OtherAsync();
        for (var round = 0; round < 60; round++)
        {
            var batch = await rig.Queue.EnqueueBatchAsync("two", Jobs(rig, "a", "b"), rig.Queue.Prepare(new Work("callback")));
            var claimed = rig.Claim(node);
            Assert.Equal(2, claimed.Count);
            using var start = new Barrier(2);
            var freed = await Task.WhenAll(Enumerable.Range(0, 2).Select(n => Task.Factory.StartNew(
                () =>
                {
                    var finish = rig.Ended(claimed[n], Outcome.Done);
                    start.SignalAndWait();
                    databases[n].Write("test", tx => node.Write(tx, [finish]));
                    Assert.Equal(batch.Id, finish.Link);
                    return new Followers(databases[n], rig.Options).After([finish.Link!.Value]).Queues.Count;
                },
                TaskCreationOptions.LongRunning)));
            Assert.Equal(1, freed.Sum());
            var view = await ShowAsync(rig, batch.Id);
            Assert.Equal(("finished", 2), (view.State, view.Done));
            Assert.Equal(view.CallbackJobId, Assert.Single(rig.Claim(node)).Id);
        }
    }

    [Fact]
    public async Task On_two_nodes_every_callback_of_many_batches_runs_once()
    {
        Requires.Postgres();
        var told = new ConcurrentQueue<long>();
        Task<JobResult> Handle(Work work, JobContext job, CancellationToken stop)
        {
            if (job.FinishedBatch is { } batch)
            {
                Assert.Equal((6, 6), (batch.Total, batch.Done));
                told.Enqueue(batch.Id);
            }

            return Task.FromResult(JobResult.Done);
        }

        // The first node holds on to what it has until the second has something.
        var took = new TaskCompletionSource();
        await using var rig = await JobRig.StartAsync(DatabaseKind.Postgres, async (Work work, JobContext job, CancellationToken stop) =>
        {
            await took.Task.WaitAsync(TimeSpan.FromSeconds(60), stop);
            return await Handle(work, job, stop);
        });
        await using var second = await SecondNode.StartAsync(rig, (Work work, JobContext job, CancellationToken stop) =>
        {
            took.TrySetResult();
            return Handle(work, job, stop);
        });
        var batches = await Task.WhenAll(Enumerable.Range(0, 60).Select(n => Task.Run(() =>
            rig.Queue.EnqueueBatchAsync($"{n}", Jobs(rig, "a", "b", "c", "d", "e", "f"), rig.Queue.Prepare(new Work("callback"))))));
        await Eventually.TrueAsync(async () => await rig.CountAsync("job_history") == 60 * 7, "all have ended", TimeSpan.FromSeconds(60));
        Assert.Equal(batches.Select(b => b.Id).Order(), told.Order());
    }

    [Theory, BothDatabases]
    public async Task Whoever_was_killed_between_the_last_end_and_the_callback_leaves_it_to_upkeep(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var batch = await rig.Queue.EnqueueBatchAsync("left", Jobs(rig, "a", "b"), rig.Queue.Prepare(new Work("callback")));
        var node = await rig.OtherAsync();
        End(rig, node, Outcome.Done);
        await rig.BuryOtherAsync();
        Assert.Equal("running", (await ShowAsync(rig, batch.Id)).State);
        rig.Run();
        await UntilFinishedAsync(rig, batch.Id);
        await rig.UntilAsync((await ShowAsync(rig, batch.Id)).CallbackJobId!.Value, "done");
    }

    [Theory, BothDatabases]
    public async Task What_follows_from_an_end_is_made_up_for_when_it_failed_or_was_lost(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var failures = 0;

        // The answer to the end is lost, and then what follows from it does not come through for a while.
        rig.Database.After = name => name == "jobs.finish" && Interlocked.Increment(ref failures) == 1 ? SteeredDatabase.Away(name) : null;
        rig.Database.Before = name => name.StartsWith("jobs.follow", StringComparison.Ordinal) && Interlocked.Increment(ref failures) < 6 ? SteeredDatabase.Away(name) : null;
        var batch = await rig.Queue.EnqueueBatchAsync("rough", Jobs(rig, "a"), rig.Queue.Prepare(new Work("callback")));
        rig.Run();
        await rig.UntilAsync((await ShowAsync(rig, batch.Id)).CallbackJobId!.Value, "done");
        Assert.Equal(0, rig.Server.State.Refused);
        Assert.True(failures >= 6, "it was tried again");
    }

    [Theory, BothDatabases]
    public async Task Ends_that_no_worker_wrote_count_as_well(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var batch = await rig.Queue.EnqueueBatchAsync("crash", Jobs(rig, "culprit", "waits"), rig.Queue.Prepare(new Work("callback")));

        // Dead by crash_loop: alone in the crash that is one too many.
        await rig.Store.ExecuteAsync("update job_ready set crashes = @crashes where id = @id", new { crashes = ReleaseStore.MostCrashes - 1, id = batch.Jobs[0].Id });
        var node = await rig.OtherAsync();
        Assert.Equal(batch.Jobs[0].Id, rig.Database.Write("test", tx => node.ClaimAlone(tx, ["default"]))!.Id);
        await rig.BuryOtherAsync();
        rig.Database.Write("test", tx => ReleaseStore.Release(tx, rig.Options));
        Assert.Equal((1, 1), ((await ShowAsync(rig, batch.Id)).Dead, (await ShowAsync(rig, batch.Id)).Ready));

        // Discarded by an operator, and with no node at all.
        Assert.Null((await LinkRig.Operations(rig).ActAsync(JobVerb.Discard, batch.Jobs[1].Id)).Refusal);
        var view = await ShowAsync(rig, batch.Id);
        Assert.Equal(("finished", 1, 1), (view.State, view.Dead, view.Cancelled));
        Assert.Equal("ready", (await rig.FindAsync(view.CallbackJobId!.Value))!.State);
    }

    [Theory, BothDatabases]
    public async Task A_member_that_is_run_again_before_the_batch_has_finished_is_waited_for(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var batch = await rig.Queue.EnqueueBatchAsync("again", Jobs(rig, "a", "b"), rig.Queue.Prepare(new Work("callback")));
        var node = await rig.OtherAsync();
        var claimed = rig.Claim(node);
        rig.Write(node, rig.Ended(claimed[0], Outcome.Dead, "broken"));
        Assert.Null((await LinkRig.Operations(rig).ActAsync(JobVerb.Retry, claimed[0].Id)).Refusal);
        rig.Write(node, rig.Ended(claimed[1], Outcome.Done));
        LinkRig.CatchUp(rig);
        Assert.Equal(("running", 1, 1), ((await ShowAsync(rig, batch.Id)).State, (await ShowAsync(rig, batch.Id)).Ready, (await ShowAsync(rig, batch.Id)).Ended));
        End(rig, node, Outcome.Done);
        LinkRig.CatchUp(rig);
        Assert.Equal(("finished", 2, 0), ((await ShowAsync(rig, batch.Id)).State, (await ShowAsync(rig, batch.Id)).Done, (await ShowAsync(rig, batch.Id)).Dead));
    }

    [Theory, BothDatabases]
    public async Task A_cancelled_batch_ends_what_waits_and_what_runs_and_its_callback_runs(DatabaseKind kind)
    {
        var told = new TaskCompletionSource<BatchEnd>();
        await using var rig = await JobRig.StartAsync(kind, async (work, job, stop) =>
        {
            if (job.FinishedBatch is { } end)
            {
                told.SetResult(end);
                return JobResult.Done;
            }

            await new TaskCompletionSource().Task.WaitAsync(stop);
            return JobResult.Done;
        }, new HandlerOptions<Work> { ConcurrencyKey = w => w.Key });
        var id = await rig.Queue.StartBatchAsync("all", rig.Queue.Prepare(new Work("callback")));
        await rig.Queue.AddToBatchAsync(id, [.. Jobs(rig, "a", "b"), rig.Queue.Prepare(new Work("c", "k")), rig.Queue.Prepare(new Work("d", "k"))]);
        await rig.Queue.AddToBatchAsync(id, [rig.Queue.Prepare(new Work("later"), new EnqueueOptions { Delay = TimeSpan.FromHours(1) })]);
        await rig.Queue.EnqueueChainAsync(Jobs(rig, "e", "f", "g"), id);
        await Eventually.TrueAsync(async () => (await ShowAsync(rig, id)) is { Running: 4 }, "four run");
        var (batch, isCancelled) = (await LinkRig.Operations(rig).Batches.CancelAsync(id))!.Value;
        Assert.True(isCancelled);
        Assert.Contains(batch.State, new[] { "cancelling", "finished" });
        await Assert.ThrowsAsync<JobRefused>(() => rig.Queue.AddToBatchAsync(id, Jobs(rig, "x")));
        Assert.Equal(new BatchEnd(id, "all", 8, 0, 0, 8, 0), await told.Task.WaitAsync(TimeSpan.FromSeconds(15)));
        Assert.Equal(0, await rig.CountAsync("job_waiting"));
        Assert.False((await LinkRig.Operations(rig).Batches.CancelAsync(id))!.Value.IsCancelled);
        Assert.Null(await LinkRig.Operations(rig).Batches.CancelAsync(999));
    }

    [Theory, BothDatabases]
    public async Task A_cancel_that_was_broken_off_is_carried_on_by_any_node(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var id = (await rig.Queue.EnqueueBatchAsync("many", [.. Enumerable.Range(0, 450).Select(n => rig.Queue.Prepare(new Work($"{n}")))])).Id;
        Assert.True(await rig.Database.WriteAsync("test", tx => BatchStore.Cancel(tx, id)));
        await rig.Store.ExecuteAsync("insert into job_queue (name, is_paused, changed_at) values ('default', @paused, @now)", new { paused = true, now = rig.Database.Clock.Now });
        rig.Run();
        Assert.Equal(450, (await UntilFinishedAsync(rig, id)).Cancelled);
    }

    [Theory, BothDatabases]
    public async Task Members_that_are_forgotten_do_not_hold_a_batch_up_and_it_is_forgotten_last(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var batch = await rig.Queue.EnqueueBatchAsync("old", Jobs(rig, "a", "b"), rig.Queue.Prepare(new Work("callback")));
        var node = await rig.OtherAsync();
        var claimed = rig.Claim(node);
        rig.Write(node, rig.Ended(claimed[0], Outcome.Done));
        Assert.Equal(1, (await LinkRig.Operations(rig).PruneAsync(rig.Database.Clock.Now + TimeSpan.FromDays(1), null, isDryRun: false)).Values.Sum());
        var view = await ShowAsync(rig, batch.Id);
        Assert.Equal((1, 0, 1), (view.Ended, view.Done, view.Forgotten));
        rig.Write(node, rig.Ended(claimed[1], Outcome.Done));
        LinkRig.CatchUp(rig);
        view = await ShowAsync(rig, batch.Id);
        Assert.Equal(("finished", 2, 1, 1), (view.State, view.Ended, view.Done, view.Forgotten));

        HistoryStore.Forget(rig.Database, rig.Options);
        Assert.Equal(1, await rig.CountAsync("job_batch"));
        await rig.Store.ExecuteAsync("update job_batch set finished_at = @old", new { old = rig.Database.Clock.Now - TimeSpan.FromDays(91) });
        HistoryStore.Forget(rig.Database, rig.Options);
        Assert.Equal(0, await rig.CountAsync("job_batch"));
    }

    [Theory, BothDatabases]
    public async Task A_callback_that_was_cancelled_before_does_not_run(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var batch = await rig.Queue.EnqueueBatchAsync("no", Jobs(rig, "a"), rig.Queue.Prepare(new Work("callback")));
        var callback = (await ShowAsync(rig, batch.Id)).CallbackJobId!.Value;
        Assert.Null((await LinkRig.Operations(rig).ActAsync(JobVerb.Cancel, callback)).Refusal);
        End(rig, await rig.OtherAsync(), Outcome.Done);
        LinkRig.CatchUp(rig);
        Assert.Equal("finished", (await ShowAsync(rig, batch.Id)).State);
        Assert.Equal("cancelled", (await rig.FindAsync(callback))!.State);
        Assert.Equal(2, await rig.CountAsync("job"));
    }

    [Theory, BothDatabases]
    public async Task A_job_of_no_batch_that_nobody_waits_for_costs_no_further_transaction(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var followed = 0;
        rig.Database.Before = name =>
        {
            // What upkeep does by itself once a second has other names.
            Interlocked.Add(ref followed, name == "jobs.follow" ? 1 : 0);
            return null;
        };
        await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, 200).Select(n => new Work($"{n}")));
        rig.Run();
        await Eventually.TrueAsync(async () => await rig.CountAsync("job_history") == 200, "all have ended");
        Assert.Equal(0, followed);
        await rig.Queue.EnqueueBatchAsync("one", Jobs(rig, "a"));
        await Eventually.TrueAsync(() => followed > 0, "an end of a batch is followed by the loop that wrote it");
    }

    private static Task<JobRig> StartAsync(DatabaseKind kind, HandlerOptions<Work>? options = null) =>
        JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), options, isRunning: false);

    private static PreparedJob[] Jobs(JobRig rig, params string[] names) => [.. names.Select(n => rig.Queue.Prepare(new Work(n)))];

    private static async Task<BatchView> ShowAsync(JobRig rig, long id) => (await LinkRig.Operations(rig).Batches.ShowAsync(id))!;

    private static Task<BatchView> UntilFinishedAsync(JobRig rig, long id) => Eventually.GetAsync(() => ShowAsync(rig, id), b => b.State == "finished", $"batch {id} has finished");

    /// <summary>Claims what is there and ends it, and nothing follows from that yet.</summary>
    private static void End(JobRig rig, PumpStore node, Outcome outcome) =>
        rig.Write(node, [.. rig.Claim(node).Select(j => rig.Ended(j, outcome, outcome == Outcome.Done ? null : "broken"))]);
}
