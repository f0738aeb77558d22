using Rondo.Jobs.Pump;
using Rondo.Jobs.Queue;
using Rondo.Storage;

namespace Rondo.Jobs.Links;

/// <summary>
/// Jobs that wait for the end of another. A job that is awaited carries a mark, which goes with it into the history and stands there until those who wait have been told: what is still to be
/// told is found after a kill at any point, by whatever node, and a job that nobody waits for costs nothing.
/// Nothing here waits for a row that somebody else holds: what is held is left for the next time.
/// </summary>
internal static class LinkStore
{
    private const int Piece = 500;
    private const int MostTold = 1_000;

    private static readonly Sql _state = new("jobs.link.state", "select state from job where id = @id");

    private static readonly Sql _knocks = new("jobs.link.knocks", """
        select id, waits_for from job_waiting where is_knocking and waits_for is not null order by id limit @piece{update}{skip_locked}
        """);

    private static readonly Sql _states = new("jobs.link.states", "select id, state from job_history where id {in:@ids}");
    private static readonly Sql _heard = new("jobs.link.heard", "update job_waiting set is_knocking = {false} where waits_on = 'job' and waits_for {in:@ids}");

    private static readonly Sql _ended = new("jobs.link.ended", "select id, state from job_history where is_awaited order by id limit @piece{update}{skip_locked}");

    private static readonly Sql _waiting = new("jobs.link.waiting", """
        select id, waits_for, due, queue, concurrency_key, batch_id from job_waiting
        where waits_on = 'job' and waits_for {in:@ids} order by id limit @most{update}{skip_locked}
        """);

    private static readonly Sql _left = new("jobs.link.left", "select distinct waits_for from job_waiting where waits_on = 'job' and waits_for {in:@ids}");
    private static readonly Sql _told = new("jobs.link.told", "update job_history set is_awaited = {false} where id {in:@ids}");

    private static readonly Sql _schedule = new("jobs.link.scheduled", "update job_waiting set state = 'scheduled', waits_for = null, waits_on = null, is_knocking = {false} where id {in:@ids}");

    // Its waiting for a worker begins now, not when it was enqueued.
    private static readonly Sql _keyed = new("jobs.link.keyed", $$"""
        update job_waiting set waits_for = null, waits_on = null, is_knocking = {true}, due = @now, rank = {{NewJob.RankIn("@micros")}} where id {in:@ids}
        """);

    private static readonly Sql _ready = new("jobs.link.ready", $$"""
        insert into job_ready ({{PumpStore.Common}})
        select {{PumpStore.Common.Replace("rank, due", $"{NewJob.RankIn("@micros")}, @now", StringComparison.Ordinal)}} from job_waiting where id {in:@ids}
        """);

    private static readonly Sql _gone = new("jobs.link.gone", "delete from job_waiting where id {in:@ids}");

    private static readonly Sql _cancelled = new("jobs.link.cancelled", $$"""
        insert into job_history ({{PumpStore.Kept}}, state, node, started_at, finished_at, forget_at, error)
        select {{PumpStore.Kept}}, 'cancelled', null, null, @now, @forget, 'job ' || waits_for || ', which it waited for, ' || @why from job_waiting where id {in:@ids}
        """);

    private static readonly Sql _unique = new("jobs.link.unique", "delete from job_unique where job_id {in:@ids}");

    private static readonly Sql _scan = new("jobs.link.scan", "select distinct waits_for from job_waiting where waits_on = 'job' and waits_for > @after order by waits_for limit @piece");
    private static readonly Sql _there = new("jobs.link.there", "select id, state from job where id {in:@ids}");

    private static readonly (Sql Free, Sql Mark)[] _marks = [.. new[] { "job_ready", "job_running", "job_waiting" }.Select(table => (
        new Sql("jobs.link.free", $$"""select id from {{table}} where id {in:@ids}{update}{skip_locked}"""),
        new Sql("jobs.link.mark", $$"""update {{table}} set is_awaited = {true} where id {in:@ids}""")))];

    /// <summary>Whether a new job has to wait for the end of another that was there before.</summary>
    /// <exception cref="JobRefused">It would wait for ever.</exception>
    public static bool MustWait(Transaction tx, long after) => tx.First<string>(_state, new { id = after }) switch
    {
        null => throw new JobRefused(JobRefusal.BadOption, $"there is no job {after} to wait for: it never was, or its time in the history is over", "/after"),
        "cancelled" => throw new JobRefused(JobRefusal.BadOption, $"job {after} is cancelled; what waits for it would never run. Enqueue without it, or have it run again first", "/after"),
        "done" => false,
        _ => true,
    };

    /// <summary>Whether the end of a job that somebody is to follow is still to come; one that is forgotten was done, or as good as.</summary>
    public static bool IsToCome(Transaction tx, long before) => tx.First<string>(_state, new { id = before }) is not null && MustWait(tx, before);

    /// <summary>
    /// Tells jobs that were there before that somebody waits for them. One that moves or is held at this moment is told the next time; one that has ended is as good as told.
    /// </summary>
    public static Followed Answer(Transaction tx, JobsOptions options)
    {
        var knocks = tx.Query<Follower>(_knocks, new { piece = Piece });
        var found = new Followed();
        if (knocks.Count == 0)
        {
            return found;
        }

        var ids = Ids(knocks.Select(k => k.WaitsFor).Distinct());
        var heard = new HashSet<long>();
        foreach (var (free, mark) in _marks)
        {
            var here = Ids(tx.Query<long>(free, new { ids }));
            if (here.Values.Length > 0)
            {
                tx.Execute(mark, new { ids = here });
                heard.UnionWith(here.Values);
            }
        }

        var ended = tx.Query<Ended>(_states, new { ids }).FindAll(e => !heard.Contains(e.Id));
        Tell(tx, ended, options, found);

        // Those who wait for what is dead go on waiting, and hear of it when that is ended otherwise. Who was told of an end waits no more; who was held at this moment knocks on.
        heard.UnionWith(ended.Where(e => e.State == "dead").Select(e => e.Id));
        tx.Execute(_heard, new { ids = Ids(heard) });
        found.IsMore |= knocks.Count == Piece && heard.Count > 0;
        return found;
    }

    /// <summary>Tells those who wait for jobs that have ended, at most 500 of these.</summary>
    public static Followed Follow(Transaction tx, JobsOptions options)
    {
        var ended = tx.Query<Ended>(_ended, new { piece = Piece });
        var found = new Followed();
        if (ended.Count == 0)
        {
            return found;
        }

        Tell(tx, ended, options, found);
        var open = Ids(ended.Where(e => e.State != "dead").Select(e => e.Id));
        var left = open.Values.Length == 0 ? [] : tx.Query<long>(_left, new { ids = open }).ToHashSet();
        tx.Execute(_told, new { ids = Ids(ended.Select(e => e.Id).Where(id => !left.Contains(id))) });

        // Those who were held are nothing to come back for at once; a chain of cancelled ones is.
        found.IsMore |= ended.Count == Piece;
        return found;
    }

    /// <summary>
    /// Compares those who wait with what they wait for. A job that is not there any more (it was dead, and its time in the history is over, or an operator deleted it) can never end:
    /// who waits for it is cancelled. Looks at 500 of what is waited for, from <paramref name="after"/> on, which is then where the next look begins.
    /// </summary>
    public static Followed Reconcile(Transaction tx, JobsOptions options, ref long after)
    {
        var some = tx.Query<long>(_scan, new { after, piece = Piece });
        after = some.Count == Piece ? some[^1] : 0;
        var found = new Followed();
        if (some.Count > 0)
        {
            var there = tx.Query<Ended>(_there, new { ids = Ids(some) });
            Tell(tx, there.FindAll(e => e.State is "done" or "cancelled"), options, found);
            var gone = Ids(some.Except(there.Select(t => t.Id)));
            if (gone.Values.Length > 0)
            {
                Cancel(tx, tx.Query<Follower>(_waiting, new { ids = gone, most = MostTold }), "is not there any more", options, found);
            }
        }

        return found;
    }

    /// <summary>Lets go of jobs that wait for nobody any more: ready, or scheduled for their time, or asking for a slot of their key.</summary>
    public static void Release(Transaction tx, IReadOnlyCollection<Follower> jobs, Followed found)
    {
        var now = tx.Now;
        Run(_schedule, jobs.Where(j => j.Due > now));
        Run(_keyed, jobs.Where(j => j.Due <= now && j.ConcurrencyKey is not null));
        var free = Run(_ready, jobs.Where(j => j.Due <= now && j.ConcurrencyKey is null));
        if (free.Values.Length > 0)
        {
            tx.Execute(_gone, new { ids = free });
        }

        found.Queues.UnionWith(jobs.Select(j => j.Queue));
        found.Keys.UnionWith(jobs.Where(j => j.Due <= now).Select(j => j.ConcurrencyKey).OfType<string>());

        IdList Run(Sql sql, IEnumerable<Follower> some)
        {
            var ids = Ids(some.Select(j => j.Id));
            if (ids.Values.Length > 0)
            {
                tx.Execute(sql, new { ids, now, micros = now.Micros });
            }

            return ids;
        }
    }

    private static void Tell(Transaction tx, List<Ended> ended, JobsOptions options, Followed found)
    {
        var ids = Ids(ended.Where(e => e.State != "dead").Select(e => e.Id));
        if (ids.Values.Length == 0)
        {
            return;
        }

        var waiting = tx.Query<Follower>(_waiting, new { ids, most = MostTold });
        var done = ended.Where(e => e.State == "done").Select(e => e.Id).ToHashSet();
        Release(tx, waiting.FindAll(w => done.Contains(w.WaitsFor)), found);
        Cancel(tx, waiting.FindAll(w => !done.Contains(w.WaitsFor)), "was cancelled", options, found);
        found.IsMore |= waiting.Count == MostTold;
    }

    private static void Cancel(Transaction tx, List<Follower> jobs, string why, JobsOptions options, Followed found)
    {
        if (jobs.Count == 0)
        {
            return;
        }

        var (now, ids) = (tx.Now, Ids(jobs.Select(j => j.Id)));
        tx.Execute(_cancelled, new { ids, now, forget = now + options.KeepCancelled, why });
        tx.Execute(_unique, new { ids });
        tx.Execute(_gone, new { ids });
        found.Batches.UnionWith(jobs.Select(j => j.BatchId).OfType<long>());

        // Whoever waits for one of these is told next.
        found.IsMore = true;
    }

    private static IdList Ids(IEnumerable<long> ids) => new([.. ids]);

    private sealed class Ended
    {
        public long Id { get; init; }

        public string State { get; init; } = "";
    }
}

/// <summary>A job that waits for the end of another, or of a batch.</summary>
internal sealed class Follower
{
    public long Id { get; init; }

    public long WaitsFor { get; init; }

    public Instant Due { get; init; }

    public string Queue { get; init; } = "";

    public string? ConcurrencyKey { get; init; }

    public long? BatchId { get; init; }
}

/// <summary>What came of telling those who waited.</summary>
internal sealed class Followed
{
    /// <summary>Queues that have something new.</summary>
    public HashSet<string> Queues { get; } = new(StringComparer.Ordinal);

    /// <summary>Concurrency keys that are asked for a slot.</summary>
    public HashSet<string> Keys { get; } = new(StringComparer.Ordinal);

    /// <summary>Batches of which something has ended.</summary>
    public HashSet<long> Batches { get; } = [];

    /// <summary>Whether there may be more.</summary>
    public bool IsMore { get; set; }

    /// <summary>Batches that finished in this transaction, to be told of in it.</summary>
    public List<Told.FinishedBatch> Finished { get; } = [];

    public void Add(Followed other)
    {
        Queues.UnionWith(other.Queues);
        Keys.UnionWith(other.Keys);
        Batches.UnionWith(other.Batches);
        IsMore |= other.IsMore;
    }
}
