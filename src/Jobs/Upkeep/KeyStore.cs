using Rondo.Jobs.Keys;
using Rondo.Storage;

namespace Rondo.Jobs.Upkeep;

/// <summary>Compares slots and unique keys with the jobs they belong to. They are born and gone with them, so there is nothing to do but after a mistake or a change by hand.</summary>
internal static class KeyStore
{
    private const int MaxKeys = 500;

    private static readonly Sql _idle = new("jobs.keys.idle", """
        delete from job_slot where
          not exists (select 1 from job_ready j where j.id = job_slot.job_id) and not exists (select 1 from job_running j where j.id = job_slot.job_id)
        """);

    private static readonly Sql _unique = new("jobs.keys.unique", """
        delete from job_unique where
          not exists (select 1 from job_ready j where j.id = job_unique.job_id) and not exists (select 1 from job_running j where j.id = job_unique.job_id)
          and not exists (select 1 from job_waiting j where j.id = job_unique.job_id)
        """);

    // From key to key through the index, past however many jobs wait for one of them.
    private static readonly Sql _keys = new("jobs.keys", """
        with recursive k (key) as (
          select min(concurrency_key) from job_waiting where state = 'blocked' and waits_for is null and concurrency_key > @after
          union all
          select (select min(w.concurrency_key) from job_waiting w where w.state = 'blocked' and w.waits_for is null and w.concurrency_key > k.key) from k where k.key is not null
        )
        select key from k where key is not null limit @max
        """);

    /// <summary>Returns what was put right. Keys are looked after by the 500, from <paramref name="after"/> on, which is then where the next look begins.</summary>
    public static KeyRepair Reconcile(Transaction tx, ref string after)
    {
        var (slots, unique) = (tx.Execute(_idle), tx.Execute(_unique));
        var keys = tx.Query<string>(_keys, new { max = MaxKeys, after });
        after = keys.Count == MaxKeys ? keys[^1] : "";
        return new KeyRepair(slots, unique, keys.Count > 0 ? Gate.Fill(tx, keys) : []);
    }
}
