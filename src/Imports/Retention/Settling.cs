using Rondo.Imports.Load;
using Rondo.Jobs;
using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Imports.Retention;

/// <summary>Writes down what has become of imports whose job ended without a word (given up after crashes, discarded, cancelled as a job): they will not go on.</summary>
/// <param name="database">The database.</param>
/// <param name="events">The log of events; null for none.</param>
/// <param name="queue">Accepts the calls to whoever is told of ends; null for nobody.</param>
internal sealed class Settling(Database database, EventLog? events, JobQueue? queue)
{
    private const int Piece = 200;

    /// <summary>Settles all of them; returns which.</summary>
    public async Task<IReadOnlyList<long>> RunAsync(CancellationToken stop)
    {
        var all = new List<long>();
        while (true)
        {
            var ids = await database.WriteAsync("imports.settle", tx => PruneStore.Lost(tx, Piece).Where(id => Settle(tx, id)).ToList(), stop).ConfigureAwait(false);
            all.AddRange(ids);
            if (ids.Count < Piece)
            {
                return all;
            }
        }
    }

    private bool Settle(Transaction tx, long id)
    {
        if (ImportStore.Lock(tx, id) is not { } row || row.StateNow == row.State)
        {
            return false;
        }

        ImportStore.Settle(tx, id, row.StateNow, row.JobError ?? (row.JobId is { } job ? ImportStore.LastFailure(tx, job) : null));
        new ImportEvents(events).Ended(tx, ImportStore.Find(tx, id)!);
        Completion.Tell(tx, queue, id);
        return true;
    }
}
