using System.Globalization;

namespace Rondo.Storage.Postgres;

/// <summary>One partition.</summary>
/// <param name="Name">Name of its table.</param>
/// <param name="From">Where it begins.</param>
public readonly record struct Partition(string Name, Instant From);

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
        for (var start = Instant.Floor(from.Micros, step); start < until.Micros; start += step)
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
        var old = List(tx, table).Where(p => p.From.Micros + (length.Ticks / 10) <= before.Micros).Select(p => p.Name).ToArray();
        foreach (var name in old)
        {
            Drop(tx, table, name);
        }

        return old;
    }

    /// <summary>The partitions of a table, oldest first.</summary>
    public static IReadOnlyList<Partition> List(Transaction tx, string table) =>
        [.. tx.Query<string>(_list, new { table }).Select(name => Read(table, name)).OfType<Partition>()];

    /// <summary>Nobody writes into the table until the end of the transaction: for a look into a partition that is to be dropped when nothing is in it.</summary>
    public static void Hold(Transaction tx, string table)
    {
        tx.Execute(_patience);
        tx.Execute(new Sql("partitions.hold", $"lock table {table} in share row exclusive mode"));
    }

    /// <summary>Drops one.</summary>
    public static void Drop(Transaction tx, string table, string name)
    {
        tx.Execute(_patience);
        tx.First<bool>(_drop, new { table, name });
    }

    // Others than ours are left alone.
    private static Partition? Read(string table, string name) =>
        name.StartsWith(table + "_p", StringComparison.Ordinal)
        && DateTime.TryParseExact(name.AsSpan(table.Length + 2), "yyyyMMdd_HHmmss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var from)
            ? new Partition(name, Instant.From(from))
            : null;

    private static List<long> Missing(Transaction tx, string table, List<long> wanted)
    {
        var present = tx.Query<string>(_list, new { table }).ToHashSet(StringComparer.Ordinal);
        return wanted.FindAll(start => !present.Contains(Name(table, start)));
    }

    // Sorts by time: poll_p20260131_000000. The function names it the same.
    private static string Name(string table, long start) => $"{table}_p{new Instant(start).ToDateTime():yyyyMMdd_HHmmss}";
}
