using Rondo.Diagnostics;
using Rondo.Jobs;
using Rondo.Jobs.Pump;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>When a process has done enough. That it then ends, and nothing is lost by it, is a test with real processes (SystemTests).</summary>
public sealed class RecycleTests
{
    [Theory, BothDatabases]
    public async Task A_node_is_due_after_so_many_ended_attempts_and_never_without_the_setting(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), jobs: JobRig.Fast with { RecycleAfterJobs = 5 });
        await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, 4).Select(n => new Work($"{n}")));
        await Eventually.TrueAsync(() => rig.Server.State.Finished == 4, "four have ended");
        Assert.Null(rig.Server.Recycle);
        await rig.EnqueueAsync("the fifth");
        var due = await Eventually.GetAsync(() => Task.FromResult(rig.Server.Recycle), d => d is not null, "the node is due");
        Assert.True(due!.MayRecycle);
        Assert.Equal("this process has ended 5 attempts; jobs.recycle.after_jobs is 5", due.Reason);

        await using var endless = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done));
        await endless.UntilAsync(await endless.EnqueueAsync("a"), "done");
        Assert.Null(endless.Server.Recycle);
    }

    [Fact]
    public void Memory_above_the_limit_is_noticed_within_a_second_and_stays_so()
    {
        var (time, used) = (new FakeTime(), 90_000_000L);
        var recycler = new Recycler(new JobsOptions { RecycleAboveMemory = 100_000_000 }, true, new Random(1), () => used, time);
        Assert.Null(recycler.Look(1_000_000));
        used = 200_000_000;
        Assert.Null(recycler.Look(1_000_000));
        time.Advance(TimeSpan.FromSeconds(1));

        // One that has done nothing yet would only be started again, for ever.
        Assert.Null(recycler.Look(0));
        Assert.Equal("this process holds 200 MB of memory; jobs.recycle.above_memory is 100 MB", recycler.Look(1)!.Reason);
        used = 1;
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(recycler.Look(1));
    }

    [Fact]
    public void Nodes_are_not_due_at_the_same_time_and_none_before_its_setting()
    {
        var options = new JobsOptions { RecycleAfterJobs = 10_000 };
        var limits = Enumerable.Range(0, 20).Select(seed => Limit(new Recycler(options, true, new Random(seed), () => 0, TimeProvider.System))).ToArray();
        Assert.All(limits, limit => Assert.InRange(limit, 10_000, 11_000));
        Assert.True(limits.Distinct().Count() > 15, string.Join(' ', limits));

        static long Limit(Recycler recycler)
        {
            for (var finished = 9_990L; ; finished++)
            {
                if (recycler.Look(finished) is not null)
                {
                    return finished;
                }
            }
        }
    }

    [Fact]
    public async Task One_that_polls_as_well_goes_on_and_says_so()
    {
        await using var rig = await JobRig.StartAsync(
            DatabaseKind.Sqlite, (_, _, _) => Task.FromResult(JobResult.Done), jobs: JobRig.Fast with { RecycleAfterJobs = 1 }, roles: "poll,work,api");
        await rig.UntilAsync(await rig.EnqueueAsync("a"), "done");
        var due = await Eventually.GetAsync(() => Task.FromResult(rig.Server.Recycle), d => d is not null, "the node is due");
        Assert.False(due!.MayRecycle);
        var finding = Assert.Single(JobHealth.Judge(null, rig.Server.State, rig.Options, rig.Database.Clock.Now));
        Assert.Equal(("jobs.recycle_due", Health.Degraded), (finding.Code, finding.Severity));
    }

    [Theory]
    [InlineData(0L, null)]
    [InlineData(1_000_000_001L, null)]
    [InlineData(null, 63_999_999L)]
    [InlineData(null, 1_000_000_000_001)]
    public void What_is_out_of_range_is_refused(long? jobs, long? memory) =>
        Assert.Throws<InvalidOperationException>(() => new JobsOptions { RecycleAfterJobs = jobs, RecycleAboveMemory = memory }.Check());
}
