using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>Counts how far batches are while somebody listens; apart from queues, so that a batch of millions, which takes long to count, does not make figures of queues more seldom.</summary>
internal sealed class BatchesLoop : FiguresLoop
{
    private readonly FeedHub _hub;
    private readonly Database _database;
    private readonly IQueueFigures _queues;

    public BatchesLoop(FeedHub hub, Database database, IQueueFigures queues, TimeProvider time)
        : base("live.batches", time)
    {
        (_hub, _database, _queues) = (hub, database, queues);
        hub.BatchesAsked = Wake;
    }

    protected override (bool IsWanted, bool IsNew) Ask() => _hub.AskBatches();

    protected override async Task CountAsync(TimeSpan? since, CancellationToken stop)
    {
        // Before the count: so what is told of a batch that finishes meanwhile is older than its end.
        var at = _hub.Now;
        _hub.Take(await _queues.ReadBatchesAsync(_database, stop).ConfigureAwait(false), at);
    }
}
