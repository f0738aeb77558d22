using System.Collections.Concurrent;
using Rondo.Jobs;
using Rondo.Jobs.Links;
using Rondo.Jobs.Operations;
using Rondo.Jobs.Pump;
using Rondo.Storage;
using Rondo.Tests.Polling;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs.Links;

/// <summary>Jobs that wait for the end of another.</summary>
public sealed class ChainTests
{
    [Theory, BothDatabases]
    public async Task Jobs_of_a_chain_run_one_after_the_other_also_when_a_handler_ends_its_job_in_its_own_transaction(DatabaseKind kind)
    {
        var ran = new ConcurrentQueue<string>();
        JobRig? rig = null;
        rig = await JobRig.StartAsync(kind, async (work, job, _) =>
        {
            ran.Enqueue($"{work.Name}-{job.Attempt}");
            if (work.Name == "b" && job.Attempt == 1)
            {
                return JobResult.Retry("not yet", TimeSpan.Zero);
            }

            if (work.Name == "c")
            {
                await rig!.Database.WriteAsync("test", job.FinishIn, CancellationToken.None);
            }

            return JobResult.Done;
        });
        await using (rig)
        {
            var ids = await ChainAsync(rig, "a", "b", "c", "d");
            await rig.UntilAsync(ids[^1], "done");
            Assert.Equal(["a-1", "b-1", "b-2", "c-1", "d-1"], ran);
            Assert.Equal(0, await rig.Store.ScalarAsync<long>("select count(*) from job_history where is_awaited"));
        }
    }

    [Theory, BothDatabases]
    public async Task A_chain_exists_with_the_callers_transaction_and_only_its_first_job_can_run(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        await Assert.ThrowsAsync<InvalidOperationException>(() => rig.Database.WriteAsync("test", tx =>
        {
            rig.Queue.EnqueueChain(tx, [rig.Queue.Prepare(new Work("a")), rig.Queue.Prepare(new Work("b"))]);
            throw new InvalidOperationException("the caller's own trouble");
        }));
        Assert.Equal(0, await rig.CountAsync("job"));
        var ids = await ChainAsync(rig, "a", "b", "c");
        Assert.Equal(["ready", "blocked", "blocked"], await StatesAsync(rig, ids));
        var row = (await rig.FindAsync(ids[1]))!;
        Assert.Equal((ids[0], "job"), (row.WaitsFor!.Value, row.WaitsOn!));
        Assert.Equal($"waits_for_job: it waits for job {ids[0]}, which is ready. Why: rondo jobs explain {ids[0]}", await ExplainAsync(rig, ids[1]));
        var other = await rig.OtherAsync();
        Assert.Equal(ids[0], Assert.Single(rig.Claim(other)).Id);
        var second = await Operations(rig).ActAsync(JobVerb.Retry, ids[1]);
        Assert.Equal("it is blocked", second.Refusal);
    }

    [Theory, BothDatabases]
    public async Task Who_waits_for_a_dead_job_waits_on_and_goes_when_that_was_run_again(DatabaseKind kind)
    {
        var isBroken = true;
        await using var rig = await JobRig.StartAsync(kind, (work, _, _) => Task.FromResult(work.Name == "a" && isBroken ? JobResult.Discard("broken") : JobResult.Done));
        var ids = await ChainAsync(rig, "a", "b", "c");
        await rig.UntilAsync(ids[0], "dead");
        await Eventually.TrueAsync(async () => await rig.Store.ScalarAsync<long>("select count(*) from job_history where is_awaited") == 0, "it is known");
        Assert.Equal(["dead", "blocked", "blocked"], await StatesAsync(rig, ids));
        Assert.Equal(
            $"waits_for_dead: it waits for job {ids[0]}, which is dead: discarded: broken. Have that run again: rondo jobs retry {ids[0]}, or give up: rondo jobs cancel {ids[1]}",
            await ExplainAsync(rig, ids[1]));
        isBroken = false;
        Assert.Null((await Operations(rig).ActAsync(JobVerb.Retry, ids[0])).Refusal);
        await rig.UntilAsync(ids[2], "done");
    }

    [Theory, BothDatabases]
    public async Task What_is_cancelled_or_given_up_takes_everything_behind_it_along_with_the_reason(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var ids = await ChainAsync(rig, "a", "b", "c", "d");
        Assert.Null((await Operations(rig).ActAsync(JobVerb.Cancel, ids[1])).Refusal);
        Assert.Equal(["ready", "cancelled", "cancelled", "cancelled"], await StatesAsync(rig, ids));
        Assert.Equal(
            ["cancelled by an operator", $"job {ids[1]}, which it waited for, was cancelled", $"job {ids[2]}, which it waited for, was cancelled"],
            new[] { (await rig.FindAsync(ids[1]))!.Error!, (await rig.FindAsync(ids[2]))!.Error!, (await rig.FindAsync(ids[3]))!.Error! });

        // Dead, which is known, and then given up.
        var others = await ChainAsync(rig, "e", "f");
        var node = await rig.OtherAsync();
        var claimed = rig.Claim(node).Single(j => j.Id == others[0]);
        rig.Write(node, rig.Ended(claimed, Outcome.Dead, "broken"));
        CatchUp(rig);
        Assert.Equal(["dead", "blocked"], await StatesAsync(rig, others));
        Assert.Null((await Operations(rig).ActAsync(JobVerb.Discard, others[0])).Refusal);
        Assert.Equal(["cancelled", "cancelled"], await StatesAsync(rig, others));
    }

    [Theory, BothDatabases]
    public async Task A_cancel_while_it_runs_takes_the_rest_along(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, async (_, _, stop) =>
        {
            await new TaskCompletionSource().Task.WaitAsync(stop);
            return JobResult.Done;
        });
        var ids = await ChainAsync(rig, "a", "b");
        await rig.UntilAsync(ids[0], "running");
        Assert.Null((await Operations(rig).ActAsync(JobVerb.Cancel, ids[0])).Refusal);
        await rig.UntilAsync(ids[1], "cancelled");
    }

    [Theory, BothDatabases]
    public async Task Whoever_was_killed_between_an_end_and_what_follows_from_it_leaves_nobody_behind(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var ids = await ChainAsync(rig, "a", "b");
        var gone = await ChainAsync(rig, "c", "d");
        var node = await rig.OtherAsync();
        var claimed = rig.Claim(node);

        // The ends are committed, and whoever wrote them is no more.
        rig.Write(node, rig.Ended(claimed.Single(j => j.Id == ids[0]), Outcome.Done), rig.Ended(claimed.Single(j => j.Id == gone[0]), Outcome.Cancelled, "cancelled"));
        await rig.BuryOtherAsync();
        Assert.Equal(["done", "blocked"], await StatesAsync(rig, ids));
        Assert.StartsWith("waits_no_more", await ExplainAsync(rig, ids[1]), StringComparison.Ordinal);
        rig.Run();
        await rig.UntilAsync(ids[1], "done");
        await rig.UntilAsync(gone[1], "cancelled");
    }

    [Theory, BothDatabases]
    public async Task A_crash_in_a_chain_changes_nothing_about_who_waits(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var ids = await ChainAsync(rig, "a", "b");
        var node = await rig.OtherAsync();
        Assert.Single(rig.Claim(node));
        await rig.BuryOtherAsync();
        Assert.Equal(["running", "blocked"], await StatesAsync(rig, ids));
        rig.Run();
        await rig.UntilAsync(ids[1], "done");
    }

    [Theory, BothDatabases]
    public async Task One_may_wait_for_a_job_that_was_there_before_whatever_becomes_of_it_meanwhile(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var (first, second, later) = (await rig.EnqueueAsync("first"), await rig.EnqueueAsync("second"), await rig.EnqueueAsync("later", options: new EnqueueOptions { Delay = TimeSpan.FromHours(1) }));
        var node = await rig.OtherAsync();
        var claimed = rig.Claim(node);

        // One that runs, told before its end; one that ends before anybody told it; one that is scheduled.
        var afterFirst = await rig.EnqueueAsync("x", options: new EnqueueOptions { After = first });
        CatchUp(rig);
        var afterSecond = await rig.EnqueueAsync("y", options: new EnqueueOptions { After = second });
        var afterLater = await rig.EnqueueAsync("z", options: new EnqueueOptions { After = later });
        Assert.Equal(["blocked", "blocked", "blocked"], await StatesAsync(rig, [afterFirst, afterSecond, afterLater]));
        rig.Write(node, [.. claimed.Select(j => rig.Ended(j, Outcome.Done))]);
        Assert.Equal(["done", "done"], await StatesAsync(rig, [first, second]));
        CatchUp(rig);
        Assert.Equal(["ready", "ready", "blocked"], await StatesAsync(rig, [afterFirst, afterSecond, afterLater]));
        Assert.Null((await Operations(rig).ActAsync(JobVerb.Cancel, later)).Refusal);
        Assert.Equal("cancelled", (await rig.FindAsync(afterLater))!.State);

        // Of one that is done nothing has to be waited for; of one that is nowhere or cancelled it would be for ever.
        Assert.Equal("ready", (await rig.FindAsync(await rig.EnqueueAsync("w", options: new EnqueueOptions { After = first })))!.State);
        var count = await rig.CountAsync("job");
        var refused = await Assert.ThrowsAsync<JobRefused>(() => rig.Queue.EnqueueAsync(new Work("v"), new EnqueueOptions { After = 999_999, UniqueKey = "u" }));
        Assert.Equal("there is no job 999999 to wait for: it never was, or its time in the history is over", refused.Message);
        refused = await Assert.ThrowsAsync<JobRefused>(() => rig.Queue.EnqueueAsync(new Work("v"), new EnqueueOptions { After = later }));
        Assert.StartsWith($"job {later} is cancelled", refused.Message, StringComparison.Ordinal);
        Assert.Equal((count, 0), (await rig.CountAsync("job"), await rig.CountAsync("job_unique")));
    }

    [Theory, BothDatabases]
    public async Task Who_waits_for_a_job_that_is_forgotten_is_cancelled_and_nothing_is_forgotten_before_it_was_told(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var ids = await ChainAsync(rig, "a", "b", "c");
        var node = await rig.OtherAsync();
        rig.Write(node, rig.Ended(rig.Claim(node).Single(), Outcome.Dead, "broken"));
        Assert.Equal(0, (await Operations(rig).PruneAsync(rig.Database.Clock.Now + TimeSpan.FromDays(1), null, isDryRun: false)).Values.Sum());
        CatchUp(rig);
        Assert.Equal(1, (await Operations(rig).PruneAsync(rig.Database.Clock.Now + TimeSpan.FromDays(1), null, isDryRun: false)).Values.Sum());
        Assert.StartsWith("waits_for_nothing", await ExplainAsync(rig, ids[1]), StringComparison.Ordinal);
        Assert.Equal(["blocked", "blocked"], await StatesAsync(rig, ids[1..]));
        new Followers(rig.Database, rig.Options).Reconcile();
        CatchUp(rig);
        Assert.Equal(["cancelled", "cancelled"], await StatesAsync(rig, ids[1..]));
        Assert.Equal($"job {ids[0]}, which it waited for, is not there any more", (await rig.FindAsync(ids[1]))!.Error);
    }

    [Theory, BothDatabases]
    public async Task What_is_let_go_keeps_its_due_time_and_asks_for_a_slot_of_its_key(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, new HandlerOptions<Work> { ConcurrencyKey = w => w.Key });
        var options = new EnqueueOptions { Delay = TimeSpan.FromHours(1) };
        var ids = await rig.Database.WriteAsync("test", tx => rig.Queue.EnqueueChain(
            tx, [rig.Queue.Prepare(new Work("a")), rig.Queue.Prepare(new Work("later", "k"), options)]).Select(e => e.Id).ToArray());
        var keyed = await rig.EnqueueAsync("keyed", "k", new EnqueueOptions { After = ids[0] });
        var node = await rig.OtherAsync();

        // Not of the key yet: it has no part in its slots while it waits for a job.
        Assert.Empty(rig.Database.Write("test", tx => Rondo.Jobs.Keys.Gate.Fill(tx, ["k"])));
        rig.Write(node, rig.Ended(rig.Claim(node).Single(), Outcome.Done));
        CatchUp(rig);
        Assert.Equal(["scheduled", "blocked"], await StatesAsync(rig, [ids[1], keyed]));
        Assert.StartsWith("key_opens", await ExplainAsync(rig, keyed), StringComparison.Ordinal);
        rig.Database.Write("test", tx => Rondo.Jobs.Keys.Gate.Answer(tx));
        Assert.Equal("ready", (await rig.FindAsync(keyed))!.State);
    }

    [Theory, BothDatabases]
    public async Task Behind_a_job_whose_unique_key_is_held_a_chain_waits_for_the_holder(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, new HandlerOptions<Work> { UniqueKey = w => w.Key });
        var holder = await rig.EnqueueAsync("holder", "k");
        var node = await rig.OtherAsync();
        var claimed = rig.Claim(node).Single();
        var chain = await rig.Database.WriteAsync("test", tx => rig.Queue.EnqueueChain(tx, [rig.Queue.Prepare(new Work("a", "k")), rig.Queue.Prepare(new Work("b"))]));
        Assert.Equal((holder, false, true), (chain[0].Id, chain[0].IsNew, chain[1].IsNew));
        CatchUp(rig);
        rig.Write(node, rig.Ended(claimed, Outcome.Done));
        Assert.Equal("blocked", (await rig.FindAsync(chain[1].Id))!.State);
        CatchUp(rig);
        Assert.Equal("ready", (await rig.FindAsync(chain[1].Id))!.State);
    }

    [Theory, BothDatabases]
    public async Task A_chain_that_makes_no_sense_is_refused(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var first = await rig.EnqueueAsync("first");
        var job = rig.Queue.Prepare(new Work("a"));
        await Assert.ThrowsAsync<JobRefused>(() => rig.Queue.EnqueueChainAsync([]));
        await Assert.ThrowsAsync<JobRefused>(() => rig.Queue.EnqueueChainAsync([.. Enumerable.Repeat(job, JobQueue.MostOfChain + 1)]));
        await Assert.ThrowsAsync<JobRefused>(() => rig.Queue.EnqueueChainAsync([job, rig.Queue.Prepare(new Work("b"), new EnqueueOptions { After = first })]));
        Assert.Equal(1, await rig.CountAsync("job"));

        // The same job may stand in it more than once, and the first may come after another.
        var chain = await rig.Queue.EnqueueChainAsync([rig.Queue.Prepare(new Work("b"), new EnqueueOptions { After = first }), job, job]);
        Assert.Equal(["blocked", "blocked", "blocked"], await StatesAsync(rig, [.. chain.Select(e => e.Id)]));
    }

    [Theory, BothDatabases]
    public async Task Many_chains_at_once_run_in_order_and_end(DatabaseKind kind)
    {
        var ran = new ConcurrentQueue<string>();
        await using var rig = await JobRig.StartAsync(kind, (work, _, _) =>
        {
            ran.Enqueue(work.Name);
            return Task.FromResult(JobResult.Done);
        });
        var chains = await Task.WhenAll(Enumerable.Range(0, 40).Select(c => Task.Run(async () => await ChainAsync(rig, [.. Enumerable.Range(0, 5).Select(n => $"{c}-{n}")]))));
        await Eventually.TrueAsync(async () => await rig.CountAsync("job_history") == 200, "all have ended", TimeSpan.FromSeconds(60));
        foreach (var chain in ran.GroupBy(name => name.Split('-')[0]))
        {
            Assert.Equal(Enumerable.Range(0, 5).Select(n => $"{chain.Key}-{n}"), chain);
        }

        Assert.Equal(40, chains.Length);
    }

    private static Task<JobRig> StartAsync(DatabaseKind kind, HandlerOptions<Work>? options = null) =>
        JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), options, isRunning: false);

    private static async Task<long[]> ChainAsync(JobRig rig, params string[] names) =>
        [.. (await rig.Queue.EnqueueChainAsync([.. names.Select(n => rig.Queue.Prepare(new Work(n)))])).Select(e => e.Id)];

    private static async Task<string[]> StatesAsync(JobRig rig, long[] ids)
    {
        var states = new List<string>();
        foreach (var id in ids)
        {
            states.Add((await rig.FindAsync(id))!.State);
        }

        return [.. states];
    }

    private static JobOperations Operations(JobRig rig) => LinkRig.Operations(rig);

    private static Task<string> ExplainAsync(JobRig rig, long id) => LinkRig.ExplainAsync(rig, id);

    private static void CatchUp(JobRig rig) => LinkRig.CatchUp(rig);
}
