using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Jobs;
using Rondo.Jobs.Told;
using Rondo.Jobs.Upkeep;
using Rondo.Live;
using Rondo.Live.Log;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Tests.Jobs;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Live;

/// <summary>What the feed tells of jobs: what is rare as events in the log, what is many as newest figures.</summary>
public sealed class JobFeedTests
{
    [Theory, BothDatabases]
    public async Task A_dead_job_and_a_finished_batch_are_events_on_the_topic_of_their_queue(DatabaseKind kind)
    {
        await using var rig = await FeedRig.StartAsync(kind, role: "api");
        await using var jobs = await FeedWorker.StartAsync(rig);
        using var listener = await rig.ListenAsync(["jobs.mail", "global"]);
        var discarded = (await jobs.Queue.EnqueueAsync(new Work("discard"))).Id;
        var dead = await DiedAsync(listener);
        Assert.Equal(
            (discarded, "mail", "work", 1, "discarded"),
            (dead.GetProperty("job_id").GetInt64(), dead.GetProperty("queue").GetString(), dead.GetProperty("kind").GetString(), dead.GetProperty("attempts").GetInt32(), dead.GetProperty("reason").GetString()));

        var failed = (await jobs.Queue.EnqueueAsync(new Work("fail"), new EnqueueOptions { Attempts = 1 })).Id;
        dead = await DiedAsync(listener);
        Assert.Equal((failed, "exhausted"), (dead.GetProperty("job_id").GetInt64(), dead.GetProperty("reason").GetString()));
        Assert.Contains("it fails", dead.GetProperty("error").GetString(), StringComparison.Ordinal);

        var batch = await jobs.Queue.EnqueueBatchAsync("nightly", [jobs.Queue.Prepare(new Work("well")), jobs.Queue.Prepare(new Work("well")), jobs.Queue.Prepare(new Work("discard"))]);
        var finished = await listener.NextAsync(m => m.GetProperty("name").GetString() == JobEvents.BatchFinished);
        Assert.Equal("jobs.mail", finished.GetProperty("topic").GetString());
        var data = finished.GetProperty("data");
        Assert.Equal((batch.Id, "nightly", 3, 2, 1), (data.GetProperty("batch_id").GetInt64(), data.GetProperty("name").GetString(), data.GetProperty("total").GetInt32(), data.GetProperty("done").GetInt32(), data.GetProperty("dead").GetInt32()));

        // One that has nothing in it finishes in the transaction that seals it, and belongs to no queue.
        await jobs.Queue.EnqueueBatchAsync("empty", []);
        Assert.Equal("global", (await listener.NextAsync(m => m.GetProperty("name").GetString() == JobEvents.BatchFinished)).GetProperty("topic").GetString());
    }

    [Theory, BothDatabases]
    public async Task A_job_that_is_dead_for_its_crashes_is_an_event_in_the_transaction_that_finds_so(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var id = await rig.EnqueueAsync("culprit");
        await rig.Store.ExecuteAsync("update job_ready set crashes = 4");
        var other = await rig.OtherAsync();
        Assert.Equal(id, rig.Database.Write("test", tx => other.ClaimAlone(tx, ["default"]))!.Id);
        await rig.BuryOtherAsync();
        var events = new JobEvents(new EventLog());
        Assert.Throws<InvalidOperationException>(() => rig.Database.Write<bool>("test", tx =>
        {
            events.Dead(tx, ReleaseStore.Release(tx, rig.Options).Dead);
            throw new InvalidOperationException("undone");
        }));
        Assert.Empty(await LoggedAsync(rig.Database));
        await rig.Database.WriteAsync("test", tx => events.Dead(tx, ReleaseStore.Release(tx, rig.Options).Dead));
        var happened = Assert.Single(await LoggedAsync(rig.Database));
        Assert.Equal((JobEvents.Died, "jobs.default"), (happened.Name, happened.Topic));
        Assert.Equal("crash_loop", JsonDocument.Parse(happened.Data).RootElement.GetProperty("reason").GetString());
    }

    [Theory, BothDatabases]
    public async Task A_queue_that_dies_by_the_thousand_takes_a_few_lines_of_the_log(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var events = new JobEvents(new EventLog());
        for (var n = 0; n < 5; n++)
        {
            var first = n * 1_000;
            await store.Database.WriteAsync("test", tx => events.Dead(tx, [.. Enumerable.Range(first, 1_000).Select(i => new DeadJob(i, "mass", "work", 1, 1, "exhausted", new string('x', 5_000)))]));
        }

        var logged = await LoggedAsync(store.Database);
        Assert.InRange(logged.Count(e => e.Name == JobEvents.Died), JobEvents.Alone, JobEvents.Alone * 4);
        var rest = logged.Where(e => e.Name == JobEvents.ManyDied).Select(e => JsonDocument.Parse(e.Data).RootElement.GetProperty("count").GetInt32()).ToArray();
        Assert.Equal(5, rest.Length);

        // None is left out of the count.
        Assert.Equal(5_000, rest.Sum() + logged.Count(e => e.Name == JobEvents.Died));
        Assert.All(logged, e => Assert.True(e.Data.Length < 1_500));
    }

    [Theory, BothDatabases]
    public async Task Figures_of_a_queue_come_to_whoever_listens_newest_first_and_only_when_they_change(DatabaseKind kind)
    {
        await using var rig = await FeedRig.StartAsync(kind, role: "api");
        await using var jobs = await FeedWorker.StartAsync(rig, isRunning: false);
        using var listener = await rig.ListenAsync(["jobs.mail"]);
        Assert.Equal(0, (await CountedAsync(listener)).GetProperty("ready").GetInt64());
        await jobs.Queue.EnqueueAsync(new Work("well"));
        await jobs.Queue.EnqueueAsync(new Work("well"), new EnqueueOptions { Delay = TimeSpan.FromHours(1) });
        var figures = await CountedAsync(listener, f => f.GetProperty("ready").GetInt64() == 1 && f.GetProperty("scheduled").GetInt64() == 1);
        Assert.NotNull(figures.GetProperty("oldest_ready_due").GetString());
        using (var late = await rig.ListenAsync(["global"]))
        {
            Assert.Equal(1, (await CountedAsync(late)).GetProperty("ready").GetInt64());
        }

        jobs.Run();
        figures = await CountedAsync(listener, f => f.GetProperty("done_per_s").GetDouble() > 0);
        Assert.Equal(0, figures.GetProperty("ready").GetInt64());

        // What happened is over, and the same is not said again.
        await CountedAsync(listener, f => f.GetProperty("done_per_s").GetDouble() == 0);
        var passes = Passes();
        await Eventually.TrueAsync(() => Passes() > passes, "what was told has been sent");
        var sent = rig.State.Sent;
        passes = Passes();
        await Eventually.TrueAsync(() => Passes() > passes + 1, "it was counted twice more");
        Assert.Equal(sent, rig.State.Sent);

        long Passes() => rig.Server.Loops.Single(l => l.Name == "live.queues").Passes;
    }

    [Fact]
    public async Task Nobody_counts_while_nobody_listens()
    {
        var store = await TestStore.CreateAsync(DatabaseKind.Sqlite);
        await using var _ = store;
        var hub = new Rondo.Live.Feed.FeedHub(store.Database, new LiveOptions(), new EventBus(), TimeProvider.System);
        var counter = new Counter();
        var loop = new Rondo.Live.Feed.QueuesLoop(hub, store.Database, counter, TimeProvider.System);
        Assert.Equal(TimeSpan.FromMinutes(1), await loop.PassAsync());
        Assert.Equal(TimeSpan.FromMinutes(1), await new Rondo.Live.Feed.BatchesLoop(hub, store.Database, counter, TimeProvider.System).PassAsync());
        Assert.Equal(0, counter.Count);
    }

    private static async Task<JsonElement> DiedAsync(FeedListener listener) =>
        (await listener.NextAsync(m => m.GetProperty("name").GetString() == JobEvents.Died)).GetProperty("data");

    private static async Task<JsonElement> CountedAsync(FeedListener listener, Func<JsonElement, bool>? wanted = null) =>
        (await listener.NextAsync(m => m.GetProperty("name").GetString() == "queue_counted" && (wanted is null || wanted(m.GetProperty("data"))))).GetProperty("data");

    private static Task<List<LoggedEvent>> LoggedAsync(Database database) => database.WriteAsync("test", tx =>
    {
        if (tx.Dialect == Dialect.Postgres)
        {
            EventStore.Sequence(tx, 10_000);
        }

        return EventStore.After(tx, 0, 10_000);
    });

    private sealed class Counter : Rondo.Live.Feed.IQueueFigures
    {
        public int Count { get; private set; }

        public Task<IReadOnlyList<Rondo.Live.Feed.QueueFigures>> ReadAsync(Database database, TimeSpan window, CancellationToken stop)
        {
            Count++;
            return Task.FromResult<IReadOnlyList<Rondo.Live.Feed.QueueFigures>>([]);
        }

        public Task<IReadOnlyList<Rondo.Live.Feed.BatchFigures>> ReadBatchesAsync(Database database, CancellationToken stop)
        {
            Count++;
            return Task.FromResult<IReadOnlyList<Rondo.Live.Feed.BatchFigures>>([]);
        }
    }
}
