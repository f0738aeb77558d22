using Npgsql;
using NpgsqlTypes;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Storage.Postgres;
using Rondo.Storage.Sqlite;

namespace Rondo.Readings.Quality;

/// <summary>The SQL of values that came for an instant that had one already, counted by series and day.</summary>
internal static class Duplicates
{
    private static readonly Sql _add = new("quality.duplicates", """
        insert into reading_duplicate (source_id, ordinal, day, count) values (?1, ?2, ?3, ?4) on conflict (source_id, ordinal, day) do update set count = reading_duplicate.count + excluded.count
        """);

    private static readonly Sql _addMany = new("quality.duplicates", """
        insert into reading_duplicate (source_id, ordinal, day, count)
        select source_id, ordinal, day, n from unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::bigint[]) as u (source_id, ordinal, day, n) order by source_id, ordinal, day
        on conflict (source_id, ordinal, day) do update set count = reading_duplicate.count + excluded.count
        """);

    private static readonly Sql _of = new("quality.duplicates.of", "select day, count from reading_duplicate where source_id = @source and ordinal = @ordinal and day >= @from and day < @until");

    private static readonly Sql _drop = new("quality.duplicates.drop", """
        delete from reading_duplicate where (source_id, ordinal, day) in (select source_id, ordinal, day from reading_duplicate where day < @before limit @slice)
        """);

    /// <summary>Counts what a batch brought again, whatever becomes of it.</summary>
    public static void Add(Transaction tx, IReadOnlyList<SampleClash> clashes)
    {
        if (clashes.Count == 0)
        {
            return;
        }

        var calendar = SiteZone.Of(tx);
        var counts = new SortedDictionary<(long Source, int Ordinal, long Day), long>();
        var day = default(Span);
        foreach (var (row, stored) in clashes)
        {
            day = day.Holds(row.At) ? day : calendar.Bucket(Tier.Day, row.At);
            for (var ordinal = 0; ordinal < row.Width; ordinal++)
            {
                if (row.Get(ordinal) is not null && stored.Get(ordinal) is not null)
                {
                    var key = (row.Source, ordinal, day.From);
                    counts[key] = counts.GetValueOrDefault(key) + 1;
                }
            }
        }

        if (tx is SqliteWork sqlite)
        {
            var add = sqlite.Prepared(_add);
            foreach (var ((source, ordinal, at), count) in counts)
            {
                add.Bind(1, source);
                add.Bind(2, ordinal);
                add.Bind(3, at);
                add.Bind(4, count);
                add.Execute();
            }
        }
        else if (counts.Count > 0)
        {
            using var run = tx.Run(_addMany.Name);
            using var insert = new NpgsqlCommand(_addMany.For(tx.Dialect), ((PostgresWork)tx).Link);
            insert.Parameters.AddArray(counts.Keys.Select(k => k.Source).ToArray(), NpgsqlDbType.Bigint);
            insert.Parameters.AddArray(counts.Keys.Select(k => k.Ordinal).ToArray(), NpgsqlDbType.Integer);
            insert.Parameters.AddArray(counts.Keys.Select(k => Bounds.ToDateTime(k.Day)).ToArray(), NpgsqlDbType.TimestampTz);
            insert.Parameters.AddArray(counts.Values.ToArray(), NpgsqlDbType.Bigint);
            insert.ExecuteNonQuery();
        }
    }

    /// <summary>How many came, by where the day begins.</summary>
    public static Dictionary<long, long> Count(Transaction tx, IEnumerable<SeriesShape> shapes, Span span) => shapes
        .SelectMany(s => tx.Query<DuplicateRow>(_of, new { source = s.SourceId, ordinal = s.Ordinal, from = Bounds.ToInstant(span.From), until = Bounds.ToInstant(span.Until) }))
        .GroupBy(d => d.Day.Micros).ToDictionary(d => d.Key, d => d.Sum(one => one.Count));

    /// <summary>Lets go of some that are older; returns how many rows went.</summary>
    public static int Drop(Transaction tx, Instant before, int slice) => tx.Execute(_drop, new { before, slice });

    private sealed class DuplicateRow
    {
        public Instant Day { get; init; }

        public long Count { get; init; }
    }
}
