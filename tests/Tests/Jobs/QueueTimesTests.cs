using Rondo.Jobs;
using Rondo.Jobs.Operations;
using Rondo.Jobs.Pump;
using Rondo.Storage;
using Rondo.Tests.Polling;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Jobs;

/// <summary>What is told of how long jobs wait and run.</summary>
public sealed class QueueTimesTests
{
    [Theory, BothDatabases]
    public async Task A_queue_with_few_ends_has_times_beside_one_with_very_many(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        foreach (var queue in new[] { "quiet", "still", "never", "busy" })
        {
            await rig.EnqueueAsync(queue, options: new EnqueueOptions { Queue = queue });
        }

        var now = rig.Database.Clock.Now;
        rig.Database.Write("test", tx =>
        {
            var store = PumpStore.For(kind, rig.Options, rig.Node.Id);
            var jobs = store.Claim(tx, [.. new[] { "quiet", "still", "never", "busy" }.Select(queue => new Want(queue, 1, long.MinValue))]);

            // Of what was cancelled before it began there are no times to be had.
            return store.Write(tx, [.. jobs.Select(job => job.Queue == "never"
                ? new Finish { Job = job, Outcome = Outcome.Cancelled, EndedAt = now }
                : new Finish { Job = job, Outcome = Outcome.Done, StartedAt = now, EndedAt = job.Queue == "busy" ? now + TimeSpan.FromSeconds(1) : now })]);
        });
        await rig.Store.ExecuteAsync($"""
            with recursive n (n) as (select 1 union all select n + 1 from n where n < {QueueStore.Sample + 100})
            insert into job_history ({PumpStore.Kept}, state, node, started_at, finished_at, forget_at)
            select {PumpStore.Kept.Replace("id, queue", "h.id + n.n, queue", StringComparison.Ordinal)}, state, node, started_at, finished_at, forget_at from job_history h, n where queue = 'busy'
            """);
        var before = Asked();
        var queues = (await new JobOperations(rig.Database, new JobHandlers(), rig.Options, _ => { }).Queues.ReadAsync()).Queues.ToDictionary(q => q.Queue);
        Assert.Equal((1, 0, 1, 0), (queues["quiet"].Finished, queues["quiet"].RunP50Ms, queues["still"].Finished, queues["still"].RunP50Ms));
        Assert.Equal((1, null), (queues["never"].Finished, queues["never"].RunP50Ms));
        Assert.Equal((QueueStore.Sample + 101, 1_000), (queues["busy"].Finished, queues["busy"].RunP99Ms));

        // However many have few, the history is read once more; and not at all when there is nothing more to be had.
        Assert.Equal(1, Asked() - before);
        await rig.Store.ExecuteAsync("delete from job_history where queue in ('quiet', 'still')");
        Assert.Equal(["busy", "default", "never"], (await new JobOperations(rig.Database, new JobHandlers(), rig.Options, _ => { }).Queues.ReadAsync()).Queues.Select(q => q.Queue));
        Assert.Equal(1, Asked() - before);

        long Asked() => rig.Database.Statements.ByName.All.Where(s => s.Label == "queues.times.of").Sum(s => s.Cell.Total.Count);
    }
}
