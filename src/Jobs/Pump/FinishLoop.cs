using Microsoft.Extensions.Logging;
using Rondo.Jobs.Told;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Jobs.Pump;

/// <summary>
/// Writes the ends of attempts: whatever has come by the time the last batch is committed goes into the next one. What the database does not take stays and is
/// tried again; what it refuses belongs to somebody else by now, and is counted and said.
/// </summary>
internal sealed class FinishLoop(Database database, Node node, PumpStore store, Sequel sequel, JobEvents told, JobCounts counts, Action room, Action<Instant> expected, TimeProvider time, ILogger log)
    : Loop("jobs.finish", time)
{
    private const int MaxBatch = 1_000;
    private const int MaxLines = 500;

    // How many ends may wait, and how few are left when claims go on.
    private const int MaxWaiting = 5_000;
    private const int FewWaiting = 2_500;
    private static readonly TimeSpan _idle = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _keysAgain = TimeSpan.FromMilliseconds(200);
    private static readonly Sql _written = new("jobs.finish.written", """
        select coalesce(batch_id, case when is_awaited then 0 else -1 end) from job_history where id = @id and lease_no = @no and node = @node
        union all select -1 from job_failure where job_id = @id and lease_no = @no and node = @node and outcome in ('retry', 'snooze')
        """);
    private readonly Lock _gate = new();
    private readonly Lock _pass = new();
    private List<Finish> _coming = [];
    private List<Finish> _batch = [];
    private long _refused;
    private long _accepted;
    private readonly BatchSize _size = new(MaxBatch);
    private bool _isAskedForRoom;
    private long? _triedSince;

    /// <summary>How long the database has not taken the batch that is to be written; zero while there is none.</summary>
    public TimeSpan Overdue
    {
        get
        {
            lock (_gate)
            {
                return _triedSince is { } since ? Time.GetElapsedTime(since) : TimeSpan.Zero;
            }
        }
    }

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

    /// <summary>True when so many wait that nothing more should be claimed. Whoever was told so is called when few are left.</summary>
    public bool IsFull
    {
        get
        {
            lock (_gate)
            {
                var isFull = _coming.Count + _batch.Count > MaxWaiting;
                _isAskedForRoom |= isFull;
                return isFull;
            }
        }
    }

    public void Add(Finish finish)
    {
        bool isFirst;
        lock (_gate)
        {
            isFirst = _coming.Count == 0;
            _coming.Add(finish);
        }

        if (isFirst)
        {
            Wake();
        }
    }

    /// <summary>One that its handler's own transaction has written.</summary>
    public void CountFinished() => Interlocked.Increment(ref _accepted);

    /// <summary>One that its handler's own transaction wanted to write, too late.</summary>
    public void CountRefused(ClaimedJob job)
    {
        Interlocked.Increment(ref _refused);
        JobsLog.FinishRefused(log, job.Queue, job.Kind, job.Id, job.Attempts, job.LeaseNo, Finish.Text(Outcome.Done));
    }

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
                    var count = Fitting();
                    if (count == _coming.Count)
                    {
                        (_batch, _coming) = (_coming, _batch);
                    }
                    else
                    {
                        _batch.AddRange(_coming.Take(count));
                        _coming.RemoveRange(0, count);
                    }
                }

                _triedSince ??= _batch.Count > 0 ? Time.GetTimestamp() : null;
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

    /// <summary>How many of those that have come go into one batch: ends that bring lines are more work.</summary>
    private int Fitting()
    {
        var (count, lines) = (0, 0);
        for (; count < _coming.Count && count < _size.Now; count++)
        {
            lines += _coming[count].Last?.Count ?? 0;
            if (lines > MaxLines && count > 0)
            {
                break;
            }
        }

        return count;
    }

    protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        var isWritten = WriteOne();
        sequel.Run(Beat);
        return new(isWritten ? TimeSpan.Zero : sequel.IsLeft ? _keysAgain : _idle);
    }

    private HashSet<long> Write()
    {
        try
        {
            var taken = database.Dialect == Dialect.Postgres && _batch.TrueForAll(finish => finish is { Last: null, IsTried: false } && finish.Outcome != Outcome.Dead)

                // One statement is its own transaction.
                ? database.Tell("jobs.finish", tx => store.Write(tx, _batch))
                : database.Write("jobs.finish", tx => WriteAgain(tx, _batch));
            _size.Taken();
            return taken;
        }
        catch (StorageFault fault) when (fault.IsTransient)
        {
            _batch.ForEach(finish => finish.IsTried = true);
            _size.Failed(_batch.Count, fault);
            lock (_gate)
            {
                if (_batch.Count > _size.Now)
                {
                    _coming.InsertRange(0, _batch.Skip(_size.Now));
                    _batch.RemoveRange(_size.Now, _batch.Count - _size.Now);
                }
            }

            throw;
        }
        catch (Exception fault)
        {
            // One of them cannot be stored, ever: the others must not wait for it.
            JobsLog.BatchBroken(log, _batch.Count, fault.Message);
            _batch.ForEach(finish => finish.IsTried = true);
            return [.. _batch.Where(finish => WriteAlone(finish)).Select(finish => finish.Job.Id)];
        }
    }

    private HashSet<long> WriteAgain(Transaction tx, IReadOnlyList<Finish> batch)
    {
        WatchStore.TellLast(tx, node.Id, batch, Beat);
        var taken = store.Write(tx, batch);
        told.Dead(tx, [.. batch.Where(f => f.Outcome == Outcome.Dead && taken.Contains(f.Job.Id)).Select(f => f.ToDead())]);

        // The answer to the first try may have been lost, not the write.
        foreach (var finish in batch.Where(f => f.IsTried && !taken.Contains(f.Job.Id)))
        {
            Beat();
            if (tx.First<long?>(_written, new { id = finish.Job.Id, no = finish.Job.LeaseNo, node = node.Id }) is { } link)
            {
                taken.Add(finish.Job.Id);
                finish.Link = link < 0 ? null : link;
            }
        }

        return taken;
    }

    /// <summary>Without its words when it cannot be stored with them; when that does not help either, its attempt is given back in a while, like one that nobody knows of.</summary>
    private bool WriteAlone(Finish finish)
    {
        foreach (var attempt in new[] { finish, finish.Plainly() })
        {
            try
            {
                Beat();
                var isTaken = database.Write("jobs.finish.one", tx => WriteAgain(tx, [attempt])).Count > 0;
                finish.Link = attempt.Link;
                return isTaken;
            }
            catch (StorageFault fault) when (!fault.IsTransient)
            {
                JobsLog.EndBroken(log, finish.Job.Queue, finish.Job.Kind, finish.Job.Id, finish.Job.Attempts, fault.Message);
            }
        }

        return false;
    }

    /// <summary>A slot of <paramref name="key"/> was given back; whoever waits for it gets it in a moment.</summary>
    public void FillLater(string? key)
    {
        if (sequel.Add(key, null))
        {
            Wake();
        }
    }

    /// <summary>Somebody waits for an end that was written elsewhere: <see cref="Finish.Link"/>.</summary>
    public void FollowLater(long? link)
    {
        if (sequel.Add(null, link))
        {
            Wake();
        }
    }

    private void Settle(HashSet<long> accepted)
    {
        var refused = 0;
        Instant? next = null;
        foreach (var finish in _batch)
        {
            var isAccepted = accepted.Contains(finish.Job.Id);
            refused += isAccepted ? 0 : 1;
            if (!isAccepted)
            {
                JobsLog.FinishRefused(log, finish.Job.Queue, finish.Job.Kind, finish.Job.Id, finish.Job.Attempts, finish.Job.LeaseNo, Finish.Text(finish.Outcome));
            }

            if (isAccepted && (finish.Stored ?? finish.Outcome) is Outcome.Retry or Outcome.Snooze && finish.Due is { } due && !(due >= next))
            {
                next = due;
            }

            counts.Count(finish, isAccepted);
            finish.Written?.Invoke(isAccepted);
            sequel.Add(finish.Job.ConcurrencyKey, isAccepted ? finish.Link : null);
        }

        if (next is { } again)
        {
            expected(again);
        }

        Interlocked.Add(ref _refused, refused);
        Interlocked.Add(ref _accepted, _batch.Count - refused);
        bool isRoom;
        lock (_gate)
        {
            _batch.Clear();
            _triedSince = null;
            isRoom = _isAskedForRoom && _coming.Count <= FewWaiting;
            _isAskedForRoom &= !isRoom;
        }

        if (isRoom)
        {
            room();
        }
    }
}
