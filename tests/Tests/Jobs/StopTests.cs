using Rondo.Jobs;
using Rondo.Jobs.Upkeep;
using Rondo.Storage;
using Rondo.Tests.Polling;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>A stop ends, whatever handlers and the database do.</summary>
public sealed class StopTests
{
    // The patience below, 3 s for cancelled attempts and 5 s for the database; the rest is for the machine.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly JobsOptions Impatient = JobRig.Fast with { StopPatience = TimeSpan.FromMilliseconds(50) };

    [Theory, BothDatabases]
    public async Task A_stop_ends_although_a_handler_does_not_whose_attempt_goes_back_with_its_slot_and_whose_late_end_is_nothing(DatabaseKind kind)
    {
        using var held = new ManualResetEventSlim();
        await using var rig = await StuckAsync(kind, held);
        try
        {
            var id = await rig.EnqueueAsync("stuck", "k");
            await Eventually.TrueAsync(async () => await rig.FindAsync(id) is { State: "running", StartedAt: not null }, "it runs");
            await rig.EnqueueAsync("next", "k");
            Assert.Equal(1, rig.Server.State.Queues[0].Busy);
            await rig.StopAsync().WaitAsync(Bound, TestContext.Current.CancellationToken);

            // Ready again, for another node; its key lets nobody begin meanwhile.
            var job = (await rig.FindAsync(id))!;
            Assert.Equal(("ready", 0, 0), (job.State, job.Attempts, job.Crashes));
            Assert.Equal([id], await rig.Store.QueryAsync<long>("select job_id from job_slot"));

            // The worker is free, and that somebody still runs here is told.
            Assert.Equal((0, 1), (rig.Server.State.Queues[0].Busy, rig.Server.State.WrittenOff));
            held.Set();
            await Eventually.TrueAsync(() => rig.Server.State.WrittenOff == 0, "the handler has ended at last");
            Assert.Equal(("ready", 0), ((await rig.FindAsync(id))!.State, await rig.CountAsync("job_history")));
        }
        finally
        {
            held.Set();
        }
    }

    [Theory, BothDatabases]
    public async Task A_stop_ends_although_the_database_takes_nothing_back_and_what_was_held_goes_on_after_the_burial(DatabaseKind kind)
    {
        using var held = new ManualResetEventSlim();
        await using var rig = await StuckAsync(kind, held);
        try
        {
            var id = await rig.EnqueueAsync("stuck", "k");
            await Eventually.TrueAsync(async () => await rig.FindAsync(id) is { State: "running", StartedAt: not null }, "it runs");
            rig.Database.Before = name => name.StartsWith("jobs.finish", StringComparison.Ordinal) ? SteeredDatabase.Away(name) : null;
            await rig.StopAsync().WaitAsync(Bound, TestContext.Current.CancellationToken);
            Assert.Equal(1, rig.Server.State.Unwritten);
            Assert.Equal("running", (await rig.FindAsync(id))!.State);

            // As the next start on this machine has it, or whoever sees the lease lapse.
            await rig.Store.ExecuteAsync("update node set state = 'dead', ended_at = @now", new { now = rig.Database.Clock.Now });
            Assert.Equal(1, rig.Database.Write("test", tx => ReleaseStore.Release(tx, rig.Options)).Count);
            Assert.Equal("ready", (await rig.FindAsync(id))!.State);
        }
        finally
        {
            held.Set();
        }
    }

    private static Task<JobRig> StuckAsync(DatabaseKind kind, ManualResetEventSlim held) => JobRig.StartAsync(
        kind,
        async (_, _, _) =>
        {
            await Task.Run(held.Wait, CancellationToken.None);
            return JobResult.Done;
        },
        new HandlerOptions<Work> { ConcurrencyKey = w => w.Key },
        Impatient);
}
