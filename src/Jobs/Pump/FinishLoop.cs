using Microsoft.Extensions.Logging;
using Rondo.Jobs.Keys;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Jobs.Pump;

/// <summary>
/// Writes the ends of attempts: whatever has come by the time the last batch is committed goes into the next one. What the database does not take stays and is
/// tried again; what it refuses belongs to somebody else by now, and is counted and said.
/// </summary>
internal sealed class FinishLoop(Database database, Node node, PumpStore store, Action<IReadOnlyCollection<string>> freed, TimeProvider time, ILogger log) : Loop("jobs.finish", time)
{
    private const int MaxBatch = 1_000;
    private static readonly TimeSpan _idle = TimeSpan.FromSeconds(5);
    private static readonly Sql _written = new("jobs.finish.written", "select id from job_history where id = @id and lease_no = @no and node = @node");
    private readonly Lock _gate = new();
    private readonly Lock _pass = new();
    private List<Finish> _coming = [];
    private List<Finish> _batch = [];
    private long _refused;
    private long _accepted;
    private bool _isRetried;

    /// <summary>Most ends that may wait; claims stop until there are fewer.</summary>
    public const int MaxWaiting = 5_000;

    public override bool IsVital => true;

    public override TimeSpan StuckAfter => TimeSpan.FromSeconds(15);

    /// <summary>Ends that were refused: their attempt had been taken away.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Ends that were written.</summary>
    public long Accepted => Interlocked.Read(ref _accepted);

    protected override bool OwnThread => true;

    protected override (TimeSpan First, TimeSpan Cap) BackoffRange => (TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2));

    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _coming.Count + _batch.Count;
            }
        }
    }

    public void Add(Finish finish)
    {
        bool isFirst;
        lock (_gate)
        {
            _coming.Add(finish);
            isFirst = _coming.Count == 1;
        }

        if (isFirst)
        {
            Wake();
        }
    }

    /// <summary>One that its handler's own transaction has written.</summary>
    public void CountFinished() => Interlocked.Increment(ref _accepted);

    /// <summary>Ids of what waits to be written.</summary>
    public void CollectIds(HashSet<(long, int)> ids)
    {
        lock (_gate)
        {
            foreach (var finish in _coming.Concat(_batch))
            {
                ids.Add((finish.Job.Id, finish.Job.LeaseNo));
            }
        }
    }

    /// <summary>Writes one batch; true when there was one. Never two at once.</summary>
    public bool WriteOne()
    {
        lock (_pass)
        {
            lock (_gate)
            {
                if (_batch.Count == 0)
                {
                    if (_coming.Count <= MaxBatch)
                    {
                        (_batch, _coming) = (_coming, _batch);
                    }
                    else
                    {
                        _batch.AddRange(_coming.Take(MaxBatch));
                        _coming.RemoveRange(0, MaxBatch);
                    }
                }
            }

            if (_batch.Count == 0)
            {
                return false;
            }

            FailPoint.Reach("jobs.finish");
            var accepted = Write();
            FailPoint.Reach("jobs.finished");
            Settle(accepted);
            return true;
        }
    }

    protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop) => new(WriteOne() ? TimeSpan.Zero : _idle);

    private HashSet<long> Write()
    {
        var keys = _batch.Where(f => f.Outcome != Outcome.GivenBack).Select(f => f.Job.ConcurrencyKey).OfType<string>().ToHashSet(StringComparer.Ordinal);
        try
        {
            if (keys.Count == 0 && !_isRetried && database.Dialect == Dialect.Postgres)
            {
                // One statement is its own transaction.
                return database.Tell("jobs.finish", tx => store.Write(tx, _batch));
            }

            IReadOnlyCollection<string> queues = [];
            var accepted = database.Write("jobs.finish", tx =>
            {
                var taken = store.Write(tx, _batch);
                if (_isRetried)
                {
                    // The answer to the first try may have been lost, not the write.
                    foreach (var finish in _batch.Where(f => !taken.Contains(f.Job.Id)))
                    {
                        if (tx.First<long?>(_written, new { id = finish.Job.Id, no = finish.Job.LeaseNo, node = node.Id }) is { } id)
                        {
                            taken.Add(id);
                        }
                    }
                }

                queues = keys.Count > 0 ? Gate.Fill(tx, keys) : [];
                return taken;
            });
            if (queues.Count > 0)
            {
                freed(queues);
            }

            return accepted;
        }
        catch (StorageFault)
        {
            _isRetried = true;
            throw;
        }
    }

    private void Settle(HashSet<long> accepted)
    {
        _isRetried = false;
        var refused = 0;
        foreach (var finish in _batch)
        {
            var isAccepted = accepted.Contains(finish.Job.Id);
            refused += isAccepted ? 0 : 1;
            if (!isAccepted)
            {
                JobsLog.FinishRefused(log, finish.Job.Queue, finish.Job.Kind, finish.Job.Id, finish.Job.Attempts, finish.Job.LeaseNo, Finish.Text(finish.Outcome));
            }

            finish.Written?.Invoke(isAccepted);
        }

        Interlocked.Add(ref _refused, refused);
        Interlocked.Add(ref _accepted, _batch.Count - refused);
        lock (_gate)
        {
            _batch.Clear();
        }
    }
}
