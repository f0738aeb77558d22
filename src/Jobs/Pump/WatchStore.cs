using Rondo.Storage;

namespace Rondo.Jobs.Pump;

/// <summary>What a node says and asks of its running jobs, outside the rows that claims and finishes are about. Every write matches the fence.</summary>
internal static class WatchStore
{
    private const string Held = "id = @id and lease_no = @no and node = @node and exists (select 1 from node n where n.id = @node and n.state = 'live')";

    private static readonly Sql _mark = new("jobs.mark", $"update job_running set started_at = @at where {Held}");

    private static readonly Sql _line = new("jobs.log", $$"""
        insert into job_log (job_id, lease_no, line, attempt, at, level, text) select @id, @no, @line, @attempt, @at, @level, @text from job_running where {{Held}}{share}
        on conflict do nothing
        """);

    private static readonly Sql _owned = new("jobs.owned", """
        select r.id, r.lease_no, r.claimed_at, r.attempts, r.queue, r.kind, r.concurrency_key, c.job_id is not null as is_cancelled
        from job_running r left join job_cancel c on c.job_id = r.id
        where r.node = @node
        """);

    // Whoever buries the node or takes the job waits for the end of the transaction.
    private static readonly Sql _live = new("jobs.hold.node", "select 1 from node where id = @node and state = 'live'{share}");

    private static readonly Sql _hold = new("jobs.hold", $"select 1 from job_running where {Held}{{share}}");

    private static readonly Sql _queues = new("jobs.queues", "select name, workers, is_paused from job_queue");

    /// <summary>Stores what was said; returns how many of it the fence refused.</summary>
    public static int Tell(Transaction tx, string node, IReadOnlyList<Said> all)
    {
        // Progress first, then lines, then rows of jobs, each in order of the jobs' numbers: as ends do, which may have words of the same attempts.
        var ordered = all.OrderBy(s => s.Running.Job.Id).ToArray();
        (ClaimedJob, JobProgress)[] progress = [.. ordered.Where(s => s.Progress is not null).Select(s => (s.Running.Job, s.Progress!))];
        var refused = progress.Length - PumpStore.TellProgress(tx, node, progress);
        foreach (var said in ordered)
        {
            refused += (said.Lines?.Count ?? 0) - Tell(tx, node, said.Running.Job, said.Lines);
        }

        foreach (var said in ordered.Where(s => s.Marks))
        {
            refused += 1 - tx.Execute(_mark, new { at = said.Running.StartedInstant, id = said.Running.Job.Id, no = said.Running.Job.LeaseNo, node });
        }

        return refused;
    }

    /// <summary>Keeps what attempts said last, before their ends are written. What it is kept of stays this node's until the transaction ends: nothing is kept of an end that is refused.</summary>
    /// <param name="tx">Transaction.</param>
    /// <param name="node">This node.</param>
    /// <param name="finishes">The ends.</param>
    /// <param name="beat">Told for each of them: on a slow database this takes its time, and is alive.</param>
    public static void TellLast(Transaction tx, string node, IReadOnlyList<Finish> finishes, Action beat)
    {
        var last = finishes.Where(f => f.Last is not null).OrderBy(f => f.Job.Id).ToArray();
        if (last.Length == 0 || tx.First<int>(_live, new { node }) != 1)
        {
            return;
        }

        beat();
        PumpStore.TellProgress(tx, node, [.. last.Where(f => f.Last!.Progress is not null).Select(f => (f.Job, f.Last!.Progress!))]);
        foreach (var finish in last)
        {
            beat();
            Tell(tx, node, finish.Job, finish.Last!.Lines);
        }
    }

    /// <summary>True while the attempt is its own; it stays so until the transaction ends.</summary>
    public static bool Hold(Transaction tx, JobFence fence) =>
        tx.First<int>(_live, new { node = fence.Node }) == 1 && tx.First<int>(_hold, new { id = fence.JobId, no = fence.LeaseNo, node = fence.Node }) == 1;

    private static int Tell(Transaction tx, string node, ClaimedJob job, List<LogLine>? lines) => (lines ?? []).Sum(line =>
        tx.Execute(_line, new { id = job.Id, no = job.LeaseNo, node, line = line.Line, attempt = job.Attempts, at = line.At, level = line.Level, text = line.Text }));

    public static List<Owned> ReadOwned(Transaction tx, string node) => tx.Query<Owned>(_owned, new { node });

    public static List<QueueIntent> ReadIntents(Transaction tx) => tx.Query<QueueIntent>(_queues);
}

/// <summary>What a running job has to say.</summary>
internal sealed record Said(RunningJob Running, bool Marks, JobProgress? Progress, List<LogLine>? Lines);

/// <summary>A job the database says is this node's.</summary>
internal sealed class Owned
{
    public long Id { get; init; }

    public int LeaseNo { get; init; }

    public Instant ClaimedAt { get; init; }

    public int Attempts { get; init; }

    public string Queue { get; init; } = "";

    public string Kind { get; init; } = "";

    public string? ConcurrencyKey { get; init; }

    public bool IsCancelled { get; init; }
}

/// <summary>What an operator wants of a queue.</summary>
internal sealed class QueueIntent
{
    public string Name { get; init; } = "";

    public int? Workers { get; init; }

    public bool IsPaused { get; init; }
}
