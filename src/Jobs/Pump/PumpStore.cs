using Rondo.Storage;

namespace Rondo.Jobs.Pump;

/// <summary>
/// Claims and finishes in batches. Two texts, because measured speed demands it: one statement with arrays on PostgreSQL, prepared statements row by row on SQLite.
/// Both say the same: a job moves only while this node is live and holds it under the lease number it was claimed with.
/// </summary>
internal abstract class PumpStore(JobsOptions options, string node)
{
    /// <summary>Columns that every table of jobs has.</summary>
    public const string Common = """
        id, queue, kind, priority, rank, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key, concurrency_limit, batch_id, is_awaited
        """;

    /// <summary>Those of the history that come from the job as it was.</summary>
    public const string Kept = """
        id, queue, kind, priority, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key, concurrency_limit, batch_id, is_awaited
        """;

    /// <summary>The last two of them: what the end of a job means to others.</summary>
    public const string Links = "batch_id, is_awaited";

    // What is told late does not undo what was told with the end of the attempt.
    protected const string OrLaterProgress = """
        on conflict (job_id) do update set lease_no = excluded.lease_no, done = excluded.done, total = excluded.total, note = excluded.note, at = excluded.at
          where job_progress.lease_no < excluded.lease_no or (job_progress.lease_no = excluded.lease_no and job_progress.at <= excluded.at)
        """;

    protected JobsOptions Options => options;

    protected string Node => node;

    public static PumpStore For(DatabaseKind kind, JobsOptions options, string node) =>
        kind == DatabaseKind.Sqlite ? new SqlitePumpStore(options, node) : new PostgresPumpStore(options, node);

    /// <summary>Takes what can run, lowest rank first.</summary>
    public abstract List<ClaimedJob> Claim(Transaction tx, IReadOnlyList<Want> wants);

    /// <summary>
    /// Takes one suspect, to run it with nothing beside it; null when there is none. Those that were in the fewest crashes go first: most are innocent, and have ended
    /// before whoever is not has its next turn; and no innocent meets one kill after the other because it is the first after each start.
    /// </summary>
    public abstract ClaimedJob? ClaimAlone(Transaction tx, IReadOnlyList<string> queues);

    /// <summary>Writes ends of attempts; returns the ids of those that were accepted. What is not among them is no longer this node's.</summary>
    public abstract HashSet<long> Write(Transaction tx, IReadOnlyList<Finish> finishes);

    /// <summary>Keeps how far attempts of this node are; returns of how many. What the fence refuses is not among them.</summary>
    public static int TellProgress(Transaction tx, string node, IReadOnlyList<(ClaimedJob Job, JobProgress Progress)> all) =>
        all.Count == 0 ? 0 : tx.Dialect == Dialect.Sqlite ? SqlitePumpStore.Tell(tx, node, all) : PostgresPumpStore.Tell(tx, node, all);

    protected Instant ForgetAt(Finish finish) => finish.EndedAt + options.Keep(finish.Outcome switch
    {
        Outcome.Done or Outcome.Snooze => JobState.Done,
        Outcome.Cancelled => JobState.Cancelled,
        _ => JobState.Dead,
    });
}
