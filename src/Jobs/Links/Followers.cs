using Rondo.Jobs.Told;
using Rondo.Storage;

namespace Rondo.Jobs.Links;

/// <summary>Whoever waits for an end hears of it: jobs for the job before them, callbacks for their batch. Each step is a short transaction of its own.</summary>
internal sealed class Followers(Database database, JobsOptions options, JobEvents? events = null)
{
    private const int MostCancelled = 200;
    private long _afterBatch;
    private long _afterJob;

    /// <summary>Right after ends were committed: tells who waits for them, and finishes those of <paramref name="batches"/> that they were the last of.</summary>
    public Followed After(IReadOnlyCollection<long> batches) => database.Write("jobs.follow", tx => Step(tx, batches));

    /// <summary>What nobody told because he was killed, or whose end came by another way than its worker's; a piece of it.</summary>
    public Followed CatchUp()
    {
        var found = database.Write("jobs.follow.knocks", tx => LinkStore.Answer(tx, options));
        var (idle, cancelling) = database.Write("jobs.batch.scan", tx => BatchStore.Scan(tx, ref _afterBatch));
        found.Add(database.Write("jobs.follow.up", tx => Step(tx, idle)));
        foreach (var batch in cancelling)
        {
            database.Write("jobs.batch.cancel", tx => CancelPiece(tx, batch, options));
        }

        return found;
    }

    /// <summary>After an operator ended jobs: everything that follows from it, as far as it goes in 100 pieces; a node does the rest.</summary>
    public async Task SettleAsync(IReadOnlyCollection<long> batches, CancellationToken stop)
    {
        for (var n = 0; n < 100; n++)
        {
            var now = batches;
            var found = await database.WriteAsync("jobs.follow.now", tx => Step(tx, now), stop).ConfigureAwait(false);
            batches = found.Batches;
            if (!found.IsMore && batches.Count == 0)
            {
                return;
            }
        }
    }

    /// <summary>Compares those who wait with what they wait for; a piece of them.</summary>
    public Followed Reconcile() => database.Write("jobs.follow.all", tx => LinkStore.Reconcile(tx, options, ref _afterJob));

    /// <summary>Cancels at most 200 members of a batch that is to be ended; returns how many there were.</summary>
    public static int CancelPiece(Transaction tx, long batch, JobsOptions options)
    {
        var live = BatchStore.Live(tx, batch, MostCancelled);
        live.ForEach(id => Operations.OperationStore.Cancel(tx, id, options, $"batch {batch} was cancelled"));
        return live.Count;
    }

    private Followed Step(Transaction tx, IReadOnlyCollection<long> batches)
    {
        // Batches first: whoever locks several rows locks those of batches before those of jobs.
        var found = new Followed();
        BatchStore.FinishIdle(tx, batches, found);
        events?.Finished(tx, found);
        found.Add(LinkStore.Follow(tx, options));
        return found;
    }
}
