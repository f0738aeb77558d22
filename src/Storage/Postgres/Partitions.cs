namespace Rondo.Storage.Postgres;

/// <summary>
/// Range partitions by time: made ahead, dropped by retention. There is no default partition: a row that fits none is a fault to be seen, not a
/// row to be lost in a corner. DDL waits at most a second for its lock, so that it never queues inserts behind a long reader.
/// </summary>
public static class Partitions
{
    private static readonly Sql _patience = new("partitions.patience", "set local lock_timeout = '1s'");

    // One at a time: "if not exists" alone does not keep two sessions from making the same partition, the second then fails.
    private static readonly Sql _alone = new("partitions.alone", "select pg_advisory_xact_lock(7210527)");

    private static readonly Sql _list = new("partitions.list", """
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
        where p.relname = @table and p.relnamespace = current_schema()::regnamespace order by 1
        """);

    // With the rights of whoever migrates: whoever runs need not be able to change the schema (docs/decisions/0027-partitions-by-functions.md).
    private static readonly Sql _make = new("partitions.make", "select rondo_partition_make(@table, @from, @until)");
    private static readonly Sql _drop = new("partitions.drop", "select rondo_partition_drop(@table, @name)");

    /// <summary>Makes the partitions of <paramref name="table"/> that cover [from, until), each <paramref name="length"/> long. Returns how many were missing.</summary>
    public static int Ensure(Transaction tx, string table, TimeSpan length, Instant from, Instant until)
    {
        var step = length.Ticks / 10;
        var wanted = new List<long>();
        for (var start = from.Micros - (((from.Micros % step) + step) % step); start < until.Micros; start += step)
        {
            wanted.Add(start);
        }

        if (Missing(tx, table, wanted).Count == 0)
        {
            return 0;
        }

        tx.Execute(_alone);
        var missing = Missing(tx, table, wanted);
        foreach (var start in missing)
        {
            tx.Execute(_patience);
            tx.First<bool>(_make, new { table, from = new Instant(start), until = new Instant(start + step) });
        }

        return missing.Count;
    }

    /// <summary>Drops the partitions that end at or before <paramref name="before"/>. Returns their names.</summary>
    public static IReadOnlyList<string> DropBefore(Transaction tx, string table, TimeSpan length, Instant before)
    {
        var last = Name(table, before.Micros - (length.Ticks / 10));
        var old = tx.Query<string>(_list, new { table }).Where(p => p.Length == last.Length && string.CompareOrdinal(p, last) <= 0).ToArray();
        foreach (var name in old)
        {
            tx.Execute(_patience);
            tx.First<bool>(_drop, new { table, name });
        }

        return old;
    }

    private static List<long> Missing(Transaction tx, string table, List<long> wanted)
    {
        var present = tx.Query<string>(_list, new { table }).ToHashSet(StringComparer.Ordinal);
        return wanted.FindAll(start => !present.Contains(Name(table, start)));
    }

    // Sorts by time: poll_p20260131_000000. The function names it the same.
    private static string Name(string table, long start) => $"{table}_p{new Instant(start).ToDateTime():yyyyMMdd_HHmmss}";
}
