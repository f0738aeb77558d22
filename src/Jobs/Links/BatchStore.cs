using System.Text.Json;
using Rondo.Jobs.Told;
using Rondo.Storage;

namespace Rondo.Jobs.Links;

/// <summary>
/// Batches: made, filled, sealed, finished. Whether one has finished is read from its members under the lock of its row, after their ends were committed: of those who end the last ones
/// at the same moment the second sees both. Its row is locked before those of jobs, and several in the order of their ids.
/// </summary>
internal static class BatchStore
{
    private const int Piece = 500;

    private static readonly Sql _start = new("jobs.batch.start", "insert into job_batch (name, created_at) values (@name, @now) returning id");
    private static readonly Sql _undo = new("jobs.batch.undo", "delete from job_batch where id = @id");
    private static readonly Sql _callback = new("jobs.batch.callback", "update job_batch set callback_job_id = @job where id = @id");
    private static readonly Sql _lock = new("jobs.batch.lock", "select id, is_sealed, cancelled_at from job_batch where id = @id{update}");
    private static readonly Sql _grow = new("jobs.batch.grow", "update job_batch set total = total + @count where id = @id");
    private static readonly Sql _seal = new("jobs.batch.seal", "update job_batch set is_sealed = {true} where id = @id");
    private static readonly Sql _cancel = new("jobs.batch.cancel", "update job_batch set is_sealed = {true}, cancelled_at = @now where id = @id");

    private static readonly Sql _finishedAlready = new("jobs.batch.finished", "select id from job_batch where id = @id and finished_at is not null");
    private static readonly Sql _lockOpen = new("jobs.batch.open", "select id from job_batch where id {in:@ids} and is_sealed and finished_at is null order by id{update}");

    private static readonly Sql _open = new("jobs.batch.scan", """
        select id, cancelled_at from job_batch where is_sealed and finished_at is null and id > @after order by id limit @piece
        """);

    // From the end: the last ones that were added are the last ones to be taken, so whatever lives is found at once, past however many that are gone and not yet cleaned up.
    private static readonly Sql _idle = new("jobs.batch.idle", """
        select b.id from job_batch b where b.id {in:@ids} and b.is_sealed and b.finished_at is null
          and (select j.id from job_waiting j where j.batch_id = b.id order by j.batch_id desc, j.id desc limit 1) is null
          and (select j.id from job_ready j where j.batch_id = b.id order by j.batch_id desc, j.id desc limit 1) is null
          and (select j.id from job_running j where j.batch_id = b.id order by j.batch_id desc, j.id desc limit 1) is null
        """);

    // Tables that were empty when they were last looked at are not read through.
    private static readonly Sql _byIndex = new("jobs.batch.by_index", "select set_config('enable_seqscan', 'off', true)");

    private static readonly Sql _asUsual = new("jobs.batch.as_usual", "select set_config('enable_seqscan', 'on', true)");

    private static readonly Sql _counts = new("jobs.batch.ended", "select state, queue, count(*) as number from job_history where batch_id = @id group by state, queue");

    private static readonly Sql _finish = new("jobs.batch.finish", """
        update job_batch set finished_at = @now, done = @done, dead = @dead, cancelled = @cancelled where id = @id
        """);

    private static readonly Sql _about = new("jobs.batch.about", "select id, name, total from job_batch where id = @id");

    private static readonly Sql _waiting = new("jobs.batch.waiting", """
        select id, waits_for, due, queue, concurrency_key, metadata from job_waiting where waits_on = 'batch' and waits_for = @id{update}
        """);

    private static readonly Sql _say = new("jobs.batch.say", "update job_waiting set metadata = @metadata where id = @job");

    private static readonly Sql _live = new("jobs.batch.live", """
        select id from (
          select id from job_waiting where batch_id = @id
          union all select id from job_ready where batch_id = @id
          union all select r.id from job_running r where r.batch_id = @id and not exists (select 1 from job_cancel c where c.job_id = r.id)
        ) live order by id limit @piece
        """);

    private static readonly Sql _forget = new("jobs.batch.forget", "delete from job_batch where id in (select id from job_batch where finished_at < @before limit @piece)");

    public static long Start(Transaction tx, string name) => tx.First<long>(_start, new { name, now = tx.Now });

    /// <summary>As if it had not been started.</summary>
    public static void Undo(Transaction tx, long id) => tx.Execute(_undo, new { id });

    public static void SetCallback(Transaction tx, long id, long job) => tx.Execute(_callback, new { id, job });

    /// <summary>Holds the batch until the end of the transaction.</summary>
    /// <exception cref="JobRefused">There is none, or nothing may be added to it.</exception>
    public static void LockToAdd(Transaction tx, long id)
    {
        var batch = tx.First<State>(_lock, new { id }) ?? throw Unknown(id);
        if (batch.CancelledAt is not null || batch.IsSealed)
        {
            throw new JobRefused(JobRefusal.BadOption, $"batch {id} is {(batch.CancelledAt is null ? "sealed" : "cancelled")}: nothing can be added to it. Start another one");
        }
    }

    public static void Grow(Transaction tx, long id, int count) => tx.Execute(_grow, new { id, count });

    /// <summary>Nothing more is added. One whose members have all ended finishes now; others when their last one has.</summary>
    /// <exception cref="JobRefused">There is none.</exception>
    public static void Seal(Transaction tx, long id, Followed found)
    {
        if (tx.First<State>(_lock, new { id }) is not { } batch)
        {
            throw Unknown(id);
        }

        if (!batch.IsSealed)
        {
            tx.Execute(_seal, new { id });
            FinishIdle(tx, [id], found);
        }
    }

    /// <summary>Wants all of it ended; null when there is none, false when it has finished already.</summary>
    public static bool? Cancel(Transaction tx, long id)
    {
        if (tx.First<State>(_lock, new { id }) is null)
        {
            return null;
        }

        if (tx.Query<long>(_finishedAlready, new { id }).Count > 0)
        {
            return false;
        }

        tx.Execute(_cancel, new { id, now = tx.Now });
        return true;
    }

    /// <summary>Members that live and were not yet asked to end, the oldest first.</summary>
    public static List<long> Live(Transaction tx, long id, int most) => tx.Query<long>(_live, new { id, piece = most });

    /// <summary>Sealed batches that have not finished: those of which nothing lives any more, and those that are being cancelled. 500 from <paramref name="after"/> on.</summary>
    public static (List<long> Idle, List<long> Cancelling) Scan(Transaction tx, ref long after)
    {
        var open = tx.Query<State>(_open, new { after, piece = Piece });
        after = open.Count == Piece ? open[^1].Id : 0;
        return open.Count == 0
            ? ([], [])
            : (Idle(tx, open.Select(b => b.Id)), open.FindAll(b => b.CancelledAt is not null).ConvertAll(b => b.Id));
    }

    /// <summary>Finishes those of <paramref name="ids"/> that are sealed and of which nothing lives any more, each once: with its mark its callback is let go, in one transaction.</summary>
    public static void FinishIdle(Transaction tx, IReadOnlyCollection<long> ids, Followed found)
    {
        // Whether one is idle is asked after it is locked: a statement sees what was committed before it began.
        var locked = ids.Count == 0 ? [] : tx.Query<long>(_lockOpen, new { ids = new IdList([.. ids]) });
        if (locked.Count > 0)
        {
            Idle(tx, locked).ForEach(id => Finish(tx, id, found));
        }
    }

    /// <summary>Forgets a slice of those that finished long ago; returns how many.</summary>
    public static int Forget(Transaction tx, JobsOptions options) => tx.Execute(_forget, new { before = tx.Now - options.KeepLongest, piece = Piece });

    private static List<long> Idle(Transaction tx, IEnumerable<long> ids)
    {
        if (tx.Dialect == Dialect.Postgres)
        {
            tx.Query<string>(_byIndex);
        }

        var idle = tx.Query<long>(_idle, new { ids = new IdList([.. ids]) });
        if (tx.Dialect == Dialect.Postgres)
        {
            // The rest of the transaction may be the caller's.
            tx.Query<string>(_asUsual);
        }

        idle.Sort();
        return idle;
    }

    private static void Finish(Transaction tx, long id, Followed found)
    {
        var ended = tx.Query<Count>(_counts, new { id });
        var (done, dead, cancelled) = (Ended("done"), Ended("dead"), Ended("cancelled"));
        tx.Execute(_finish, new { id, now = tx.Now, done, dead, cancelled });
        var about = tx.First<About>(_about, new { id })!;
        var end = new BatchEnd(id, about.Name, about.Total, done, dead, cancelled, about.Total - done - dead - cancelled);
        var queues = ended.GroupBy(c => c.Queue, StringComparer.Ordinal).OrderByDescending(q => q.Sum(c => c.Number)).ThenBy(q => q.Key, StringComparer.Ordinal).Select(q => q.Key).Take(1).ToList();
        if (tx.First<Callback>(_waiting, new { id }) is { } callback)
        {
            var metadata = callback.Metadata is { } own ? JsonSerializer.Deserialize<Dictionary<string, string>>(own)! : [];
            metadata[BatchEnd.Name] = end.ToText();
            tx.Execute(_say, new { job = callback.Id, metadata = JsonSerializer.Serialize(metadata) });
            LinkStore.Release(tx, [new Follower { Id = callback.Id, WaitsFor = id, Due = callback.Due, Queue = callback.Queue, ConcurrencyKey = callback.ConcurrencyKey }], found);
            queues.Add(callback.Queue);
        }

        found.Finished.Add(new FinishedBatch(end, [.. queues.Distinct(StringComparer.Ordinal)]));

        int Ended(string state) => (int)ended.Where(c => c.State == state).Sum(c => c.Number);
    }

    private static JobRefused Unknown(long id) => new(JobRefusal.BadOption, $"there is no batch {id}: it never was, or it finished long ago and is forgotten");

    private sealed class State
    {
        public long Id { get; init; }

        public bool IsSealed { get; init; }

        public Instant? CancelledAt { get; init; }
    }

    private sealed class Count
    {
        public string State { get; init; } = "";

        public string Queue { get; init; } = "";

        public long Number { get; init; }
    }

    private sealed class About
    {
        public string Name { get; init; } = "";

        public int Total { get; init; }
    }

    private sealed class Callback
    {
        public long Id { get; init; }

        public Instant Due { get; init; }

        public string Queue { get; init; } = "";

        public string? ConcurrencyKey { get; init; }

        public string? Metadata { get; init; }
    }
}
