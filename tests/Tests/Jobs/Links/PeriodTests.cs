using Rondo.Jobs;
using Rondo.Jobs.Operations;
using Rondo.Jobs.Pump;
using Rondo.Jobs.Upkeep;
using Rondo.Storage;
using Rondo.Tests.Polling;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs.Links;

/// <summary>At most one job of a key in each period.</summary>
public sealed class PeriodTests
{
    private static readonly HandlerOptions<Work> Yearly = new() { UniqueKey = w => w.Key, UniqueScope = UniqueScope.Period, UniquePeriod = TimeSpan.FromDays(366) };

    [Theory, BothDatabases]
    public async Task A_key_is_held_until_the_period_is_over_whatever_becomes_of_the_job(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, Yearly);
        var first = await rig.Queue.EnqueueAsync(new Work("a", "k"));
        Assert.Equal((first.Id, false), Again(await rig.Queue.EnqueueAsync(new Work("b", "k"))));
        Assert.True((await rig.Queue.EnqueueAsync(new Work("c", "other"))).IsNew);
        var node = await rig.OtherAsync();
        rig.Write(node, [.. rig.Claim(node).Select(j => rig.Ended(j, Outcome.Done))]);
        Assert.Equal((first.Id, false), Again(await rig.Queue.EnqueueAsync(new Work("d", "k"))));
        var after = "";
        rig.Database.Write("test", tx => KeyStore.Reconcile(tx, ref after));
        HistoryStore.Forget(rig.Database, rig.Options);
        Assert.Equal((first.Id, false), Again(await rig.Queue.EnqueueAsync(new Work("e", "k"))));

        // An operator's retry is no new job.
        Assert.Null((await LinkRig.Operations(rig).ActAsync(JobVerb.Retry, first.Id)).Refusal);
        Assert.Equal(0, await rig.CountAsync("job_unique"));

        // The period is over: the next one has the key, and then nobody else again.
        await rig.Store.ExecuteAsync("update job_unique_period set until = @now where key like '%:k'", new { now = rig.Database.Clock.Now });
        var next = await rig.Queue.EnqueueAsync(new Work("f", "k"));
        Assert.True(next.IsNew);
        Assert.Equal((next.Id, false), Again(await rig.Queue.EnqueueAsync(new Work("g", "k"))));
    }

    [Theory, BothDatabases]
    public async Task Periods_begin_at_multiples_of_their_length_by_the_database_clock_and_are_forgotten(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var hourly = new EnqueueOptions { UniqueKey = "k", UniquePeriod = TimeSpan.FromHours(1) };
        Assert.True((await rig.Queue.EnqueueAsync(new Work("a"), hourly)).IsNew);
        var until = await rig.Store.ScalarAsync<Instant>("select until from job_unique_period");
        var now = rig.Database.Clock.Now;
        Assert.Equal(0, until.Micros % 3_600_000_000);
        Assert.InRange(until - now, TimeSpan.Zero, TimeSpan.FromHours(1));
        HistoryStore.Forget(rig.Database, rig.Options);
        Assert.Equal(1, await rig.CountAsync("job_unique_period"));
        await rig.Store.ExecuteAsync("update job_unique_period set until = @now", new { now });
        HistoryStore.Forget(rig.Database, rig.Options);
        Assert.Equal(0, await rig.CountAsync("job_unique_period"));
        Assert.True((await rig.Queue.EnqueueAsync(new Work("b"), hourly)).IsNew);
    }

    [Theory, BothDatabases]
    public async Task Of_many_at_once_one_is_accepted_and_one_that_is_undone_holds_nothing(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, Yearly);
        await Assert.ThrowsAsync<InvalidOperationException>(() => rig.Database.WriteAsync("test", tx =>
        {
            rig.Queue.Enqueue(tx, new Work("undone", "k"));
            throw new InvalidOperationException("the caller's own trouble");
        }));
        var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => Task.Run(() => rig.Queue.EnqueueAsync(new Work($"{n}", "k")))));
        var first = Assert.Single(all, e => e.IsNew);
        Assert.All(all, e => Assert.Equal(first.Id, e.Id));
        Assert.Equal(1, await rig.CountAsync("job"));
    }

    [Theory, BothDatabases]
    public async Task A_period_that_makes_no_sense_is_refused(DatabaseKind kind)
    {
        Assert.Throws<ArgumentException>(() => new JobHandlers().AddForEnqueue("work", new HandlerOptions<Work> { UniqueScope = UniqueScope.Period }));
        Assert.Throws<ArgumentException>(() => new JobHandlers().AddForEnqueue("work", new HandlerOptions<Work> { UniquePeriod = TimeSpan.FromHours(1) }));
        Assert.Throws<ArgumentException>(() => new JobHandlers().AddForEnqueue("work", Yearly with { UniquePeriod = TimeSpan.FromMilliseconds(999) }));
        await using var rig = await StartAsync(kind);
        await Assert.ThrowsAsync<JobRefused>(() => rig.EnqueueAsync("a", options: new EnqueueOptions { UniquePeriod = TimeSpan.FromHours(1) }));
        await Assert.ThrowsAsync<JobRefused>(() => rig.EnqueueAsync("a", options: new EnqueueOptions { UniqueKey = "k", UniquePeriod = TimeSpan.FromDays(367) }));
        Assert.Equal(0, await rig.CountAsync("job"));
    }

    private static Task<JobRig> StartAsync(DatabaseKind kind, HandlerOptions<Work>? options = null) =>
        JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), options, isRunning: false);

    private static (long, bool) Again(Enqueued enqueued) => (enqueued.Id, enqueued.IsNew);
}
