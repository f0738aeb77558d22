using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using Rondo.Storage;
using Rondo.Storage.Postgres;
using Rondo.Storage.Sqlite;

namespace Rondo.Readings.Rollups;

/// <summary>The SQL of rolled up parts, and only the SQL.</summary>
internal static class RollupStore
{
    private const int CopyFrom = 40;

    private static readonly string[] _columns = ["series_id", "tier", "at", "readings", "suspect", "expected", "total", "low", "high", "first", "last", "delta", "unallocated"];

    // Parameters in the order of their numbers: then $1 is the first one for SQLite too.
    private static readonly Sql _read = new("rollups.read", """
        select at, readings, suspect, expected, total, low, high, first, last, delta, unallocated from rollup where series_id = $1 and tier = $2 and at >= $3 and at < $4 order by at
        """);

    private static readonly Sql _delete = new("rollups.delete", "delete from rollup where series_id = @series and tier = @tier and at >= @from and at < @until");

    private static readonly Sql _insert = new("rollups.insert", """
        insert into rollup (series_id, tier, at, readings, suspect, expected, total, low, high, first, last, delta, unallocated) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
        """);

    // Without the mark of other statements: Npgsql knows a copy by its first word.
    private static readonly string _copyText = $"copy rollup ({string.Join(", ", _columns)}) from stdin (format binary)";

    private static readonly Sql _previous = new("rollups.previous", "select at from rollup where series_id = @series and tier = @tier and at < @at order by at desc limit 1");

    private static readonly Sql _next = new("rollups.next", "select at from rollup where series_id = @series and tier = @tier and at >= @at order by at limit 1");

    private static readonly Sql _count = new("rollups.count", "select tier, count(*) as rows, min(at) as oldest, max(at) as newest from rollup group by tier order by tier");

    /// <summary>Buckets that begin in a span, in order.</summary>
    public static List<Parts> Read(Transaction tx, long series, Tier tier, Span span) => tx is SqliteWork sqlite
        ? ReadSqlite(sqlite.Prepared(_read), series, tier, span)
        : ReadPostgres((PostgresWork)tx, series, tier, span);

    /// <summary>Takes away the buckets that begin in a span.</summary>
    public static int Delete(Transaction tx, long series, Tier tier, Span span) =>
        tx.Execute(_delete, new { series, tier = (int)tier, from = Bounds.ToInstant(span.From), until = Bounds.ToInstant(span.Until) });

    /// <summary>Where the last bucket begins that begins before <paramref name="at"/>.</summary>
    public static Instant? Previous(Transaction tx, long series, Tier tier, long at) => tx.First<Instant?>(_previous, new { series, tier = (int)tier, at = Bounds.ToInstant(at) });

    /// <summary>Where the first bucket begins that begins at <paramref name="at"/> or later.</summary>
    public static Instant? Next(Transaction tx, long series, Tier tier, long at) => tx.First<Instant?>(_next, new { series, tier = (int)tier, at = Bounds.ToInstant(at) });

    /// <summary>Rows of each tier.</summary>
    public static List<TierCount> Count(Transaction tx) => tx.Query<TierCount>(_count);

    /// <summary>Stores buckets that are not there.</summary>
    public static void Insert(Transaction tx, IReadOnlyList<(long Series, Tier Tier, Parts Parts)> rows)
    {
        if (tx is SqliteWork sqlite)
        {
            InsertSqlite(sqlite.Prepared(_insert), rows);
        }
        else if (rows.Count < CopyFrom)
        {
            tx.InsertMany("rollup", _columns, [.. rows.Select(r => new object?[]
            {
                r.Series, (int)r.Tier, new Instant(r.Parts.At), r.Parts.Readings, r.Parts.Suspect, r.Parts.Expected, r.Parts.Total, r.Parts.Low, r.Parts.High,
                r.Parts.First, r.Parts.Last, r.Parts.Delta, r.Parts.Unallocated,
            })]);
        }
        else
        {
            Copy((PostgresWork)tx, rows);
        }
    }

    private static void InsertSqlite(RawStatement insert, IReadOnlyList<(long Series, Tier Tier, Parts Parts)> rows)
    {
        foreach (var (series, tier, parts) in rows)
        {
            insert.Bind(1, series);
            insert.Bind(2, (long)tier);
            insert.Bind(3, parts.At);
            insert.Bind(4, parts.Readings);
            insert.Bind(5, parts.Suspect);
            if (parts.Expected is { } expected)
            {
                insert.Bind(6, expected);
            }
            else
            {
                insert.BindNull(6);
            }

            BindDecimal(insert, 7, parts.Total);
            insert.Bind(8, parts.Low);
            insert.Bind(9, parts.High);
            insert.Bind(10, parts.First);
            insert.Bind(11, parts.Last);
            BindDecimal(insert, 12, parts.Delta);
            BindDecimal(insert, 13, parts.Unallocated);
            insert.Execute();
        }
    }

    private static void BindDecimal(RawStatement insert, int position, decimal? value) => insert.Bind(position, value is { } known ? Text(known) : null);

    // Without zeros at its end: one number, one text.
    private static string Text(decimal value) => value.ToString("0.##########", CultureInfo.InvariantCulture);

    private static void Copy(PostgresWork tx, IReadOnlyList<(long Series, Tier Tier, Parts Parts)> rows)
    {
        using var run = tx.Run(_insert.Name);
        using var copy = tx.Link.BeginBinaryImport(_copyText);
        foreach (var (series, tier, parts) in rows)
        {
            copy.StartRow();
            copy.Write(series, NpgsqlDbType.Bigint);
            copy.Write((int)tier, NpgsqlDbType.Integer);
            copy.Write(new Instant(parts.At).ToDateTime(), NpgsqlDbType.TimestampTz);
            copy.Write(parts.Readings, NpgsqlDbType.Integer);
            copy.Write(parts.Suspect, NpgsqlDbType.Integer);
            Write(copy, parts.Expected, NpgsqlDbType.Integer);
            Write(copy, parts.Total, NpgsqlDbType.Numeric);
            copy.Write(parts.Low, NpgsqlDbType.Double);
            copy.Write(parts.High, NpgsqlDbType.Double);
            copy.Write(parts.First, NpgsqlDbType.Double);
            copy.Write(parts.Last, NpgsqlDbType.Double);
            Write(copy, parts.Delta, NpgsqlDbType.Numeric);
            Write(copy, parts.Unallocated, NpgsqlDbType.Numeric);
        }

        copy.Complete();
    }

    private static void Write<T>(NpgsqlBinaryImporter copy, T? value, NpgsqlDbType type)
        where T : struct
    {
        if (value is { } known)
        {
            copy.Write(known, type);
        }
        else
        {
            copy.WriteNull();
        }
    }

    private static List<Parts> ReadSqlite(RawStatement select, long series, Tier tier, Span span)
    {
        var rows = new List<Parts>();
        select.Bind(1, series);
        select.Bind(2, (long)tier);
        select.Bind(3, span.From);
        select.Bind(4, span.Until);
        while (select.Step())
        {
            rows.Add(new Parts
            {
                At = select.Int64(0), Readings = (int)select.Int64(1), Suspect = (int)select.Int64(2), Expected = select.IsNull(3) ? null : (int)select.Int64(3), Total = Read(select.Text(4)),
                Low = select.Double(5), High = select.Double(6), First = select.Double(7), Last = select.Double(8), Delta = Read(select.Text(9)), Unallocated = Read(select.Text(10)),
            });
        }

        return rows;
    }

    private static decimal? Read(string? text) => text is null ? null : decimal.Parse(text, NumberStyles.Number, CultureInfo.InvariantCulture);

    private static List<Parts> ReadPostgres(PostgresWork tx, long series, Tier tier, Span span)
    {
        using var run = tx.Run(_read.Name);
        using var select = new NpgsqlCommand(_read.For(Dialect.Postgres), tx.Link);
        select.Parameters.Add(new NpgsqlParameter<long> { TypedValue = series });
        select.Parameters.Add(new NpgsqlParameter<int> { TypedValue = (int)tier });
        select.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = Bounds.ToDateTime(span.From) });
        select.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = Bounds.ToDateTime(span.Until) });
        using var reader = select.ExecuteReader();
        var rows = new List<Parts>();
        while (reader.Read())
        {
            rows.Add(new Parts
            {
                At = Instant.From(reader.GetDateTime(0)).Micros, Readings = reader.GetInt32(1), Suspect = reader.GetInt32(2), Expected = reader.IsDBNull(3) ? null : reader.GetInt32(3), Total = Decimal(reader, 4),
                Low = reader.GetDouble(5), High = reader.GetDouble(6), First = reader.GetDouble(7), Last = reader.GetDouble(8), Delta = Decimal(reader, 9), Unallocated = Decimal(reader, 10),
            });
        }

        return rows;
    }

    private static decimal? Decimal(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetDecimal(column);
}

/// <summary>Rows of one tier.</summary>
internal sealed class TierCount
{
    public int Tier { get; init; }

    public long Rows { get; init; }

    public Instant? Oldest { get; init; }

    public Instant? Newest { get; init; }
}
