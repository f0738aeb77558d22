using Microsoft.Extensions.Logging;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Jobs.Pump;

/// <summary>
/// Watches over what runs: cancels what is past its timeout and writes off what does not stop then; stores marks, progress and lines; obeys cancels, pauses and
/// worker counts; and compares what this node believes to hold with what the database says, in both directions.
/// </summary>
internal sealed class WatchLoop(
    Database database, Node node, Runner runner, FinishLoop finishes, ClaimLoop claims, IReadOnlyDictionary<string, QueueWork> queues, JobsOptions options, TimeProvider time, ILogger log)
    : Loop("jobs.watch", time)
{
    private static readonly TimeSpan _every = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan _markAfter = TimeSpan.FromMilliseconds(100);

    // What was claimed a moment ago may be on its way to this process.
    private static readonly TimeSpan _onTheWay = TimeSpan.FromSeconds(10);
    private long _lookedAt = long.MinValue;
    private HashSet<(long, int)> _strange = [];
    private HashSet<(long, int)> _missing = [];
    private long _refused;
    private volatile bool _isAsked;

    /// <summary>False until it is known what operators want of the queues.</summary>
    public bool HasLooked => Volatile.Read(ref _lookedAt) != long.MinValue;

    /// <summary>Marks, progress and lines that the fence refused.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    protected override bool OwnThread => true;

    protected override (TimeSpan First, TimeSpan Cap) BackoffRange => (TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(2));

    /// <summary>Somebody wants something of running jobs or of queues: look now.</summary>
    public void Look()
    {
        _isAsked = true;
        Wake();
    }

    protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        KeepTime();
        StorageFault? fault = null;
        try
        {
            Tell();
        }
        catch (StorageFault untold)
        {
            // What cannot be told is told later; cancels, pauses and the search for what was lost must not wait for it.
            fault = untold;
        }

        // Operators are obeyed within 2 s, also where hints are lost and nodes look for jobs but once a minute.
        if (_isAsked || _lookedAt == long.MinValue || Time.GetElapsedTime(_lookedAt) >= Spans.Shorter(options.PollInterval, options.LookEvery))
        {
            _isAsked = false;
            LookAround();
            _lookedAt = Time.GetTimestamp();
        }

        return fault is null ? new(_every) : throw fault;
    }

    private void KeepTime()
    {
        foreach (var running in runner.Running)
        {
            var timeout = running.Kind.Timeout;
            var age = Time.GetElapsedTime(running.StartedAt);
            if (age < timeout)
            {
                continue;
            }

            running.Stop(StopReason.Timeout);
            if (age >= timeout + options.Grace)
            {
                var job = running.Job;
                JobsLog.GivenUp(log, job.Queue, job.Kind, job.Id, job.Attempts, timeout.TotalSeconds, options.Grace.TotalSeconds);
                runner.GiveUp(
                    queues[job.Queue], running, Outcome.Retry, $"timed out after {timeout.TotalSeconds:0.###} s and did not stop within {options.Grace.TotalSeconds:0.###} s; it may still be running in node {node.Id}");
            }
        }
    }

    private void Tell()
    {
        List<Said>? all = null;
        foreach (var running in runner.Running)
        {
            var marks = !running.IsMarked && Time.GetElapsedTime(running.StartedAt) >= _markAfter;
            var (progress, lines) = running.Take();
            if (marks || progress is not null || lines is not null)
            {
                (all ??= []).Add(new Said(running, marks, progress, lines));
            }
        }

        if (all is not null && node.MayWork)
        {
            var refused = Store(all);

            // A job that ends meanwhile takes its row along: what it said last may come too late then, which is no harm and no intrusion.
            if (refused > 0 && all.Exists(s => s.Running.StopReason == StopReason.Lost))
            {
                Interlocked.Add(ref _refused, refused);
            }
        }
    }

    private int Store(List<Said> all)
    {
        try
        {
            var refused = database.Write("jobs.tell", tx => WatchStore.Tell(tx, node.Id, all));
            all.ForEach(said => said.Running.Told());
            foreach (var said in all.Where(s => s.Marks))
            {
                said.Running.IsMarked = true;
            }

            return refused;
        }
        catch (StorageFault)
        {
            all.ForEach(said => said.Running.PutBack(said.Progress, said.Lines));
            throw;
        }
    }

    private void LookAround()
    {
        var before = Held();
        var (owned, intents) = database.Write("jobs.look.around", tx => (WatchStore.ReadOwned(tx, node.Id), WatchStore.ReadIntents(tx)));
        Obey(intents);
        foreach (var wish in owned.Where(o => o.IsCancelled))
        {
            Cancel(wish);
        }

        // Twice in a row, since either side may be on its way while the other is looked at.
        var there = owned.Select(o => (o.Id, o.LeaseNo)).ToHashSet();
        var after = Held();
        var missing = before.Where(h => after.Contains(h) && !there.Contains(h)).ToHashSet();
        var lost = missing.Where(_missing.Contains).ToHashSet();
        _missing = missing;
        if (lost.Count > 0)
        {
            JobsLog.Lost(log, lost.Count);
            foreach (var running in runner.Running.Where(r => lost.Contains((r.Job.Id, r.Job.LeaseNo))))
            {
                running.Stop(StopReason.Lost);
            }

            foreach (var queue in queues.Values)
            {
                foreach (var (id, leaseNo) in lost)
                {
                    queue.Take(id, leaseNo);
                }
            }
        }

        var now = database.Clock.Now;
        var strange = owned.Where(o => now - o.ClaimedAt > _onTheWay && !before.Contains((o.Id, o.LeaseNo)) && !after.Contains((o.Id, o.LeaseNo))).ToList();
        var orphans = strange.FindAll(o => _strange.Contains((o.Id, o.LeaseNo)));
        _strange = strange.Select(o => (o.Id, o.LeaseNo)).ToHashSet();
        if (orphans.Count > 0)
        {
            JobsLog.Orphaned(log, orphans.Count);
            runner.GiveBack(orphans.Select(o => new ClaimedJob
            {
                Id = o.Id, LeaseNo = o.LeaseNo, Attempts = o.Attempts, Queue = o.Queue, Kind = o.Kind, ConcurrencyKey = o.ConcurrencyKey, Args = "",
            }));
        }
    }

    private HashSet<(long, int)> Held()
    {
        var held = new HashSet<(long, int)>();

        // In the order a job goes: one that moves on meanwhile is seen where it was or where it is.
        foreach (var queue in queues.Values)
        {
            queue.CollectIds(held);
        }

        foreach (var running in runner.Running)
        {
            held.Add((running.Job.Id, running.Job.LeaseNo));
        }

        finishes.CollectIds(held);
        return held;
    }

    private void Cancel(Owned wish)
    {
        if (runner.Running.FirstOrDefault(r => r.Job.Id == wish.Id && r.Job.LeaseNo == wish.LeaseNo) is { } running)
        {
            running.Stop(StopReason.Cancelled);
        }
        else if (queues.GetValueOrDefault(wish.Queue)?.Take(wish.Id, wish.LeaseNo) is { } waiting)
        {
            finishes.Add(new Finish { Job = waiting, Outcome = Outcome.Cancelled, EndedAt = database.Clock.Now, Error = "cancelled before it began" });
        }
    }

    private void Obey(List<QueueIntent> intents)
    {
        var isMore = false;
        foreach (var queue in queues.Values)
        {
            var intent = intents.Find(i => i.Name == queue.Name);
            var workers = intent?.Workers ?? options.WorkersOf(queue.Name);
            var isPaused = intent?.IsPaused ?? false;
            isMore |= workers > queue.Workers || (queue.IsPaused && !isPaused);
            queue.Workers = workers;
            queue.IsPaused = isPaused;
            if (isPaused || workers == 0)
            {
                runner.GiveBack(queue.TakeAll());
            }
            else
            {
                runner.GiveBack(queue.TakeStale());
                runner.Start(queue);
            }
        }

        if (isMore)
        {
            claims.Wake();
        }
    }
}
