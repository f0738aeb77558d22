using Rondo.Jobs;
using Rondo.Jobs.Pump;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Jobs;

/// <summary>Operators who change many jobs while a queue goes on with them.</summary>
public sealed class BulkTests
{
    [Theory, BothDatabases]
    public async Task What_moves_on_while_all_are_cancelled_is_counted_once_and_what_has_ended_is_no_failure(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var operations = new JobOperations(rig.Database, new JobHandlers().AddForEnqueue<Work>("work"), rig.Options, _ => { });
        var ids = new List<long> { await rig.EnqueueAsync("ends"), await rig.EnqueueAsync("runs"), await rig.EnqueueAsync("runs too") };
        var other = await rig.OtherAsync();
        var isFirst = true;
        rig.Database.Before = name =>
        {
            if (name == "jobs.act" && isFirst)
            {
                // They were found ready; by the time something is done to them, one has ended and two run.
                isFirst = false;
                var claimed = rig.Claim(other);
                Assert.Single(rig.Write(other, rig.Ended(claimed.Single(j => j.Id == ids[0]), Outcome.Done)));
            }

            return null;
        };

        var bulk = await operations.ActOnAllAsync(JobVerb.Cancel, new JobFilter(), isDryRun: false);

        Assert.False(isFirst);
        Assert.Equal((2L, 2L, 0L), (bulk.Found, bulk.Done, bulk.Refused));
        Assert.Empty(bulk.Refusals);
        Assert.Equal(ids[1..], (await rig.Store.QueryAsync<long>("select job_id from job_cancel order by job_id")).Order());
    }
}
