using Rondo.Live.Feed;
using Rondo.Storage;

namespace Rondo.Jobs.Told;

/// <summary>Counts queues and batches for the feed.</summary>
public sealed class QueueCounts : IQueueFigures
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<QueueFigures>> ReadAsync(Database database, TimeSpan window, CancellationToken stop) =>
        database.ReadLongAsync("jobs.told.queues", tx => QueueCountStore.Read(tx, window), stop);

    /// <inheritdoc/>
    public Task<IReadOnlyList<BatchFigures>> ReadBatchesAsync(Database database, CancellationToken stop) =>
        database.ReadLongAsync("jobs.told.batches", BatchCountStore.Read, stop);
}
