using Rondo.Jobs;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Jobs;

/// <summary>The outermost priorities: a hundred steps of 30 s are more microseconds than 32 bits hold.</summary>
public sealed class PriorityTests
{
    [Theory, BothDatabases]
    public async Task Jobs_of_the_outermost_priorities_are_tried_again_follow_others_and_are_run_again(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, job, _) =>
            Task.FromResult(job.Attempt == 1 ? JobResult.Retry("once more", TimeSpan.FromMilliseconds(1)) : JobResult.Done));
        foreach (var priority in new[] { -100, 100 })
        {
            var options = new EnqueueOptions { Priority = priority };
            var chain = await rig.Queue.EnqueueChainAsync([rig.Queue.Prepare(new Work("a"), options), rig.Queue.Prepare(new Work("b"), options)]);
            foreach (var job in chain)
            {
                Assert.Equal(2, (await rig.UntilAsync(job.Id, "done")).Attempts);
            }

            // By an operator, of one that has ended and of one that waits for its next attempt.
            var operations = new JobOperations(rig.Database, new JobHandlers().AddForEnqueue<Work>("work"), rig.Options, _ => rig.Server.Wake());
            Assert.Null((await operations.ActAsync(JobVerb.Retry, chain[0].Id)).Refusal);
            await rig.UntilAsync(chain[0].Id, "done");
            var later = await rig.EnqueueAsync("c", options: options with { Delay = TimeSpan.FromHours(1) });
            Assert.Null((await operations.ActAsync(JobVerb.Retry, later)).Refusal);
            await rig.UntilAsync(later, "done");
        }
    }
}
