using Rondo.Jobs.Links;
using Rondo.Jobs.Queue;
using Rondo.Storage;

namespace Rondo.Jobs;

/// <content>Jobs that belong together: chains, and batches with a callback.</content>
public sealed partial class JobQueue
{
    /// <summary>Most jobs of one chain.</summary>
    public const int MostOfChain = 1_000;

    /// <summary>Most jobs that are put into a batch at once; it may be filled in as many pieces as one likes.</summary>
    public const int MostAtOnce = 10_000;

    /// <summary>Checks a job that is to be enqueued with others; nothing is stored yet. It may be enqueued more than once.</summary>
    /// <exception cref="JobRefused">It is not acceptable.</exception>
    public PreparedJob Prepare<TArgs>(TArgs args, EnqueueOptions? options = null)
    {
        var kind = _handlers.Of<TArgs>();
        return new PreparedJob(Make(kind, kind.Draft(args), options, TraceContext.Current));
    }

    /// <summary>The same for a kind by name and arguments as JSON.</summary>
    /// <exception cref="JobRefused">It is not acceptable.</exception>
    public PreparedJob Prepare(string kind, string args, EnqueueOptions? options = null)
    {
        var known = _handlers.Of(kind);
        return new PreparedJob(Make(known, known.Draft(args), options, TraceContext.Current));
    }

    /// <summary>
    /// Enqueues jobs of which each runs when the one before it has ended well. While one is dead those behind it wait on (it may be run again); when one is cancelled or given up, all behind it are
    /// cancelled. A job whose unique key another holds is not stored; the next one then waits for that other job.
    /// </summary>
    /// <param name="tx">The caller's transaction.</param>
    /// <param name="jobs">1 to <see cref="MostOfChain"/> jobs. Only the first may come after a job that was there before.</param>
    /// <param name="batch">The batch they all belong to, not yet sealed; null for none.</param>
    /// <exception cref="JobRefused">Not acceptable; nothing was stored.</exception>
    public IReadOnlyList<Enqueued> EnqueueChain(Transaction tx, IReadOnlyList<PreparedJob> jobs, long? batch = null)
    {
        Require(jobs.Count is >= 1 and <= MostOfChain, $"a chain has 1 to {MostOfChain} jobs, not {jobs.Count}");
        Require(jobs.Skip(1).All(j => j.Job.After is null), "a job of a chain waits for the one before it: only the first may come after a job that was there before");
        var chain = jobs.Select(j => j.Job.Copy()).ToArray();
        for (var n = 1; n < chain.Length; n++)
        {
            (chain[n].Follows, chain[n - 1].IsAwaited) = (chain[n - 1], true);
        }

        return batch is { } id ? Add(tx, id, chain) : Enqueue(tx, chain);
    }

    /// <summary>The same in a transaction of its own; returns after its commit.</summary>
    public Task<IReadOnlyList<Enqueued>> EnqueueChainAsync(IReadOnlyList<PreparedJob> jobs, long? batch = null, CancellationToken stop = default) =>
        _database.WriteAsync("jobs.enqueue.chain", tx => EnqueueChain(tx, jobs, batch), stop);

    /// <summary>Starts a batch that is filled in pieces (<see cref="AddToBatch"/>) and then sealed: before that it never finishes, however many of its members have ended.</summary>
    /// <param name="tx">The caller's transaction.</param>
    /// <param name="name">1 to 200 characters, for people.</param>
    /// <param name="onFinished">Runs once, when the batch is sealed and every member has ended, however; <see cref="JobContext.FinishedBatch"/> tells it what came of them. It is there from now on, blocked.</param>
    /// <returns>The id of the batch.</returns>
    /// <exception cref="JobRefused">Not acceptable; nothing was stored.</exception>
    public long StartBatch(Transaction tx, string name, PreparedJob? onFinished = null)
    {
        Require(name.Length is >= 1 and <= 200 && Texts.IsFit(name), "the name of a batch has 1 to 200 characters, none of them zero");
        Require(onFinished?.Job.After is null, "the callback of a batch waits for the batch: it can not come after a job as well");
        var id = BatchStore.Start(tx, name);
        if (onFinished is not null)
        {
            var callback = onFinished.Job.Copy();
            callback.AfterBatch = id;
            _store.Insert(tx, [callback]);
            if (!callback.IsNew)
            {
                BatchStore.Undo(tx, id);
                Require(false, $"job {callback.Id} holds the unique key of the callback: nobody would be told of the end of this batch");
            }

            BatchStore.SetCallback(tx, id, callback.Id);
        }

        return id;
    }

    /// <summary>The same in a transaction of its own; returns after its commit.</summary>
    public Task<long> StartBatchAsync(string name, PreparedJob? onFinished = null, CancellationToken stop = default) =>
        _database.WriteAsync("jobs.batch.start", tx => StartBatch(tx, name, onFinished), stop);

    /// <summary>
    /// Adds jobs to a batch that is not sealed. They run as soon as the transaction commits. Others who add to the same batch, or seal it, wait for that. A job whose unique key another holds is not
    /// stored, and is no member.
    /// </summary>
    /// <exception cref="JobRefused">There is no such batch, it is sealed, or more than <see cref="MostAtOnce"/> are given; nothing was stored.</exception>
    public IReadOnlyList<Enqueued> AddToBatch(Transaction tx, long batch, IReadOnlyList<PreparedJob> jobs) => Add(tx, batch, Members(jobs));

    /// <summary>The same in a transaction of its own; returns after its commit.</summary>
    public Task<IReadOnlyList<Enqueued>> AddToBatchAsync(long batch, IReadOnlyList<PreparedJob> jobs, CancellationToken stop = default) =>
        _database.WriteLongAsync("jobs.batch.add", tx => AddToBatch(tx, batch, jobs), stop);

    /// <summary>Nothing more is added: from now on the batch finishes when every member has ended. One without members finishes at once. Sealing twice does nothing.</summary>
    /// <exception cref="JobRefused">There is no such batch.</exception>
    public void SealBatch(Transaction tx, long batch)
    {
        var found = new Followed();
        BatchStore.Seal(tx, batch, found);
        _events.Finished(tx, found);
        if (found.Queues.Count > 0)
        {
            tx.OnCommit(() => _accepted(found.Queues));
        }
    }

    /// <summary>The same in a transaction of its own; returns after its commit.</summary>
    public Task SealBatchAsync(long batch, CancellationToken stop = default) => _database.WriteAsync("jobs.batch.seal", tx => SealBatch(tx, batch), stop);

    /// <summary>Starts a batch, fills and seals it: all of it or nothing.</summary>
    /// <param name="tx">The caller's transaction.</param>
    /// <param name="name">1 to 200 characters, for people.</param>
    /// <param name="jobs">Its members, at most <see cref="MostAtOnce"/>; with none it finishes at once.</param>
    /// <param name="onFinished">As for <see cref="StartBatch"/>.</param>
    /// <exception cref="JobRefused">Not acceptable; nothing was stored.</exception>
    public EnqueuedBatch EnqueueBatch(Transaction tx, string name, IReadOnlyList<PreparedJob> jobs, PreparedJob? onFinished = null)
    {
        var members = Members(jobs);
        var id = StartBatch(tx, name, onFinished);
        var accepted = Add(tx, id, members);
        SealBatch(tx, id);
        return new EnqueuedBatch(id, accepted);
    }

    /// <summary>The same in a transaction of its own; returns after its commit.</summary>
    public Task<EnqueuedBatch> EnqueueBatchAsync(string name, IReadOnlyList<PreparedJob> jobs, PreparedJob? onFinished = null, CancellationToken stop = default) =>
        _database.WriteLongAsync("jobs.batch.enqueue", tx => EnqueueBatch(tx, name, jobs, onFinished), stop);

    private static NewJob[] Members(IReadOnlyList<PreparedJob> jobs)
    {
        Require(jobs.Count <= MostAtOnce, $"{jobs.Count} jobs at once; at most {MostAtOnce}. Start the batch, add them in pieces, and seal it");
        return [.. jobs.Select(j => j.Job.Copy())];
    }

    private Enqueued[] Add(Transaction tx, long batch, NewJob[] jobs)
    {
        BatchStore.LockToAdd(tx, batch);
        Array.ForEach(jobs, job => job.BatchId = batch);
        if (jobs.Length == 0)
        {
            return [];
        }

        var accepted = Enqueue(tx, jobs);
        BatchStore.Grow(tx, batch, accepted.Count(e => e.IsNew));
        return accepted;
    }
}

/// <summary>A job that was checked and is to be enqueued with others.</summary>
public sealed class PreparedJob
{
    internal PreparedJob(NewJob job)
    {
        Job = job;
    }

    internal NewJob Job { get; }
}

/// <summary>A batch that was accepted.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Jobs">Its members, in the order they were given; one that is not new is none.</param>
public sealed record EnqueuedBatch(long Id, IReadOnlyList<Enqueued> Jobs);
