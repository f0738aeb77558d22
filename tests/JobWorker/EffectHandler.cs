using System.Diagnostics;
using Rondo.Jobs;
using Rondo.Storage;

namespace Rondo.JobWorker;

/// <summary>Leaves one row for each job that ends well, in the transaction that ends it; and for each attempt under a key when it began and when it ended.</summary>
internal sealed class EffectHandler(Database database) : IJobHandler<EffectArgs>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly Sql Effect = new("worker.effect", "insert into effect (job_id, lease_no, node, attempt, n) values (@JobId, @LeaseNo, @Node, @attempt, @n)");
    private static readonly Sql Begin = new("worker.run", "insert into run (key, job_id, lease_no, node, began_us) values (@key, @JobId, @LeaseNo, @Node, @at)");
    private static readonly Sql End = new("worker.run.end", "update run set ended_us = @at where job_id = @JobId and lease_no = @LeaseNo and node = @Node and ended_us is null");

    // Not the database's clock: all processes of a test share that of the machine.
    private static long Now => Instant.From(TimeProvider.System.GetUtcNow()).Micros;

    public async Task<JobResult> Handle(EffectArgs args, JobContext job, CancellationToken stop)
    {
        var (jobId, leaseNo, node) = (job.Id, job.Fence.LeaseNo, job.Fence.Node);
        if (args.Key is { } key)
        {
            await database.WriteAsync("worker.run", tx => tx.Execute(Begin, new { key, JobId = jobId, LeaseNo = leaseNo, Node = node, at = Now }), stop);
        }

        try
        {
            return await RunAsync(args, job, stop);
        }
        finally
        {
            // Before the slot of the key is given back, whatever comes of the attempt.
            if (args.Key is not null)
            {
                await EndedAsync(job.Fence, Now);
            }
        }
    }

    private async Task<JobResult> RunAsync(EffectArgs args, JobContext job, CancellationToken stop)
    {
        job.Log($"attempt {job.Attempt} of {args.N}");
        job.Progress(job.Attempt, job.MaxAttempts);
        if (args.TakesMs > 0)
        {
            await WorkAsync(args.TakesMs, stop);
        }

        switch (args.Does)
        {
            case Does.Fail when job.Attempt <= args.Times:
                return job.Attempt % 2 == 0 ? JobResult.Retry("not now", TimeSpan.FromMilliseconds(20)) : throw new InvalidOperationException("not now either");
            case Does.Snooze when database.Clock.Now < job.EnqueuedAt + TimeSpan.FromSeconds(1):
                return JobResult.Snooze(job.EnqueuedAt + TimeSpan.FromSeconds(1));
            case Does.Discard:
                return JobResult.Discard("of no use");
            case Does.Crash:
                Say($"crashing {job.Id}");
                using (var self = Process.GetCurrentProcess())
                {
                    self.Kill();
                }

                await new TaskCompletionSource().Task;
                return JobResult.Done;
            case Does.Insist when job.Fence.LeaseNo == 1:
                return await InsistAsync(args, job, stop);
            default:
                await LeaveAsync(args, job);
                return JobResult.Done;
        }
    }

    private async Task LeaveAsync(EffectArgs args, JobContext job)
    {
        await database.WriteAsync("worker.effect", tx =>
        {
            tx.Execute(Effect, new { job.Fence.JobId, job.Fence.LeaseNo, job.Fence.Node, attempt = job.Attempt, n = args.N });
            if (args.Key is not null)
            {
                tx.Execute(End, new { job.Fence.JobId, job.Fence.LeaseNo, job.Fence.Node, at = Now });
            }

            job.FinishIn(tx);
        });
    }

    private async Task<JobResult> InsistAsync(EffectArgs args, JobContext job, CancellationToken stop)
    {
        Say($"holding {job.Id}");
        try
        {
            await new TaskCompletionSource().Task.WaitAsync(stop);
        }
        catch (OperationCanceledException)
        {
            Say($"cancelled {job.Id}");
        }

        job.Log("too late");
        job.Progress(99, 100, "too late");
        try
        {
            await LeaveAsync(args, job);
            Say($"intruded {job.Id}");
        }
        catch (StorageFault fault) when (fault.Kind == StorageFaultKind.Fenced)
        {
            Say($"refused {job.Id}");
        }

        // One that pays no heed to what it was told.
        return args.Times > 0 ? JobResult.Retry("too late") : JobResult.Done;
    }

    private async Task EndedAsync(JobFence fence, long at)
    {
        var from = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await database.WriteAsync("worker.run.end", tx => tx.Execute(End, new { fence.JobId, fence.LeaseNo, fence.Node, at }), CancellationToken.None);
                return;
            }
            catch (StorageFault fault) when (fault.IsTransient && Stopwatch.GetElapsedTime(from) < Patience)
            {
                await WorkAsync(50, CancellationToken.None);
            }
        }
    }

    /// <summary>Something that takes so long.</summary>
    private static async Task WorkAsync(int ms, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(ms));
        await timer.WaitForNextTickAsync(stop);
    }

    private static void Say(string line) => Console.WriteLine(line);
}
