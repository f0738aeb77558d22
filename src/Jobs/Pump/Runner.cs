using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Rondo.Jobs.Logs;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Jobs.Pump;

/// <summary>Runs claimed jobs, as many of a queue at once as it has workers, and hands their ends to the loop that writes them. No connection is held meanwhile.</summary>
internal sealed class Runner(
    Database database, JobHandlers handlers, PumpStore store, FinishLoop finishes, JobCounts counts, Node node, Action hungry, Random random, TimeProvider time, ILogger log)
{
    // A kind that is unknown here may be known after an update, or to another node.
    private static readonly TimeSpan _farthest = TimeSpan.FromDays(3_653);
    private static readonly TimeSpan _unknownAgain = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<(long Id, int LeaseNo), RunningJob> _running = new();
    private readonly Lock _chance = new();
    private int _writtenOff;

    public Instant Now => database.Clock.Now;

    public ILogger Log => log;

    public ICollection<RunningJob> Running => _running.Values;

    /// <summary>Handlers that were given up and have not come back: they run in this process like any other.</summary>
    public int WrittenOff => Math.Max(0, Volatile.Read(ref _writtenOff));

    /// <summary>Begins as many as there are workers for.</summary>
    public void Start(QueueWork queue)
    {
        while (node.MayWork && queue.TryBegin(out var job))
        {
            var first = job;
            ThreadPool.UnsafeQueueUserWorkItem(_ => { _ = WorkAsync(queue, first); }, null);
        }
    }

    /// <summary>Gives back what was not begun.</summary>
    public void GiveBack(IEnumerable<ClaimedJob> jobs)
    {
        var now = Now;
        foreach (var job in jobs)
        {
            finishes.Add(new Finish { Job = job, Outcome = Outcome.GivenBack, EndedAt = now });
        }
    }

    /// <summary>Ends a job inside its handler's transaction.</summary>
    public void FinishIn(Transaction tx, RunningJob running)
    {
        var finish = new Finish { Job = running.Job, Outcome = Outcome.Done, StartedAt = running.StartedInstant, EndedAt = tx.Now, Last = running.PeekLast() };
        WatchStore.TellLast(tx, node.Id, [finish], () => { });
        if (running.IsSettled || !store.Write(tx, [finish]).Contains(running.Job.Id))
        {
            finishes.CountRefused(running.Job);
            throw new StorageFault(
                StorageFaultKind.Fenced, $"job {running.Job.Id}, attempt {running.Job.Attempts}, was taken away from node {node.Id}; its end and what was written with it are refused");
        }

        // The key's lock is not for transactions of others, which may take their time.
        tx.OnCommit(() =>
        {
            running.IsFinished = true;
            finishes.FillLater(running.Job.ConcurrencyKey);
            finishes.FollowLater(finish.Link);
        });
    }

    /// <summary>An attempt that does not end although its token is cancelled: written off for it, and its worker replaced.</summary>
    public void GiveUp(QueueWork queue, RunningJob running, Outcome outcome, string error)
    {
        if (!running.Settle())
        {
            return;
        }

        Interlocked.Increment(ref _writtenOff);
        _running.TryRemove((running.Job.Id, running.Job.LeaseNo), out _);
        if (outcome != Outcome.GivenBack && running.StopReason != StopReason.Lost)
        {
            Fail(running, error);
        }
        else if (running.StopReason != StopReason.Lost)
        {
            GiveBack([running.Job]);
        }

        queue.GiveUpWorker(running.Job);
        Start(queue);
    }

    private async Task WorkAsync(QueueWork queue, ClaimedJob job)
    {
        var stop = new CancellationTokenSource();
        for (ClaimedJob? next = job; next is not null;)
        {
            var after = await RunAsync(next, stop).ConfigureAwait(false);
            if (after == After.Gone)
            {
                return;
            }

            // A cancel that was decided on may still be on its way to the token: it must not reach the next job.
            if (after == After.Stopped || !stop.TryReset())
            {
                stop = new CancellationTokenSource();
            }

            queue.Next(next, node.MayWork, out next, out var isLow);
            if (isLow)
            {
                hungry();
            }
        }

    }

    private enum After
    {
        Ended,

        /// <summary>Its token was cancelled, or is about to be.</summary>
        Stopped,

        /// <summary>It was given up, and its worker with it.</summary>
        Gone,
    }

    /// <summary>One attempt.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "A handler may fail with anything; that is an attempt that failed.")]
    private async Task<After> RunAsync(ClaimedJob job, CancellationTokenSource stop)
    {
        var started = Now;
        if (handlers.Find(job.Kind) is not { IsRunnable: true } kind)
        {
            JobsLog.UnknownKind(log, job.Queue, job.Kind, job.Id, job.Attempts);
            finishes.Add(new Finish
            {
                Job = job, Outcome = Outcome.Snooze, StartedAt = started, EndedAt = started, Due = started + _unknownAgain, Error = $"node {node.Id} knows no handler of kind '{job.Kind}'",
            });
            return After.Ended;
        }

        var running = new RunningJob(job, kind, stop, time.GetTimestamp(), started);
        using var trace = AttemptTrace.Begin(job);
        using var scope = log.BeginScope(new JobScope(job, trace.Context));

        // A job that was taken away may be here again, under its next lease, before its last attempt has ended.
        _running[(job.Id, job.LeaseNo)] = running;
        JobResult result;
        string? error = null;
        try
        {
            FailPoint.Reach("jobs.run");
            result = await kind.RunAsync(job.Args, new JobContext(running, this, node.Id, trace.Context), stop.Token).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            error = Describe(running, fault);
            result = JobResult.Retry(error);
        }

        if (!running.Settle())
        {
            Interlocked.Decrement(ref _writtenOff);
            return After.Gone;
        }

        _running.TryRemove((job.Id, job.LeaseNo), out _);
        if (running.IsFinished)
        {
            finishes.CountFinished();
            counts.Done(running, Now);
        }
        else if (running.StopReason != StopReason.Lost || result.Kind == JobResult.Verdict.Done)
        {
            // Lost may be what this node believes and not what is so: of an end that is well the database decides.
            End(running, result, error ?? result.Why);
        }

        return running.StopReason == StopReason.None ? After.Ended : After.Stopped;
    }

    private void End(RunningJob running, JobResult result, string? why)
    {
        var job = running.Job;
        var now = Now;
        if (result.Kind == JobResult.Verdict.Done)
        {
            finishes.Add(new Finish { Job = job, Outcome = Outcome.Done, StartedAt = running.StartedInstant, EndedAt = now, Last = running.TakeLast() });
        }
        else if (running.StopReason == StopReason.Cancelled)
        {
            finishes.Add(new Finish { Job = job, Outcome = Outcome.Cancelled, StartedAt = running.StartedInstant, EndedAt = now, Last = running.TakeLast(), Error = "cancelled while it ran" });
        }
        else if (running.StopReason == StopReason.Stopping)
        {
            GiveBack([job]);
        }
        else if (result.Kind == JobResult.Verdict.Snooze)
        {
            finishes.Add(new Finish { Job = job, Outcome = Outcome.Snooze, StartedAt = running.StartedInstant, EndedAt = now, Last = running.TakeLast(), Due = Later(now, result.Until - now), Error = why });
        }
        else if (result.Kind == JobResult.Verdict.Discard)
        {
            JobsLog.Died(log, job.Queue, job.Kind, job.Id, job.Attempts, why!);
            finishes.Add(new Finish { Job = job, Outcome = Outcome.Dead, StartedAt = running.StartedInstant, EndedAt = now, Last = running.TakeLast(), Error = "discarded: " + why, IsDiscarded = true });
        }
        else
        {
            Fail(running, why!, result.After);
        }
    }

    private void Fail(RunningJob running, string error, TimeSpan? after = null)
    {
        var job = running.Job;
        var now = Now;
        var isDead = job.Attempts >= job.MaxAttempts;
        if (isDead)
        {
            JobsLog.Died(log, job.Queue, job.Kind, job.Id, job.Attempts, error);
        }
        else
        {
            JobsLog.AttemptFailed(log, job.Queue, job.Kind, job.Id, job.Attempts, job.MaxAttempts, error);
        }

        lock (_chance)
        {
            finishes.Add(new Finish
            {
                Job = job,
                Outcome = isDead ? Outcome.Dead : Outcome.Retry,
                StartedAt = running.StartedInstant,
                EndedAt = now,
                Last = running.TakeLast(),
                Due = Later(now, after ?? running.Kind.Backoff.After(job.Attempts, random)),
                Error = error,
            });
        }
    }

    private static string Describe(RunningJob running, Exception fault) => running.StopReason switch
    {
        StopReason.Timeout => $"timed out after {running.Kind.Timeout.TotalSeconds:0.###} s",
        _ => $"{fault.GetType().Name}: {fault.Message}",
    };

    /// <summary>A handler may ask for any delay.</summary>
    private static Instant Later(Instant now, TimeSpan delay) => now + (delay < TimeSpan.Zero ? TimeSpan.Zero : delay > _farthest ? _farthest : delay);
}
