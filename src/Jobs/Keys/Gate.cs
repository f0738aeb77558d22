using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Rondo.Jobs.Pump;
using Rondo.Storage;
using Rondo.Storage.Postgres;

namespace Rondo.Jobs.Keys;

/// <summary>
/// Who of a concurrency key may go. A job takes one of the key's slots when it becomes ready, and loses it when its attempt has ended: so a claim knows nothing of
/// keys, and a million jobs that wait for one of them are not in its way. Slots are rows of live jobs; nothing is counted, so nothing can be miscounted.
/// Whoever gives slots out holds the key's lock: otherwise a slot that is given back and a job that asks for one could pass each other by.
/// </summary>
internal static class Gate
{
    private const int MaxKeys = 500;
    private const int MaxHeard = 2_000;
    private const string Knocking = "is_knocking and waits_for is null";

    // From key to key through the index: many jobs that knock for one of them keep no other waiting.
    private static readonly Sql _knocks = new("jobs.gate.knocks", $"""
        with recursive k (key) as (
          select min(concurrency_key) from job_waiting where {Knocking} and concurrency_key > @after
          union all
          select (select min(w.concurrency_key) from job_waiting w where w.is_knocking and w.waits_for is null and w.concurrency_key > k.key) from k where k.key is not null
        )
        select key from k where key is not null limit @max
        """);

    // In pieces: a hundred thousand of them would outlast the limit of a statement.
    private static readonly Sql _heard = new("jobs.gate.heard", $$"""
        update job_waiting set is_knocking = {false} where is_knocking and id in (
          select id from job_waiting where {{Knocking}}
            and concurrency_key {only:postgres}= any(array(select json_array_elements_text(cast(@keys as json)))){end}{only:sqlite}in (select value from json_each(@keys)){end}
          limit @max{update}{skip_locked})
        """);

    // Reads only what is there after the lock was taken: a statement sees what was committed before it began.
    private static readonly Sql _lock = new("jobs.gate.lock", "select pg_advisory_xact_lock(7210530, h) from (select distinct hashtext(key) as h from unnest(@keys) as key order by 1) s");

    private static readonly Sql _tryLock = new("jobs.gate.try", "select key from unnest(@keys) as key where pg_try_advisory_xact_lock(7210530, hashtext(key))");

    private const string FillText = $"""
        /* jobs.gate.fill */
        with k as (select distinct key from unnest($1::text[]) as key),
        free as (
          select k.key, (select array_agg(n order by n) from generate_series(1, l.most) n where not exists (select 1 from job_slot s where s.key = k.key and s.n = n.n)) as slots
          from k cross join lateral (
            select concurrency_limit as most from job_waiting where state = 'blocked' and waits_for is null and concurrency_key = k.key order by rank limit 1
          ) l
        ), picked as (
          select free.key, w.id, free.slots[row_number() over (partition by free.key order by w.rank, w.id)] as n
          from free cross join lateral (
            select id, rank from job_waiting where state = 'blocked' and waits_for is null and concurrency_key = free.key order by rank, id limit coalesce(cardinality(free.slots), 0) for update
          ) w
        ), taken as (
          insert into job_slot (key, n, job_id) select key, n, id from picked returning job_id
        ), gone as (
          delete from job_waiting w using taken where w.id = taken.job_id returning w.*
        )
        insert into job_ready ({PumpStore.Common}) select {PumpStore.Common} from gone returning queue
        """;

    private static readonly Sql _limit = new("jobs.gate.limit", "select concurrency_limit from job_waiting where state = 'blocked' and waits_for is null and concurrency_key = @key order by rank limit 1");
    private static readonly Sql _slots = new("jobs.gate.slots", "select n from job_slot where key = @key");
    private static readonly Sql _next = new("jobs.gate.next", "select id, queue from job_waiting where state = 'blocked' and waits_for is null and concurrency_key = @key order by rank, id limit @count");
    private static readonly Sql _take = new("jobs.gate.take", "insert into job_slot (key, n, job_id) values (@key, @n, @id)");
    private static readonly Sql _ready = new("jobs.gate.ready", $"insert into job_ready ({PumpStore.Common}) select {PumpStore.Common} from job_waiting where id = @id");
    private static readonly Sql _gone = new("jobs.gate.gone", "delete from job_waiting where id = @id");

    /// <summary>Gives the free slots of <paramref name="keys"/> to those who wait longest; returns the queues that have something new.</summary>
    public static IReadOnlyCollection<string> Fill(Transaction tx, IReadOnlyCollection<string> keys)
    {
        Hold(tx, keys);
        return FillLocked(tx, keys);
    }

    /// <summary>Looks after the keys whose jobs knock, at most 500 of them, from <paramref name="after"/> on; a key that somebody else holds knocks on.</summary>
    public static Answered Answer(Transaction tx, string after = "")
    {
        var knocks = tx.Query<string>(_knocks, new { after, max = MaxKeys });
        if (knocks.Count == 0)
        {
            return new Answered([], "", after.Length > 0, false);
        }

        // Not waited for: whoever holds one may take his time, and claims wait for this.
        var keys = tx.Dialect == Dialect.Postgres ? tx.Query<string>(_tryLock, new { keys = knocks.ToArray() }) : knocks;
        var (heard, queues) = (0, new HashSet<string>(StringComparer.Ordinal));
        if (keys.Count > 0)
        {
            heard = tx.Execute(_heard, new { keys = JsonSerializer.Serialize(keys), max = MaxHeard });
            queues = FillLocked(tx, keys);
        }

        // The next look goes on behind these, and then from the beginning.
        var isMore = knocks.Count == MaxKeys || heard == MaxHeard || after.Length > 0;
        return new Answered(queues, knocks.Count == MaxKeys ? knocks[^1] : "", isMore, keys.Count < knocks.Count);
    }

    /// <summary>Takes the locks of <paramref name="keys"/>, for whoever locks a job of theirs next and fills them in the same transaction: the other way round two would wait for each other.</summary>
    public static void Hold(Transaction tx, IReadOnlyCollection<string> keys)
    {
        if (tx.Dialect == Dialect.Postgres)
        {
            tx.Query<object>(_lock, new { keys = keys.ToArray() });
        }
    }

    private static HashSet<string> FillLocked(Transaction tx, IReadOnlyCollection<string> keys)
    {
        var queues = new HashSet<string>(StringComparer.Ordinal);
        if (tx is PostgresWork postgres)
        {
            using var fill = new NpgsqlCommand(FillText, postgres.Link);
            fill.Parameters.AddArray(keys.ToArray(), NpgsqlDbType.Text);
            using var run = postgres.Run("jobs.gate.fill");
            using var reader = fill.ExecuteReader();
            while (reader.Read())
            {
                queues.Add(reader.GetString(0));
            }

            return queues;
        }

        foreach (var key in keys)
        {
            if (tx.First<int?>(_limit, new { key }) is not { } limit)
            {
                continue;
            }

            var taken = tx.Query<int>(_slots, new { key }).ToHashSet();
            var free = new Queue<int>(Enumerable.Range(1, limit).Where(n => !taken.Contains(n)));
            foreach (var job in tx.Query<Waiter>(_next, new { key, count = free.Count }))
            {
                tx.Execute(_take, new { key, n = free.Dequeue(), id = job.Id });
                tx.Execute(_ready, new { id = job.Id });
                tx.Execute(_gone, new { id = job.Id });
                queues.Add(job.Queue);
            }
        }

        return queues;
    }

    private sealed class Waiter
    {
        public long Id { get; init; }

        public string Queue { get; init; } = "";
    }
}

/// <summary>What came of a look at the keys whose jobs knock.</summary>
/// <param name="Queues">Queues that have something new.</param>
/// <param name="After">Where the next look begins.</param>
/// <param name="IsMore">Whether there may be more of them.</param>
/// <param name="IsHeld">Whether somebody else held one of them, which knocks on.</param>
internal sealed record Answered(IReadOnlyCollection<string> Queues, string After, bool IsMore, bool IsHeld);
