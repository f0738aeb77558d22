using System.Collections.Concurrent;
using Rondo.Jobs;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>A claim that goes along with the transaction which stores the job.</summary>
public sealed class RideTests
{
    [Fact]
    public async Task On_SQLite_a_job_that_finds_a_worker_idle_is_claimed_by_the_transaction_that_stores_it()
    {
        await using var rig = await JobRig.StartAsync(DatabaseKind.Sqlite, (_, _, _) => Task.FromResult(JobResult.Done));
        await Eventually.TrueAsync(() => rig.Server.State.HasLooked, "it is known what operators want");
        rig.Database.Before = name => name == "jobs.claim" ? SteeredDatabase.Away(name) : null;

        // One that comes while the loop has its turn does not ride, and goes along with the next.
        await Eventually.TrueAsync(async () =>
        {
            await rig.EnqueueAsync("x");
            return rig.Server.State.Finished >= 20;
        }, "twenty have ended");
    }

    [Fact]
    public async Task Nothing_rides_beside_a_suspect_that_runs_alone()
    {
        var (begun, end) = (new ConcurrentQueue<string>(), new TaskCompletionSource());
        await using var rig = await JobRig.StartAsync(DatabaseKind.Sqlite, async (work, _, _) =>
        {
            begun.Enqueue(work.Name);
            await (work.Name == "suspect" ? end.Task : Task.CompletedTask);
            return JobResult.Done;
        }, isRunning: false);
        var suspect = await rig.EnqueueAsync("suspect");
        await rig.Store.ExecuteAsync("update job_ready set crashes = 2");
        rig.Run();
        await Eventually.TrueAsync(() => begun.Contains("suspect"), "it runs");
        var next = await rig.EnqueueAsync("next");
        Assert.Equal("ready", (await rig.FindAsync(next))!.State);
        Assert.Equal(["suspect"], begun);
        end.SetResult();
        await rig.UntilAsync(suspect, "done");
        await rig.UntilAsync(next, "done");
    }

    [Fact]
    public async Task What_did_not_get_stored_does_not_run()
    {
        var begun = new ConcurrentQueue<string>();
        await using var rig = await JobRig.StartAsync(DatabaseKind.Sqlite, (work, _, _) =>
        {
            begun.Enqueue(work.Name);
            return Task.FromResult(JobResult.Done);
        });
        await Eventually.TrueAsync(() => rig.Server.State.HasLooked, "it is known what operators want");

        // A row that the claim cannot move undoes the whole transaction.
        await rig.Store.ExecuteAsync("create trigger no before insert on job_running begin select raise(abort, 'no'); end");
        var stored = 0;
        var isRefused = false;
        while (!isRefused)
        {
            try
            {
                await rig.EnqueueAsync($"{stored}");
                stored++;
            }
            catch (StorageFault)
            {
                isRefused = true;
            }
        }

        Assert.Equal(stored, await rig.CountAsync("job"));
        await rig.Store.ExecuteAsync("drop trigger no");
        await rig.UntilAsync(await rig.EnqueueAsync("b"), "done");
        Assert.DoesNotContain($"{stored}", begun);
    }

    [Theory, BothDatabases]
    public async Task Nothing_is_claimed_before_it_is_known_what_operators_want_of_the_queues(DatabaseKind kind)
    {
        var begun = new ConcurrentQueue<string>();
        await using var rig = await JobRig.StartAsync(kind, (work, _, _) =>
        {
            begun.Enqueue(work.Name);
            return Task.FromResult(JobResult.Done);
        }, isRunning: false);
        var first = await rig.EnqueueAsync("a");
        var looks = 0;
        rig.Database.Before = name =>
        {
            Interlocked.Add(ref looks, name == "jobs.look" ? 1 : 0);
            return name == "jobs.look.around" ? SteeredDatabase.Away(name) : null;
        };
        rig.Run();
        await rig.EnqueueAsync("b");
        await Eventually.TrueAsync(() => Volatile.Read(ref looks) >= 3, "the claims have had their turns");
        Assert.Equal((0, false), (rig.Server.State.Claimed, rig.Server.State.HasLooked));
        Assert.Empty(begun);
        rig.Database.Before = null;
        await rig.UntilAsync(first, "done");
    }
}
