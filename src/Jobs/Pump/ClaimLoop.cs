using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Jobs.Pump;

/// <summary>
/// Claims for all queues of this node in one statement, when a worker has nothing to do or what lies ahead runs low. Woken by whoever enqueues; without a wake it
/// looks by itself once in a poll interval, so a hint that is lost costs no more than that.
/// </summary>
internal sealed class ClaimLoop(
    Database database, Node node, PumpStore store, Runner runner, FinishLoop finishes, Lookout lookout, IReadOnlyCollection<QueueWork> queues, JobsOptions options, TimeProvider time, Random random)
    : Loop("jobs.claim", time)
{
    // A look from the beginning passes over what was taken and is not yet cleaned up (a long transaction somewhere keeps the server from it), so it may not
    // take more than a twentieth of the time; in between, claims begin where the last look from the beginning did.
    private const int ShareOfLooks = 20;

    // Of one queue at once: all its workers and what may lie ahead of them.
    private const int MaxClaimed = 6_000;
    private static readonly TimeSpan _longestWithout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _longestRide = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _aloneAgain = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _alonePatience = TimeSpan.FromSeconds(30);
    private static readonly Sql _aloneOver = new("jobs.alone.over", "update job_running set is_alone = {false} where node = @node and is_alone = {true}");

    // A pass, or a claim that rides: each decides by what is idle and what runs, so they take turns.
    private readonly Lock _turn = new();
    private readonly BatchSize _size = new(MaxClaimed);
    private volatile bool _isWaiting;
    private volatile bool _isRiding;
    private volatile bool _isStopping;
    private TimeSpan _scanTook;
    private long? _aloneSince;
    private long _aloneGivenUpAt = long.MinValue;
    private long _claimed;

    public override bool IsVital => true;

    public override TimeSpan StuckAfter => TimeSpan.FromSeconds(15);

    /// <summary>True while something may be claimed that is not yet seen among what is ahead or runs.</summary>
    public bool IsClaiming => PassAge > TimeSpan.Zero || _isRiding;

    /// <summary>Jobs claimed since the start.</summary>
    public long Claimed => Interlocked.Read(ref _claimed);

    protected override bool OwnThread => true;

    protected override (TimeSpan First, TimeSpan Cap) BackoffRange => (TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2));

    /// <summary>Claims nothing from now on, and gives back what was not begun.</summary>
    public void Stop()
    {
        _isStopping = true;
        foreach (var queue in queues)
        {
            queue.Stop();
        }

        GiveBackAll();
    }

    /// <summary>There may be something new, to be claimed or to be looked for.</summary>
    public void Ask()
    {
        lookout.Ask();
        Wake();
    }

    /// <summary>Something waits for its time until <paramref name="due"/>.</summary>
    public void Expect(Instant due)
    {
        if (lookout.Expect(due))
        {
            Wake();
        }
    }

    /// <summary>
    /// A claim that goes along with the transaction that stores jobs into queues named <paramref name="names"/>; null when none of their workers is idle, or this loop
    /// is at work. To be ended by whoever asked, on the same thread.
    /// </summary>
    public RidingClaim? Ride(IReadOnlyCollection<string> names)
    {
        // A stream of rides must not keep the loop from its turn.
        if (_isWaiting || options.MostJobs is not null)
        {
            return null;
        }

        _isRiding = true;
        if (!_turn.TryEnter())
        {
            _isRiding = false;
            return null;
        }

        if (!_isStopping && node.MayWork && _aloneSince is null && !finishes.IsFull)
        {
            List<(QueueWork, int)> hungry = [.. queues.Where(q => q.IsIdle && names.Contains(q.Name)).Select(q => (q, q.Wanted())).Where(w => w.Item2 > 0)];
            if (hungry.Count > 0)
            {
                return new RidingClaim(this, hungry);
            }
        }

        EndRide();
        return null;
    }

    /// <summary>See <see cref="RidingClaim"/>.</summary>
    public void EndRide()
    {
        _turn.Exit();
        _isRiding = false;
    }

    /// <summary>Inside a transaction of somebody else.</summary>
    public List<ClaimedJob> Claim(Transaction tx, IReadOnlyList<(QueueWork Queue, int Count)> hungry) =>
        store.Claim(tx, [.. hungry.Select(h => new Want(h.Queue.Name, h.Count, long.MinValue))]);

    protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        _isWaiting = true;
        if (!_turn.TryEnter(_longestRide))
        {
            return new(TimeSpan.Zero);
        }

        try
        {
            _isWaiting = false;
            return new(RunOnce());
        }
        finally
        {
            _turn.Exit();
        }
    }

    private TimeSpan RunOnce()
    {
        if (_isStopping)
        {
            GiveBackAll();
            return options.PollInterval;
        }

        if (!node.MayWork)
        {
            // Somebody else may have all of it by now, or soon: nothing is begun under a lease that has lapsed.
            foreach (var running in runner.Running)
            {
                running.Stop(StopReason.Lost);
            }

            foreach (var queue in queues)
            {
                queue.TakeAll();
            }

            return TimeSpan.FromMilliseconds(200);
        }

        if (lookout.IsDue)
        {
            lookout.Look(Beat);
            var isServed = queues.Any(q => q is { IsPaused: false, Workers: > 0 } && lookout.Suspects.Contains(q.Name));
            if (isServed && _aloneSince is null && runner.WrittenOff == 0 && (_aloneGivenUpAt == long.MinValue || Time.GetElapsedTime(_aloneGivenUpAt) > _aloneAgain))
            {
                _aloneSince = Time.GetTimestamp();
            }
        }

        var isFull = _aloneSince is null ? Claim() : ClaimAlone();
        Beat();
        lookout.FindNews();
        return isFull ? TimeSpan.Zero : Pause();
    }

    private bool Claim()
    {
        List<(QueueWork Queue, int Count)> hungry = [.. queues.Select(q => (q, Math.Min(q.Wanted(), _size.Now))).Where(w => w.Item2 > 0)];
        Bound(hungry);
        if (hungry.Count == 0 || finishes.IsFull)
        {
            return false;
        }

        var scans = hungry.Where(h => h.Queue.ScannedAt is not { } at || Time.GetElapsedTime(at) > Spans.Shorter(_scanTook * ShareOfLooks, _longestWithout)).Select(h => h.Queue).ToHashSet();
        var wants = hungry.ConvertAll(h => new Want(h.Queue.Name, h.Count, scans.Contains(h.Queue) ? long.MinValue : h.Queue.LowestRank));
        var began = Time.GetTimestamp();
        List<ClaimedJob> jobs;
        try
        {
            jobs = database.Dialect == Dialect.Postgres
                ? database.Tell("jobs.claim", tx => store.Claim(tx, wants))
                : database.WriteUnflushed("jobs.claim", tx => store.Claim(tx, wants));
        }
        catch (StorageFault fault)
        {
            _size.Failed(hungry.Max(h => h.Count), fault);
            throw;
        }

        _size.Taken();
        if (scans.Count > 0)
        {
            _scanTook = Time.GetElapsedTime(began);
        }

        foreach (var queue in scans)
        {
            queue.ScannedAt = Time.GetTimestamp();
            queue.LowestRank = jobs.Find(j => j.Queue == queue.Name)?.Rank ?? long.MinValue;
        }

        return Begin(hungry, jobs);
    }

    /// <summary>What was claimed for the hungry begins. True when one of them got all it wanted: there may be more.</summary>
    public bool Begin(IReadOnlyList<(QueueWork Queue, int Count)> hungry, List<ClaimedJob> jobs)
    {
        FailPoint.Reach("jobs.claimed");
        Interlocked.Add(ref _claimed, jobs.Count);
        var isFull = false;
        foreach (var (queue, count) in hungry)
        {
            var own = jobs.FindAll(j => j.Queue == queue.Name);
            isFull |= own.Count == count;
            queue.Add(own, count);
            runner.Start(queue);
        }

        return isFull;
    }

    /// <summary>No more than <see cref="JobsOptions.MostJobs"/> are claimed in all.</summary>
    private void Bound(List<(QueueWork Queue, int Count)> hungry)
    {
        if (options.MostJobs is not { } most)
        {
            return;
        }

        var left = (int)Math.Max(0, most - Claimed);
        for (var n = 0; n < hungry.Count; n++)
        {
            hungry[n] = (hungry[n].Queue, Math.Min(hungry[n].Count, left));
            left -= hungry[n].Count;
        }

        hungry.RemoveAll(h => h.Count == 0);
    }

    /// <summary>
    /// A suspect runs with nothing beside it: what runs may end, nothing new begins. When something does not end for 30 s the suspect has to wait, or another node
    /// takes it; the others must not stand still for it.
    /// </summary>
    private bool ClaimAlone()
    {
        GiveBackAll();

        // One that was written off may be the one that ends the process: beside it nobody is alone, and nobody knows for how long.
        var isBeside = runner.WrittenOff > 0;
        if (isBeside || queues.Any(q => q.Busy > 0) || finishes.Waiting > 0)
        {
            if (isBeside || Time.GetElapsedTime(_aloneSince!.Value) > _alonePatience)
            {
                // Others begin beside it from now on: a crash would say nothing of it any more.
                database.Write("jobs.alone.over", tx => tx.Execute(_aloneOver, new { node = node.Id }));
                _aloneSince = null;
                _aloneGivenUpAt = Time.GetTimestamp();
            }

            return false;
        }

        var names = options.MostJobs <= Claimed ? [] : queues.Where(q => q is { IsPaused: false, Workers: > 0 }).Select(q => q.Name).ToArray();
        var job = database.Write("jobs.claim.alone", tx => store.ClaimAlone(tx, names));
        if (job is null)
        {
            // All of them have had their turn. Those that come must not wait for it as long as one that was given up.
            _aloneSince = null;
            return true;
        }

        Interlocked.Increment(ref _claimed);
        var queue = queues.First(q => q.Name == job.Queue);
        queue.Add([job], 2);
        runner.Start(queue);

        // The patience begins anew; the next pass waits for this one's end.
        _aloneSince = Time.GetTimestamp();
        return false;
    }

    private void GiveBackAll()
    {
        foreach (var queue in queues)
        {
            runner.GiveBack(queue.TakeAll());
        }
    }

    private TimeSpan Pause()
    {
        // Nodes that began together do not go on looking together.
        var pause = options.PollInterval * (0.75 + (random.NextDouble() * 0.25));
        return lookout.Pause(_aloneSince is not null ? Spans.Shorter(pause, TimeSpan.FromMilliseconds(20)) : pause);
    }
}
