using System.Diagnostics.CodeAnalysis;
using Rondo.Jobs.Pump;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Jobs.Queue;

/// <summary>
/// Merges what is enqueued at the same time into one insert: whatever has come by the time the last insert is committed goes into the next one. There is no
/// artificial wait, so one caller alone waits for its own insert and nothing else. On threads of its own, which end when nothing comes for a while.
/// </summary>
internal sealed class EnqueueMerger(Database database, EnqueueStore store, Action<IReadOnlyCollection<string>> accepted, Hints? hints) : IAsyncDisposable
{
    private const int MaxMerged = 500;
    private const int Capacity = 10_000;
    private static readonly TimeSpan _idle = TimeSpan.FromSeconds(5);

    // On PostgreSQL the next insert is sent while the last one still waits for its commit.
    private readonly int _mostWriters = database.Dialect == Dialect.Postgres ? 2 : 1;
    private readonly Queue<Waiting> _waiting = new();
    private int _writers;
    private int _idleWriters;
    private bool _isClosed;

    /// <summary>See <see cref="ClaimLoop.Ride"/>; null for none.</summary>
    public Func<IReadOnlyCollection<string>, RidingClaim?>? Rides { get; set; }

    public Task<Enqueued> EnqueueAsync(NewJob job, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        var waiting = new Waiting(job);
        lock (_waiting)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            if (_waiting.Count >= Capacity)
            {
                throw new StorageFault(StorageFaultKind.Busy, $"jobs.enqueue: {Capacity} jobs are already waiting to be stored in {database.Address.Shown}. Is the database stuck?");
            }

            _waiting.Enqueue(waiting);
            if (_idleWriters > 0)
            {
                Monitor.Pulse(_waiting);
            }
            else if (_writers < _mostWriters)
            {
                _writers++;
                new Thread(WriteAll) { IsBackground = true, Name = "rondo-jobs-enqueue" }.Start();
            }
        }

        return waiting.Done.Task;
    }

    /// <summary>Stores what waits, and takes nothing more.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_waiting)
        {
            _isClosed = true;
            Monitor.PulseAll(_waiting);
        }

        return default;
    }

    private void WriteAll()
    {
        var batch = new List<Waiting>();
        while (true)
        {
            lock (_waiting)
            {
                while (_waiting.Count == 0)
                {
                    _idleWriters++;
                    var isWoken = !_isClosed && Monitor.Wait(_waiting, _idle);
                    _idleWriters--;
                    if (!isWoken && _waiting.Count == 0)
                    {
                        _writers--;
                        return;
                    }
                }

                while (batch.Count < MaxMerged && _waiting.TryDequeue(out var next))
                {
                    batch.Add(next);
                }
            }

            Write(batch);
            batch.Clear();
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever it is, those who wait must hear it.")]
    private void Write(List<Waiting> batch)
    {
        var jobs = batch.ConvertAll(w => w.Job);
        var queues = JobQueue.Queues(jobs);
        string? hint = null;
        using var ride = Rides?.Invoke(queues);
        try
        {
            bool Store(Transaction tx)
            {
                store.Insert(tx, jobs, hint);
                ride?.Claim(tx);
                return true;
            }

            if (database.Dialect == Dialect.Postgres && jobs.TrueForAll(j => j.IsPlain && j.DueAt is null))
            {
                // All of it is one statement, which is its own transaction: one round trip instead of four.
                hint = hints?.Ride(JobServer.Topic);
                database.Tell("jobs.enqueue", Store);
            }
            else
            {
                database.Write("jobs.enqueue", Store);
            }
        }
        catch (Exception fault)
        {
            batch.ForEach(w => w.Done.TrySetException(fault));
            return;
        }

        // Whoever runs them first: that one has farther to go. When all of them ride, nothing is left for anybody else.
        var isAllGone = ride?.Begin() == true && ride.Hungry.Count == queues.Count && jobs.TrueForAll(j => !j.IsKnocking && j.DueAt is null);
        if (hint is not null)
        {
            hints!.WakeHere(JobServer.Topic);
        }
        else if (!isAllGone)
        {
            accepted(queues);
        }

        batch.ForEach(w => w.Done.TrySetResult(new Enqueued(w.Job.Id, w.Job.IsNew)));
    }

    private sealed class Waiting(NewJob job)
    {
        public NewJob Job { get; } = job;

        public TaskCompletionSource<Enqueued> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
