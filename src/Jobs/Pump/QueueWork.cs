using System.Diagnostics.CodeAnalysis;

namespace Rondo.Jobs.Pump;

/// <summary>
/// One queue on this node: its workers, and the few jobs claimed ahead of them. How many those are follows from how fast they go: none for slow jobs, so that
/// another node can take them; enough for fast ones, so that no worker waits for a claim.
/// </summary>
internal sealed class QueueWork(string name, int mostAhead, TimeProvider time)
{
    private static readonly TimeSpan _fast = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _slow = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private readonly Queue<ClaimedJob> _ahead = new();

    // From the moment a job leaves those ahead until its attempt has ended, however long a thread for it takes to come.
    private readonly HashSet<ClaimedJob> _begun = [];
    private bool _isStopped;
    private int _busy;
    private int _wantedAhead;
    private long _claimedAt;
    private bool _wasFull;

    public string Name { get; } = name;

    /// <summary>Workers in force.</summary>
    public int Workers { get; set; }

    /// <summary>Nothing is claimed while true; so also before it is known what operators want of it.</summary>
    public bool IsPaused { get; set; } = true;

    /// <summary>Attempts under way.</summary>
    public int Busy => Volatile.Read(ref _busy);

    /// <summary>True when a worker has nothing to do and nothing is ahead.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate)
            {
                return !IsPaused && _busy < Workers && _ahead.Count == 0;
            }
        }
    }

    /// <summary>Nothing of a lower rank was there at the last look from the beginning.</summary>
    public long LowestRank { get; set; } = long.MinValue;

    /// <summary>When that was.</summary>
    public long? ScannedAt { get; set; }

    /// <summary>Claimed and not begun.</summary>
    public int Ahead
    {
        get
        {
            lock (_gate)
            {
                return _ahead.Count;
            }
        }
    }

    /// <summary>How many to claim now; 0 for none.</summary>
    public int Wanted()
    {
        lock (_gate)
        {
            if (IsPaused || _isStopped || Workers == 0)
            {
                return 0;
            }

            var wanted = Workers - _busy + _wantedAhead - _ahead.Count;

            // Not one by one: half of what lies ahead has to be gone, or a worker has to be without work.
            return wanted > 0 && (_ahead.Count < Workers - _busy || _ahead.Count <= _wantedAhead / 2) ? wanted : 0;
        }
    }

    /// <summary>Takes in what was claimed of <paramref name="wanted"/>.</summary>
    public void Add(IEnumerable<ClaimedJob> jobs, int wanted)
    {
        lock (_gate)
        {
            var count = 0;
            foreach (var job in jobs)
            {
                _ahead.Enqueue(job);
                count++;
            }

            var since = time.GetElapsedTime(_claimedAt);
            if (_wasFull && since < _fast)
            {
                _wantedAhead = Math.Min(mostAhead, Math.Max(2 * Workers, 2 * _wantedAhead));
            }
            else if (since > _slow)
            {
                _wantedAhead /= 2;
            }

            _wasFull = count == wanted;
            _claimedAt = time.GetTimestamp();
        }
    }

    /// <summary>A worker begins when there is a job and a worker for it; <see cref="Next"/> then goes on until there is none.</summary>
    public bool TryBegin([NotNullWhen(true)] out ClaimedJob? job)
    {
        lock (_gate)
        {
            if (!_isStopped && _busy < Workers && _ahead.TryDequeue(out job))
            {
                _busy++;
                _begun.Add(job);
                return true;
            }

            job = null;
            return false;
        }
    }

    /// <summary>The next job for a worker that has ended one; false when it has to go.</summary>
    /// <param name="ended">The one it has ended.</param>
    /// <param name="mayBegin">False when this node may begin nothing.</param>
    /// <param name="job">The next one.</param>
    /// <param name="isLow">True when more should be claimed.</param>
    public bool Next(ClaimedJob ended, bool mayBegin, [NotNullWhen(true)] out ClaimedJob? job, out bool isLow)
    {
        lock (_gate)
        {
            job = null;
            _begun.Remove(ended);
            if (!mayBegin || _isStopped || _busy > Workers || !_ahead.TryDequeue(out job))
            {
                _busy--;
            }
            else
            {
                _begun.Add(job);
            }

            // Said once, when it comes to that: waking somebody for each job would cost more than the jobs.
            isLow = job is null || _ahead.Count == _wantedAhead / 2 || _ahead.Count == 0;
            return job is not null;
        }
    }

    /// <summary>A worker whose handler does not come back: another one takes its place.</summary>
    public void GiveUpWorker(ClaimedJob job)
    {
        lock (_gate)
        {
            _begun.Remove(job);
            _busy--;
        }
    }

    /// <summary>Takes back what was not begun.</summary>
    public List<ClaimedJob> TakeAll()
    {
        lock (_gate)
        {
            var all = _ahead.ToList();
            _ahead.Clear();
            return all;
        }
    }

    /// <summary>Jobs that turned out to be slow are not kept from other nodes: beyond one for each worker, what was claimed more than a second ago goes back.</summary>
    public List<ClaimedJob> TakeStale()
    {
        lock (_gate)
        {
            if (_ahead.Count <= Workers || time.GetElapsedTime(_claimedAt) < _slow)
            {
                return [];
            }

            _wantedAhead /= 2;
            var stale = _ahead.Skip(Workers).ToList();
            var kept = _ahead.Take(Workers).ToList();
            _ahead.Clear();
            kept.ForEach(_ahead.Enqueue);
            return stale;
        }
    }

    /// <summary>Takes one back, when it was not begun.</summary>
    public ClaimedJob? Take(long id, int leaseNo)
    {
        lock (_gate)
        {
            var all = _ahead.ToList();
            if (all.Find(j => j.Id == id && j.LeaseNo == leaseNo) is not { } job)
            {
                return null;
            }

            _ahead.Clear();
            all.Where(j => j != job).ToList().ForEach(_ahead.Enqueue);
            return job;
        }
    }

    /// <summary>Begins nothing more, and claims nothing.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isStopped = true;
        }
    }

    /// <summary>Ids of what is here and of what was begun.</summary>
    public void CollectIds(HashSet<(long, int)> ids)
    {
        lock (_gate)
        {
            foreach (var job in _ahead.Concat(_begun))
            {
                ids.Add((job.Id, job.LeaseNo));
            }
        }
    }
}
