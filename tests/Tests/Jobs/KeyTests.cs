using Rondo.Jobs;
using Rondo.Jobs.Pump;
using Rondo.Jobs.Upkeep;
using Rondo.Storage;
using Rondo.Tests.Polling;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>Concurrency keys: never more at once than the limit, and nobody forgotten.</summary>
public sealed class KeyTests
{
    [Theory, BothDatabases]
    public async Task No_more_of_a_key_run_at_once_than_its_limit_and_all_of_them_run(DatabaseKind kind)
    {
        foreach (var limit in new[] { 1, 3 })
        {
            var (now, most, gate) = (0, 0, new Lock());
            await using var rig = await JobRig.StartAsync(
                kind,
                async (work, job, _) =>
                {
                    lock (gate)
                    {
                        most = Math.Max(most, ++now);
                    }

                    await Task.Yield();
                    lock (gate)
                    {
                        now--;
                    }

                    return job.Attempt == 1 && work.Name == "7" ? JobResult.Retry("once more", TimeSpan.Zero) : JobResult.Done;
                },
                new HandlerOptions<Work> { ConcurrencyKey = w => w.Key, ConcurrencyLimit = limit },
                JobRig.Fast with { Queues = new Dictionary<string, int> { ["default"] = 8 } });
            await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, 40).Select(n => new Work($"{n}", "k")));
            await Task.WhenAll(Enumerable.Range(40, 20).Select(n => rig.EnqueueAsync($"{n}", "k")));
            await Eventually.TrueAsync(async () => await rig.Store.ScalarAsync<long>("select count(*) from job_history where state = 'done'") == 60, "all have ended", TimeSpan.FromSeconds(30));
            Assert.InRange(most, 1, limit);
            Assert.Equal(0, await rig.CountAsync("job_slot"));
        }
    }

    [Theory, BothDatabases]
    public async Task A_claim_does_not_see_those_that_wait_for_a_key(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), new HandlerOptions<Work> { ConcurrencyKey = w => w.Key }, isRunning: false);
        await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, 100).Select(n => new Work($"{n}", "k")));
        var free = await rig.EnqueueAsync("free");
        Fill(rig);
        var other = await rig.OtherAsync();
        var claimed = rig.Claim(other);
        Assert.Equal(2, claimed.Count);
        Assert.Contains(claimed, j => j.Id == free);
        Assert.Equal(99, await rig.CountAsync("job_waiting"));
        Fill(rig);
        Assert.Empty(rig.Claim(other));
    }

    [Theory, BothDatabases]
    public async Task A_slot_goes_with_a_crash_to_nobody_else_and_back_with_the_end(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), new HandlerOptions<Work> { ConcurrencyKey = w => w.Key }, isRunning: false);
        var ids = (await rig.Queue.EnqueueManyAsync([new Work("a", "k"), new Work("b", "k")])).Select(e => e.Id).ToArray();
        Fill(rig);
        var other = await rig.OtherAsync();
        Assert.Equal(ids[0], Assert.Single(rig.Claim(other)).Id);
        await rig.BuryOtherAsync();
        rig.Database.Write("test", tx => ReleaseStore.Release(tx, rig.Options));
        Fill(rig);
        var third = await rig.OtherAsync();
        var again = Assert.Single(rig.Claim(third));
        Assert.Equal(ids[0], again.Id);
        Assert.Equal(1, await rig.CountAsync("job_slot"));

        // A slot of a job that is nowhere, as after a change by hand, is found.
        await rig.Store.ExecuteAsync("delete from job_running");
        var after = "";
        rig.Database.Write("test", tx => KeyStore.Reconcile(tx, ref after));
        Assert.Equal(ids[1], Assert.Single(rig.Claim(third)).Id);
    }

    private static void Fill(JobRig rig) => rig.Database.Write("test", tx => Rondo.Jobs.Keys.Gate.Answer(tx));
}
