using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Rondo.Readings.Archive;
using Rondo.Storage;
using Rondo.Storage.Postgres;
using Rondo.Storage.Sqlite;

namespace Rondo.Readings.Rollups;

/// <summary>The SQL of samples as they lie there, all series of a source at once, and only the SQL.</summary>
internal static class SampleStore
{
    // Parameters in the order of their numbers: then $1 is the first one for SQLite too.
    private static readonly Sql _range = new("rollups.samples", "select at, vals, flags from sample where source_id = $1 and at >= $2 and at < $3 order by at limit $4");

    private static readonly Sql _before = new("rollups.samples.before", "select at, vals, flags from sample where source_id = $1 and at >= $2 and at < $3 order by at desc limit $4");

    private static readonly Sql _nth = new("rollups.samples.nth", "select at from sample where source_id = @source and at >= @from and at < @until order by at limit 1 offset @n");

    private static readonly Sql _newest = new("rollups.samples.newest", "select max(at) from sample where source_id = @source and at >= @from");

    private static readonly Sql _extent = new("rollups.extent", "select min(at) as from_at, max(at) as to_at from sample where source_id = @source and at >= @from and at < @until");

    // The values are not looked at.
    private static readonly Sql _instants = new("rollups.samples.instants", "select at from sample where source_id = @source and at >= @from and at < @until order by at limit @limit");

    private static readonly Sql _count = new("rollups.samples.count", "select count(*) from (select 1 from sample where source_id = @source and at >= @from and at < @until limit @limit) s");

    // The samples of many spans in one question.
    private static readonly Sql _counts = new("rollups.samples.counts", """
        select c.n from unnest($2::timestamptz[], $3::timestamptz[]) with ordinality as u (from_at, until_at, i)
          cross join lateral (select count(*)::int as n from (select 1 from sample where source_id = $1 and at >= u.from_at and at < u.until_at limit $4) s) c
        order by u.i
        """);

    /// <summary>How many samples there are in each of some spans, counted up to <paramref name="limit"/>.</summary>
    public static int[] Counts(Transaction tx, long source, List<Span> spans, int limit)
    {
        if (tx is SqliteWork || spans.Count < 2)
        {
            return [.. spans.Select(s => Count(tx, source, s, limit))];
        }

        var work = (PostgresWork)tx;
        using var run = work.Run(_counts.Name);
        using var select = new NpgsqlCommand(_counts.For(Dialect.Postgres), work.Link);
        select.Parameters.Add(new NpgsqlParameter<long> { TypedValue = source });
        select.Parameters.AddArray(spans.Select(s => Bounds.ToDateTime(s.From)).ToArray(), NpgsqlDbType.TimestampTz);
        select.Parameters.AddArray(spans.Select(s => Bounds.ToDateTime(s.Until)).ToArray(), NpgsqlDbType.TimestampTz);
        select.Parameters.Add(new NpgsqlParameter<long> { TypedValue = limit });
        using var rows = select.ExecuteReader();
        var counts = new List<int>();
        while (rows.Read())
        {
            counts.Add(rows.GetInt32(0));
        }

        return [.. counts];
    }

    /// <summary>Samples in a span, oldest first.</summary>
    public static List<SourceSample> Range(Transaction tx, long source, Span span, int limit = int.MaxValue) =>
        Merged(PlainRange(tx, source, span, limit), SampleArchive.Range(tx, source, span, limit), limit, sign: 1);

    /// <summary>The newest samples in a span, newest first.</summary>
    public static List<SourceSample> Newest(Transaction tx, long source, Span span, int limit) =>
        Merged(Read(tx, _before, source, span, limit), SampleArchive.Newest(tx, source, span, limit), limit, sign: -1);

    /// <summary>The instant of the n-th sample of a span, counted from zero; null when it has no more than n.</summary>
    public static Instant? Nth(Transaction tx, long source, Span span, int n)
    {
        if (tx is not SqliteWork sqlite || ArchiveStore.Touching(sqlite, source, span, 1).Count == 0)
        {
            return tx.First<Instant?>(_nth, new { source, from = new Instant(span.From), until = new Instant(span.Until), n });
        }

        var plain = tx.Query<Instant>(_instants, new { source, from = new Instant(span.From), until = new Instant(span.Until), limit = n + 1 }).Select(at => at.Micros);
        return plain.Concat(SampleArchive.Instants(sqlite, source, span, n + 1)).Order().Skip(n).Take(1).Select(at => (Instant?)new Instant(at)).FirstOrDefault();
    }

    /// <summary>The instant of the newest sample from <paramref name="from"/> on, or null.</summary>
    public static Instant? NewestAt(Transaction tx, long source, Instant from)
    {
        var plain = tx.First<Instant?>(_newest, new { source, from });
        return SampleArchive.Extent(tx, source, new Span(from.Micros, Bounds.Last)) is var (_, to) && to > (plain?.Micros ?? Bounds.First) ? new Instant(to) : plain;
    }

    /// <summary>The first and the last sample of a source in a span, both null when it has none.</summary>
    public static Extent Extent(Transaction tx, long source, Span span)
    {
        var plain = tx.First<Extent>(_extent, new { source, from = Bounds.ToInstant(span.From), until = Bounds.ToInstant(span.Until) })!;
        return SampleArchive.Extent(tx, source, span) is not var (from, to)
            ? plain
            : new Extent { FromAt = new Instant(Math.Min(from, plain.FromAt?.Micros ?? from)), ToAt = new Instant(Math.Max(to, plain.ToAt?.Micros ?? to)) };
    }

    /// <summary>Samples that are not archived, oldest first.</summary>
    internal static List<SourceSample> PlainRange(Transaction tx, long source, Span span, int limit) => Read(tx, _range, source, span, limit);

    /// <summary>The newest that is not archived, or null.</summary>
    internal static Instant? PlainNewestAt(Transaction tx, long source) => tx.First<Instant?>(_newest, new { source, from = Bounds.ToInstant(Bounds.First) });

    private static int Count(Transaction tx, long source, Span span, int limit)
    {
        var plain = tx.First<long>(_count, new { source, from = Bounds.ToInstant(span.From), until = Bounds.ToInstant(span.Until), limit });
        var archived = tx is SqliteWork sqlite && plain < limit ? SampleArchive.Instants(sqlite, source, span, limit).Count() : 0;
        return (int)Math.Min(limit, plain + archived);
    }

    private static List<SourceSample> Merged(List<SourceSample> plain, List<SourceSample> archived, int limit, int sign)
    {
        if (archived.Count == 0)
        {
            return plain;
        }

        archived.AddRange(plain);
        archived.Sort((a, b) => sign * a.At.CompareTo(b.At));
        return archived.Count > limit ? archived[..limit] : archived;
    }

    private static List<SourceSample> Read(Transaction tx, Sql sql, long source, Span span, int limit) =>
        tx is SqliteWork sqlite ? ReadSqlite(sqlite.Prepared(sql), source, span, limit) : ReadPostgres((PostgresWork)tx, sql, source, span, limit);

    private static List<SourceSample> ReadSqlite(RawStatement select, long source, Span span, int limit)
    {
        var samples = new List<SourceSample>();
        var values = new List<double>();
        select.Bind(1, source);
        select.Bind(2, span.From);
        select.Bind(3, span.Until);
        select.Bind(4, limit);
        while (select.Step())
        {
            values.Clear();
            var json = new Utf8JsonReader(select.Utf8(1));
            while (json.Read())
            {
                if (json.TokenType == JsonTokenType.Number)
                {
                    values.Add(json.GetDouble());
                }
                else if (json.TokenType == JsonTokenType.Null)
                {
                    values.Add(double.NaN);
                }
            }

            samples.Add(new SourceSample(select.Int64(0), [.. values], select.Text(2)));
        }

        return samples;
    }

    private static List<SourceSample> ReadPostgres(PostgresWork tx, Sql sql, long source, Span span, int limit)
    {
        using var run = tx.Run(sql.Name);
        using var select = new NpgsqlCommand(sql.For(Dialect.Postgres), tx.Link);
        select.Parameters.Add(new NpgsqlParameter<long> { TypedValue = source });
        select.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = Bounds.ToDateTime(span.From) });
        select.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = Bounds.ToDateTime(span.Until) });
        select.Parameters.Add(new NpgsqlParameter<long> { TypedValue = limit });
        using var rows = select.ExecuteReader();
        var samples = new List<SourceSample>();
        while (rows.Read())
        {
            var values = Array.ConvertAll(rows.GetFieldValue<double?[]>(1), v => v ?? double.NaN);
            samples.Add(new SourceSample(Instant.From(rows.GetDateTime(0)).Micros, values, rows.IsDBNull(2) ? null : rows.GetString(2)));
        }

        return samples;
    }
}
