using Npgsql;
using NpgsqlTypes;
using Rondo.Readings.Archive;
using Rondo.Readings.Quality;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Storage.Postgres;
using Rondo.Storage.Sqlite;

namespace Rondo.Readings;

/// <summary>A row that was there already.</summary>
/// <param name="Row">Of the batch.</param>
/// <param name="Stored">As it is stored; nobody else changes it until the transaction ends.</param>
public readonly record struct SampleClash(SampleRow Row, SampleRow Stored);

/// <summary>
/// Writes samples for whoever brings or changes many: imports, corrections. Every such write goes through here, and what was touched is told in one place (<c>Touched</c>).
/// Polls are written by Polling's ledger writers, with their outcomes.
/// </summary>
public abstract class SampleWriter
{
    /// <summary>Length of a partition of samples on PostgreSQL.</summary>
    public static readonly TimeSpan PartitionLength = TimeSpan.FromDays(7);

    /// <summary>The writer for that kind of database.</summary>
    public static SampleWriter For(DatabaseKind kind) => kind == DatabaseKind.Sqlite ? new SqliteSampleWriter() : new PostgresSampleWriter();

    /// <summary>What can be done of <see cref="Insert"/> beforehand, outside of the transaction that all other writers wait for.</summary>
    public virtual void Prepare(SampleBatch batch)
    {
    }

    /// <summary>Stores the rows that are not there yet, and answers those that are.</summary>
    /// <param name="tx">Transaction.</param>
    /// <param name="batch">Sorted (<see cref="SampleBatch.Sort"/>); its partitions are there (<see cref="SamplePartitions"/>).</param>
    public List<SampleClash> Insert(Transaction tx, SampleBatch batch)
    {
        if (batch.Rows.Count == 0)
        {
            return [];
        }

        var clashes = InsertNew(tx, batch.Rows);
        Duplicates.Add(tx, clashes);
        var known = clashes.Select(clash => clash.Row).ToHashSet(ReferenceEqualityComparer.Instance);
        Touched(tx, known.Count == 0 ? batch.Rows : [.. batch.Rows.Where(row => !known.Contains(row))]);
        return clashes;
    }

    /// <summary>Stores rows again as they are now; those without values are deleted. Rows that were read in this transaction (<see cref="Read"/>, or a clash).</summary>
    public void Replace(Transaction tx, IReadOnlyList<SampleRow> rows)
    {
        if (rows.Count == 0)
        {
            return;
        }

        ReplaceAll(tx, rows);
        Touched(tx, rows);
    }

    /// <summary>Rows as they are stored, in the order of the key; nobody else changes them until the transaction ends. Those that are not there are left out.</summary>
    public abstract List<SampleRow> Read(Transaction tx, IReadOnlyCollection<(long Source, long At)> keys);

    /// <summary>The rows of <paramref name="rows"/> that are new; the others as clashes.</summary>
    protected abstract List<SampleClash> InsertNew(Transaction tx, IReadOnlyList<SampleRow> rows);

    /// <summary>Updates, or deletes what is empty.</summary>
    protected abstract void ReplaceAll(Transaction tx, IReadOnlyList<SampleRow> rows);

    /// <summary>The one place where writes of samples by others than polling are known, in their own transaction: their days are marked, to be rolled up again.</summary>
    private static void Touched(Transaction tx, IReadOnlyList<SampleRow> rows)
    {
        const long day = 86_400_000_000;
        var marks = new List<RollupMark>();
        foreach (var row in rows)
        {
            // The rows are in the order of the key: what a source brings is one span, or a few. Days that nothing was written of are not in one.
            if (marks.Count > 0 && marks[^1] is var last && last.Source == row.Source && row.At - last.To.Micros is >= 0 and < day && row.At - last.From.Micros < RollupMarks.MostDays * day)
            {
                marks[^1] = last with { To = new Instant(row.At) };
            }
            else
            {
                marks.Add(new RollupMark(row.Source, new Instant(row.At), new Instant(row.At)));
            }
        }

        RollupMarks.Add(tx, marks);
    }
}

/// <summary>PostgreSQL: arrays in one statement.</summary>
internal sealed class PostgresSampleWriter : SampleWriter
{
    private static readonly Sql _insertOne = new("readings.samples.insert", """
        insert into sample (source_id, at, vals, flags)
        select source_id, at, array[v], flags from unnest($1::bigint[], $2::timestamptz[], $3::double precision[], $4::text[]) as n (source_id, at, v, flags)
        on conflict do nothing
        """);

    private static readonly Sql _insertMany = new("readings.samples.insert.wide", """
        insert into sample (source_id, at, vals, flags)
        select source_id, at, array_replace(($3::double precision[])[a:b], 'NaN', null), flags from unnest($1::bigint[], $2::timestamptz[], $4::text[], $5::int[], $6::int[]) as n (source_id, at, flags, a, b)
        on conflict do nothing
        """);

    private static readonly Sql _read = new("readings.samples.read", """
        select s.source_id, s.at, array_replace(s.vals, null, 'NaN'), s.flags
        from unnest($1::bigint[], $2::timestamptz[]) as n (source_id, at) join sample s on s.source_id = n.source_id and s.at = n.at
        order by s.source_id, s.at for update of s
        """);

    private static readonly Sql _older = new("readings.samples.clashes", """
        select s.source_id, s.at, array_replace(s.vals, null, 'NaN'), s.flags
        from unnest($1::bigint[], $2::timestamptz[]) as n (source_id, at) join sample s on s.source_id = n.source_id and s.at = n.at
        where s.xmin <> pg_current_xact_id()::xid
        order by s.source_id, s.at for update of s
        """);

    private static readonly Sql _replace = new("readings.samples.replace", """
        update sample s set vals = array_replace(($3::double precision[])[n.a:n.b], 'NaN', null), flags = n.flags
        from unnest($1::bigint[], $2::timestamptz[], $4::text[], $5::int[], $6::int[]) as n (source_id, at, flags, a, b)
        where s.source_id = n.source_id and s.at = n.at
        """);

    private static readonly Sql _delete = new("readings.samples.delete", """
        delete from sample s using unnest($1::bigint[], $2::timestamptz[]) as n (source_id, at) where s.source_id = n.source_id and s.at = n.at
        """);

    public override List<SampleRow> Read(Transaction tx, IReadOnlyCollection<(long Source, long At)> keys) =>
        Query((PostgresWork)tx, _read, [.. keys.Select(k => k.Source)], [.. keys.Select(k => At(k.At))]);

    protected override List<SampleClash> InsertNew(Transaction tx, IReadOnlyList<SampleRow> rows)
    {
        var work = (PostgresWork)tx;
        var isWide = rows.Any(r => r.Width != 1);
        var inserted = isWide ? Send(work, _insertMany, rows) : InsertOne(work, rows);
        if (inserted == rows.Count)
        {
            return [];
        }

        // Those that are not this transaction's own.
        var stored = Query(work, _older, [.. rows.Select(r => r.Source)], [.. rows.Select(r => At(r.At))]).ToDictionary(r => (r.Source, r.At));
        return stored.Count == rows.Count - inserted
            ? [.. rows.Where(r => stored.ContainsKey((r.Source, r.At))).Select(r => new SampleClash(r, stored[(r.Source, r.At)]))]
            : throw new StorageFault(StorageFaultKind.Busy, "readings.samples.insert: others wrote or deleted the same samples at the same time; the work may be tried again");
    }

    protected override void ReplaceAll(Transaction tx, IReadOnlyList<SampleRow> rows)
    {
        var work = (PostgresWork)tx;
        SampleRow[] kept = [.. rows.Where(r => !r.IsEmpty)];
        if (kept.Length > 0)
        {
            Send(work, _replace, kept);
        }

        SampleRow[] empty = [.. rows.Where(r => r.IsEmpty)];
        if (empty.Length > 0)
        {
            using var command = Keys(work, _delete, [.. empty.Select(r => r.Source)], [.. empty.Select(r => At(r.At))]);
            using var run = tx.Run(_delete.Name);
            command.ExecuteNonQuery();
        }
    }

    private static int InsertOne(PostgresWork work, IReadOnlyList<SampleRow> rows)
    {
        var n = rows.Count;
        var (source, at, value, flags) = (new long[n], new DateTime[n], new double[n], new string?[n]);
        for (var i = 0; i < n; i++)
        {
            (source[i], at[i], value[i], flags[i]) = (rows[i].Source, At(rows[i].At), rows[i].Values[0], rows[i].Flags);
        }

        using var command = Keys(work, _insertOne, source, at);
        command.Parameters.AddArray(value, NpgsqlDbType.Double);
        command.Parameters.AddArray(flags, NpgsqlDbType.Text);
        using var run = work.Run(_insertOne.Name);
        return command.ExecuteNonQuery();
    }

    private static int Send(PostgresWork work, Sql sql, IReadOnlyList<SampleRow> rows)
    {
        var n = rows.Count;
        var (source, at, flags, from, to) = (new long[n], new DateTime[n], new string?[n], new int[n], new int[n]);
        var values = new List<double>(n * 2);
        for (var i = 0; i < n; i++)
        {
            (source[i], at[i], flags[i], from[i]) = (rows[i].Source, At(rows[i].At), rows[i].Flags, values.Count + 1);
            values.AddRange(rows[i].Values);
            to[i] = values.Count;
        }

        using var command = Keys(work, sql, source, at);
        command.Parameters.AddArray(values.ToArray(), NpgsqlDbType.Double);
        command.Parameters.AddArray(flags, NpgsqlDbType.Text);
        command.Parameters.AddArray(from, NpgsqlDbType.Integer);
        command.Parameters.AddArray(to, NpgsqlDbType.Integer);
        using var run = work.Run(sql.Name);
        return command.ExecuteNonQuery();
    }

    private static List<SampleRow> Query(PostgresWork work, Sql sql, long[] source, DateTime[] at)
    {
        using var command = Keys(work, sql, source, at);
        using var run = work.Run(sql.Name);
        using var reader = command.ExecuteReader();
        var rows = new List<SampleRow>();
        while (reader.Read())
        {
            rows.Add(SampleRow.Of(reader.GetInt64(0), Instant.From(reader.GetDateTime(1)).Micros, reader.GetFieldValue<double[]>(2), reader.IsDBNull(3) ? null : reader.GetString(3)));
        }

        return rows;
    }

    private static NpgsqlCommand Keys(PostgresWork work, Sql sql, long[] source, DateTime[] at)
    {
        var command = new NpgsqlCommand(sql.For(Dialect.Postgres), work.Link);
        command.Parameters.AddArray(source, NpgsqlDbType.Bigint);
        command.Parameters.AddArray(at, NpgsqlDbType.TimestampTz);
        return command;
    }

    private static DateTime At(long micros) => new Instant(micros).ToDateTime();
}

/// <summary>SQLite: prepared statements, values as JSON written into a reused buffer.</summary>
internal sealed class SqliteSampleWriter : SampleWriter
{
    private static readonly Sql _insert = new("readings.samples.insert", "insert into sample (source_id, at, vals, flags) values (?1, ?2, ?3, ?4) on conflict do nothing");
    private static readonly Sql _read = new("readings.samples.read", "select vals, flags from sample where source_id = ?1 and at = ?2");
    private static readonly Sql _replace = new("readings.samples.replace", "update sample set vals = ?3, flags = ?4 where source_id = ?1 and at = ?2");
    private static readonly Sql _delete = new("readings.samples.delete", "delete from sample where source_id = ?1 and at = ?2");
    private byte[] _json = new byte[256];

    public override void Prepare(SampleBatch batch)
    {
        foreach (var row in batch.Rows)
        {
            row.Write();
        }
    }

    public override List<SampleRow> Read(Transaction tx, IReadOnlyCollection<(long Source, long At)> keys)
    {
        var rows = new List<SampleRow>();
        (long Source, long At)[] sorted = [.. keys.Order()];
        SampleArchive.Open((SqliteWork)tx, sorted);
        foreach (var (source, at) in sorted)
        {
            if (Find((SqliteWork)tx, source, at) is { } row)
            {
                rows.Add(row);
            }
        }

        return rows;
    }

    protected override List<SampleClash> InsertNew(Transaction tx, IReadOnlyList<SampleRow> rows)
    {
        var work = (SqliteWork)tx;

        // What was archived of the same time is plain again before it is written to.
        if (ArchiveStore.IsAny(work))
        {
            SampleArchive.Open(work, [.. rows.Select(r => (r.Source, r.At))]);
        }

        var insert = work.Prepared(_insert);
        var clashes = new List<SampleClash>();
        foreach (var row in rows)
        {
            Bind(insert, row);
            if (insert.Execute() == 0)
            {
                clashes.Add(new SampleClash(row, Find(work, row.Source, row.At)!));
            }
        }

        return clashes;
    }

    protected override void ReplaceAll(Transaction tx, IReadOnlyList<SampleRow> rows)
    {
        var work = (SqliteWork)tx;
        var (replace, delete) = (work.Prepared(_replace), work.Prepared(_delete));
        foreach (var row in rows)
        {
            if (row.IsEmpty)
            {
                delete.Bind(1, row.Source);
                delete.Bind(2, row.At);
                delete.Execute();
                continue;
            }

            Bind(replace, row);
            replace.Execute();
        }
    }

    private void Bind(RawStatement statement, SampleRow row)
    {
        statement.Bind(1, row.Source);
        statement.Bind(2, row.At);
        statement.BindText(3, row.Text.IsEmpty ? SampleJson.Write(row.Values, ref _json) : row.Text);
        statement.Bind(4, row.Flags);
    }

    private static SampleRow? Find(SqliteWork work, long source, long at)
    {
        var read = work.Prepared(_read);
        read.Bind(1, source);
        read.Bind(2, at);
        SampleRow? row = null;
        while (read.Step())
        {
            row = SampleRow.Of(source, at, SampleJson.Read(read.Text(0)!), read.Text(1));
        }

        return row;
    }
}
