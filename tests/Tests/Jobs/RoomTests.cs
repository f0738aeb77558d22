using Rondo.Jobs;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Jobs;

/// <summary>Operators on a database where no node has run jobs yet.</summary>
public sealed class RoomTests
{
    [Theory, BothDatabases]
    public async Task Jobs_and_batches_can_be_ended_before_any_node_ran(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var handlers = new JobHandlers().AddForEnqueue<Work>("work");
        await using var queue = new JobQueue(store.Database, handlers);
        JobOperations Operations() => new(store.Database, handlers, new JobsOptions(), _ => { });
        var one = await queue.EnqueueAsync(new Work("one"));
        var change = await Operations().ActAsync(JobVerb.Cancel, one.Id);
        Assert.Null(change.Refusal);
        Assert.Equal("cancelled", change.Job!.State);

        var batch = await queue.EnqueueBatchAsync("all", [queue.Prepare(new Work("a")), queue.Prepare(new Work("b"))], null);
        var (view, isCancelled) = (await Operations().Batches.CancelAsync(batch.Id))!.Value;
        Assert.True(isCancelled);
        Assert.Equal(2, view.Cancelled);
    }
}
