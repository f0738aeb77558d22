using System.Text.Json;
using Rondo.Jobs;
using Rondo.Jobs.Told;
using Rondo.Live;
using Rondo.Live.Feed;
using Rondo.Storage;
using Rondo.Tests.Jobs;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Live;

/// <summary>How far a batch is while it runs: newest figures, as of queues.</summary>
public sealed class BatchFeedTests
{
    [Theory, BothDatabases]
    public async Task How_far_a_batch_is_comes_to_whoever_has_its_queue_newest_first_until_it_has_finished(DatabaseKind kind)
    {
        await using var rig = await FeedRig.StartAsync(kind, role: "api");
        await using var jobs = await FeedWorker.StartAsync(rig, isRunning: false);
        using var listener = await rig.ListenAsync(["jobs.mail"]);
        var batch = await jobs.Queue.EnqueueBatchAsync(
            "nightly", [Member("well"), Member("well"), Member("discard"), Member("well", new EnqueueOptions { Delay = TimeSpan.FromHours(1) })]);
        var message = await listener.NextAsync(m => m.GetProperty("name").GetString() == "batch_counted");
        Assert.Equal(("jobs.mail", 4, 4), (message.GetProperty("topic").GetString(), Number(message, "total"), Number(message, "live")));
        Assert.Equal((batch.Id, "nightly", "mail"), (message.GetProperty("data").GetProperty("batch_id").GetInt64(), Text(message, "name"), Text(message, "queue")));

        jobs.Run();
        await CountedAsync(listener, live: 1, done: 2, dead: 1);

        // Whoever comes later is told at once how far it is, also on global; whoever has another queue is not.
        using (var late = await rig.ListenAsync(["global"]))
        using (var other = await rig.ListenAsync(["jobs.other"]))
        {
            await CountedAsync(late, live: 1, done: 2, dead: 1);
            await rig.PublishAsync("after", "jobs.other");
            Assert.Equal("after", (await other.NextAsync(m => m.GetProperty("name").GetString() is "after" or "batch_counted")).GetProperty("name").GetString());
        }

        // It is told again when it has changed, and not otherwise.
        var passes = Passes();
        await Eventually.TrueAsync(() => Passes() > passes + 3, "it was counted again");
        await rig.PublishAsync("unchanged", "jobs.mail");
        Assert.Equal("unchanged", (await listener.NextAsync(m => m.GetProperty("name").GetString() is "unchanged" or "batch_counted")).GetProperty("name").GetString());

        await rig.Server.JobOperations.Batches.CancelAsync(batch.Id);
        var end = await listener.NextAsync(m => m.GetProperty("name").GetString() == JobEvents.BatchFinished);
        Assert.Equal((2, 1, 1), (Number(end, "done"), Number(end, "dead"), Number(end, "cancelled")));

        // What is counted no more is forgotten: nobody is told how far it was.
        passes = Passes();
        await Eventually.TrueAsync(() => Passes() > passes + 3, "it was counted after its end");
        using var last = await rig.ListenAsync(["jobs.mail"]);
        await rig.PublishAsync("last", "jobs.mail");
        Assert.Equal("last", (await last.NextAsync(m => m.GetProperty("name").GetString() is "last" or "batch_counted")).GetProperty("name").GetString());

        PreparedJob Member(string name, EnqueueOptions? options = null) => jobs.Queue.Prepare(new Work(name), options);

        long Passes() => rig.Server.Loops.Single(l => l.Name == "live.batches").Passes;
    }

    [Theory, BothDatabases]
    public async Task Of_many_open_batches_the_newest_hundred_are_counted_and_those_that_are_still_filled_are_not(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var queue = new JobQueue(store.Database, new JobHandlers().Add("work", new Never(), new HandlerOptions<Work> { Queue = "mail" }), _ => { });
        await using var _ = queue;
        var ids = new List<long>();
        for (var n = 0; n < BatchFigures.Most + 5; n++)
        {
            ids.Add((await queue.EnqueueBatchAsync($"{n}", [queue.Prepare(new Work("x"))])).Id);
        }

        var filled = await queue.StartBatchAsync("filled");
        await queue.AddToBatchAsync(filled, [queue.Prepare(new Work("x"))]);
        var counted = await new QueueCounts().ReadBatchesAsync(store.Database, TestContext.Current.CancellationToken);
        Assert.Equal(ids.OrderDescending().Take(BatchFigures.Most), counted.Select(b => b.Id));
        Assert.All(counted, b => Assert.Equal(("mail", 1, 1, 0), (b.Queue, b.Total, b.Live, b.Done)));
    }

    [Fact]
    public async Task While_it_waits_for_a_client_how_far_a_batch_was_is_replaced_by_how_far_it_is()
    {
        var transport = new HeldTransport();
        await using var rig = await FeedRig.StartAsync();
        var hub = new FeedHub(rig.Server.Database, new LiveOptions(), rig.Server.Bus, TimeProvider.System);
        var client = hub.Join(transport, new FeedCaller("test", FeedRole.Admin))!;
        client.Offer(new FeedMessage("first"u8));
        await Eventually.TrueAsync(() => transport.Begun == 1, "the first is on its way");
        for (var n = 1; n <= 100; n++)
        {
            client.Offer(FeedWriter.Batch(new BatchFigures(7, "seven", "mail", 100, 100 - n, n, 0, 0), Instant.Epoch));
            client.Offer(FeedWriter.Batch(new BatchFigures(8, "eight", null, 100, 100 - n, n, 0, 0), Instant.Epoch));
        }

        transport.Release();
        await Eventually.TrueAsync(() => transport.Sent.Count == 3, "all are sent");
        Assert.Equal(
            [("jobs.mail", 7, 100), ("global", 8, 100)],
            transport.Sent.Skip(1).Select(s => JsonDocument.Parse(s).RootElement).Select(m => (m.GetProperty("topic").GetString(), Number(m, "batch_id"), Number(m, "done"))));
    }

    private static Task<JsonElement> CountedAsync(FeedListener listener, int live, int done, int dead) => listener.NextAsync(
        m => m.GetProperty("name").GetString() == "batch_counted" && (Number(m, "live"), Number(m, "done"), Number(m, "dead")) == (live, done, dead));

    private static int Number(JsonElement message, string name) => message.GetProperty("data").GetProperty(name).GetInt32();

    private static string? Text(JsonElement message, string name) => message.GetProperty("data").GetProperty(name).GetString();

    private sealed class Never : IJobHandler<Work>
    {
        public Task<JobResult> Handle(Work args, JobContext job, CancellationToken stop) => throw new InvalidOperationException("nothing runs here");
    }
}
