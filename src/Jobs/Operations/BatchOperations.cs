using Rondo.Jobs.Links;
using Rondo.Jobs.Operations;
using Rondo.Jobs.Upkeep;
using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>What operators ask and do about batches, with or without a server that runs jobs.</summary>
public sealed class BatchOperations
{
    private readonly Database _database;
    private readonly JobsOptions _options;
    private readonly Action<string> _hint;
    private readonly Followers _followers;

    internal BatchOperations(Database database, JobsOptions options, Followers followers, Action<string> hint) =>
        (_database, _options, _followers, _hint) = (database, options, followers, hint);

    /// <summary>Batches, the newest first.</summary>
    /// <param name="isOpen">Only those that have not finished.</param>
    /// <param name="before">Ids below this one, for the next page.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="stop">Gives up.</param>
    public Task<List<BatchView>> ListAsync(bool isOpen, long? before, int limit, CancellationToken stop = default) =>
        _database.ReadLongAsync("batches.list", tx => BatchList.List(tx, isOpen, before, limit), stop);

    /// <summary>One batch, or null.</summary>
    public Task<BatchView?> ShowAsync(long id, CancellationToken stop = default) => _database.ReadLongAsync("batches.show", tx => BatchList.Find(tx, id), stop);

    /// <summary>
    /// Ends all of it: nothing more is added, what waits is cancelled, 200 in a transaction, and the nodes are asked to end what runs. Interrupted, it is carried on by any node. The callback runs
    /// when every member has ended.
    /// </summary>
    /// <returns>The batch as it is then, and whether anything was done: false when it had finished already. Null when there is none of that id.</returns>
    public async Task<(BatchView Batch, bool IsCancelled)?> CancelAsync(long id, CancellationToken stop = default)
    {
        await HistoryStore.PrepareAsync(_database, _options, stop).ConfigureAwait(false);
        var isWanted = await _database.WriteAsync("batches.cancel", tx => BatchStore.Cancel(tx, id), stop).ConfigureAwait(false);
        if (isWanted is null)
        {
            return null;
        }

        var most = (await ShowAsync(id, stop).ConfigureAwait(false))?.Total ?? 0;
        for (var done = 0; isWanted.Value && done <= most;)
        {
            // Those that move at this moment are asked again by whoever looks next.
            var count = await _database.WriteLongAsync("batches.cancel", tx => Followers.CancelPiece(tx, id, _options), stop).ConfigureAwait(false);
            done += count;
            if (count == 0)
            {
                break;
            }
        }

        if (isWanted.Value)
        {
            await _followers.SettleAsync([id], stop).ConfigureAwait(false);
            _hint(JobServer.Topic);
            _hint(JobServer.IntentTopic);
        }

        return await ShowAsync(id, stop).ConfigureAwait(false) is { } batch ? (batch, isWanted.Value) : null;
    }
}
