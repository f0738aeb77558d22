using Rondo.Jobs;
using Rondo.Jobs.Keys;
using Rondo.Jobs.Operations;
using Rondo.Jobs.Upkeep;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>Operators, nodes and upkeep that come to one job at the same time.</summary>
public sealed class RaceTests
{
    // Other tests have theirs on the same server.
    private const string OfThis = "database = (select oid from pg_database where datname = current_database())";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(15);

    [Theory, BothDatabases]
    public async Task A_wish_to_cancel_ends_with_its_job_and_does_not_meet_it_when_it_is_run_again(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        foreach (var isCulprit in new[] { false, true })
        {
            var id = await rig.EnqueueAsync($"{isCulprit}");
            var node = await rig.OtherAsync();
            Assert.Single(rig.Claim(node));
            Assert.False(rig.Database.Write("test", tx => OperationStore.Cancel(tx, id, rig.Options, "wish")));
            await rig.Store.ExecuteAsync("update job_running set is_alone = @isCulprit, crashes = @crashes", new { isCulprit, crashes = isCulprit ? ReleaseStore.MostCrashes - 1 : 0 });
            await rig.BuryOtherAsync();
            rig.Database.Write("test", tx => ReleaseStore.Release(tx, rig.Options));
            Assert.True(isCulprit || rig.Database.Write("test", tx => OperationStore.Cancel(tx, id, rig.Options, "wish")) == true);
            Assert.Equal(isCulprit ? "dead" : "cancelled", (await rig.FindAsync(id))!.State);
            Assert.Equal(0, await rig.CountAsync("job_cancel"));

            Assert.Null(rig.Database.Write("test", tx => OperationStore.Retry(tx, id)));
            Assert.Equal(0, rig.Database.Write("test", tx => OperationStore.CancelIdle(tx, rig.Options)));
            Assert.Equal("ready", (await rig.FindAsync(id))!.State);
            rig.Database.Write("test", tx => OperationStore.Cancel(tx, id, rig.Options, "over"));
        }
    }

    [Theory, BothDatabases]
    public async Task A_late_end_in_the_handlers_own_transaction_is_counted(DatabaseKind kind)
    {
        var isRefused = false;
        JobRig? rig = null;
        await using var other = rig = await JobRig.StartAsync(kind, async (_, job, stop) =>
        {
            if (job.Attempt > 1)
            {
                return JobResult.Done;
            }

            await Task.WhenAny(new TaskCompletionSource().Task.WaitAsync(stop));
            isRefused = (await Assert.ThrowsAsync<StorageFault>(() => rig!.Database.WriteAsync("test", job.FinishIn, CancellationToken.None))).Kind == StorageFaultKind.Fenced;
            throw new InvalidOperationException("refused");
        });
        var id = await other.EnqueueAsync("a");
        await Eventually.TrueAsync(() => other.Server.State.Queues[0].Busy == 1, "it runs");
        Assert.True(other.Database.Write("test", tx => OperationStore.Release(tx, id, other.Options)));
        await other.UntilAsync(id, "done");
        await Eventually.TrueAsync(() => isRefused && other.Server.State.Refused == 1, "the one late write is refused and counted");
    }

    [Theory, BothDatabases]
    public async Task An_attempt_that_fails_while_it_is_wished_to_be_cancelled_is_counted_as_what_is_stored(DatabaseKind kind)
    {
        JobRig? rig = null;
        await using var own = rig = await JobRig.StartAsync(kind, async (work, job, _) =>
        {
            if (work.Name == "wished")
            {
                Assert.False(await rig!.Database.WriteAsync("test", tx => OperationStore.Cancel(tx, job.Id, rig.Options, "wish"), CancellationToken.None));
            }

            return JobResult.Retry("failed", TimeSpan.FromHours(1));
        });
        await rig.UntilAsync(await rig.EnqueueAsync("failed"), "scheduled");
        await rig.UntilAsync(await rig.EnqueueAsync("wished"), "cancelled");
        await Eventually.TrueAsync(() => rig.Server.State.Finished == 2, "both ends are counted");
        var numbers = Assert.Single(rig.Server.Numbers);
        Assert.Equal(["retry 1", "cancelled 1"], numbers.Attempts.Where(a => a.Count > 0).Select(a => $"{a.Outcome} {a.Count}"));
        Assert.Equal(1, numbers.Processed);
    }

    [Theory, BothDatabases]
    public async Task A_wish_that_comes_as_its_job_is_given_back_waits_for_no_round_of_the_keys(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done));
        var passes = 0;
        rig.Database.Before = name =>
        {
            passes += name == "jobs.release" ? 1 : 0;
            return null;
        };
        await Eventually.TrueAsync(() => Volatile.Read(ref passes) > 1, "upkeep has had its round of the keys");
        var id = await rig.EnqueueAsync("a", options: new EnqueueOptions { Delay = TimeSpan.FromHours(1) });
        await rig.Store.ExecuteAsync("insert into job_cancel (job_id, at, reason) values (@id, @now, 'wish')", new { id, now = rig.Database.Clock.Now });

        // The next one is in half a minute.
        await rig.UntilAsync(id, "cancelled");
        Assert.Equal(0, await rig.CountAsync("job_cancel"));
    }

    [Fact]
    public async Task Of_two_operators_who_run_a_job_again_one_does_and_the_other_is_told()
    {
        await using var rig = await JobRig.StartAsync(DatabaseKind.Postgres, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var id = await rig.EnqueueAsync("a");
        rig.Database.Write("test", tx => OperationStore.Cancel(tx, id, rig.Options, "test"));
        using var go = new ManualResetEventSlim();
        var first = rig.Database.WriteAsync("first", tx =>
        {
            var refusal = OperationStore.Retry(tx, id);
            go.Wait(Bound);
            return refusal;
        });
        await Eventually.TrueAsync(async () => await rig.Store.ScalarAsync<long>($"select count(*) from pg_locks where relation = 'job_ready'::regclass and mode = 'RowExclusiveLock' and {OfThis}") > 0, "the first has begun");
        var second = rig.Database.WriteAsync("second", tx => OperationStore.Retry(tx, id));
        await SomebodyWaitsAsync(rig);
        go.Set();
        Assert.Null(await first);
        Assert.Equal("it was run again a moment ago", await second);
        Assert.Equal((1, 0), (await rig.CountAsync("job_ready"), await rig.CountAsync("job_history")));
    }

    [Fact]
    public async Task Who_cancels_a_job_of_a_key_and_who_gives_out_its_slots_do_not_wait_for_each_other()
    {
        await using var rig = await JobRig.StartAsync(
            DatabaseKind.Postgres, (_, _, _) => Task.FromResult(JobResult.Done), new HandlerOptions<Work> { ConcurrencyKey = w => w.Key }, isRunning: false);
        var id = await rig.EnqueueAsync("a", "k");
        var (fills, cancels) = (0, 0);
        using var go = new ManualResetEventSlim();
        var filled = rig.Database.WriteAsync("fill", tx =>
        {
            fills++;
            Gate.Hold(tx, ["work:k"]);
            go.Wait(Bound);
            return Gate.Fill(tx, ["work:k"]).Count;
        });
        await Eventually.TrueAsync(async () => await rig.Store.ScalarAsync<long>($"select count(*) from pg_locks where locktype = 'advisory' and granted and {OfThis}") > 0, "the key is held");
        var cancelled = rig.Database.WriteAsync("cancel", tx =>
        {
            cancels++;
            return OperationStore.Cancel(tx, id, rig.Options, "test");
        });
        await SomebodyWaitsAsync(rig);
        go.Set();
        Assert.Equal((1, true), (await filled, await cancelled));

        // Nobody was undone to let the other pass.
        Assert.Equal((1, 1), (fills, cancels));
        Assert.Equal(0, await rig.CountAsync("job_slot"));
    }

    private static Task SomebodyWaitsAsync(JobRig rig) =>
        Eventually.TrueAsync(async () => await rig.Store.ScalarAsync<long>("select count(*) from pg_locks where not granted and pid in (select pid from pg_stat_activity where datname = current_database())") > 0, "somebody waits");
}
