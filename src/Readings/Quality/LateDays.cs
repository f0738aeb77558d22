using Npgsql;
using NpgsqlTypes;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Storage.Postgres;
using Rondo.Storage.Sqlite;

namespace Rondo.Readings.Quality;

/// <summary>
/// The SQL of days that were judged, or are older than what the daily job looks at, when samples of them came, were corrected or went. Written by whoever rolls them up, in that transaction: a mark that is taken
/// is not lost for judging either.
/// </summary>
internal static class LateDays
{
    // A version is the time, so that a row that is taken away and comes again has none that somebody saw before.
    private static readonly Sql _add = new("quality.late", """
        insert into reading_late_day (source_id, day, version) values (?1, ?2, ?3) on conflict (source_id, day) do update set version = max(reading_late_day.version + 1, excluded.version)
        """);

    private static readonly Sql _addMany = new("quality.late", """
        insert into reading_late_day (source_id, day, version) select $1, day, $3 from unnest($2::timestamptz[]) as u (day) order by day
        on conflict (source_id, day) do update set version = greatest(reading_late_day.version + 1, excluded.version)
        """);

    private static readonly Sql _next = new("quality.late.next", """
        select source_id as source, day, version from reading_late_day
        where source_id = (
          select source_id from reading_late_day where source_id > @after and day <> coalesce((select judging from readings_state), @never) order by source_id limit 1
        ) and day <> coalesce((select judging from readings_state), @never) order by day limit @limit
        """);

    private static readonly Sql _seen = new("quality.late.seen", "delete from reading_late_day where source_id = @Source and day = @Day and version = @Version returning day");

    private static readonly Sql _count = new("quality.late.count", "select count(*) from reading_late_day");

    private static readonly Sql _judged = new("quality.judged", "select judged_to from readings_state");

    private static readonly Sql _judge = new("quality.judging", "update readings_state set judged_to = @until where judged_to is null or judged_to < @until");

    private static readonly Sql _leave = new("quality.judging.day", "update readings_state set judging = @day");

    private static readonly Sql _extent = new("quality.late.extent", """
        select (select min(at) from rollup where series_id = @series and tier = 3) as from_at, (select max(at) from rollup where series_id = @series and tier = 3) as to_at
        """);

    /// <summary>Notes the days of some spans of changed samples, as far as the daily job has been there.</summary>
    public static void Add(Transaction tx, long source, List<Span> spans, SiteCalendar calendar)
    {
        var now = tx.Now.Micros;
        var today = calendar.Bucket(Tier.Day, now).From;
        if (!spans.Exists(s => s.From < today))
        {
            return;
        }

        // What findings are not kept of is not judged. Yesterday is judged by the daily job, and by nobody before it.
        var over = Math.Min(today, Math.Max(tx.First<Instant?>(_judged)?.Micros ?? Bounds.First, calendar.Bucket(Tier.Day, today - 1).From));
        var kept = (tx.Now - QualityJob.KeptFor).Micros;
        var days = spans.Select(s => new Span(Math.Max(s.From, kept), Math.Min(s.Until, over))).Where(s => s.From < s.Until)
            .SelectMany(s => calendar.Buckets(Tier.Day, calendar.Widen(Tier.Day, s))).Select(d => d.From).Distinct().Order().ToArray();
        if (days.Length == 0)
        {
            return;
        }

        if (tx is SqliteWork sqlite)
        {
            var add = sqlite.Prepared(_add);
            foreach (var day in days)
            {
                add.Bind(1, source);
                add.Bind(2, day);
                add.Bind(3, now);
                add.Execute();
            }

            return;
        }

        using var run = tx.Run(_addMany.Name);
        using var insert = new NpgsqlCommand(_addMany.For(tx.Dialect), ((PostgresWork)tx).Link);
        insert.Parameters.Add(new NpgsqlParameter<long> { TypedValue = source });
        insert.Parameters.AddArray(Array.ConvertAll(days, Bounds.ToDateTime), NpgsqlDbType.TimestampTz);
        insert.Parameters.Add(new NpgsqlParameter<long> { TypedValue = now });
        insert.ExecuteNonQuery();
    }

    /// <summary>The oldest late days of the first source behind <paramref name="after"/> that has any; without the day that the daily job is judging, lest that one put what it saw before in the place of what is found later.</summary>
    public static List<LateDay> Next(Transaction tx, long after, int limit) => tx.Query<LateDay>(_next, new { after, never = Bounds.ToInstant(Bounds.Last), limit });

    /// <summary>Takes a day away, unless something of it came since it was read; returns whether it did.</summary>
    public static bool Take(Transaction tx, LateDay day) => tx.First<Instant?>(_seen, day) is not null;

    /// <summary>How many there are.</summary>
    public static long Count(Transaction tx) => tx.First<long>(_count);

    /// <summary>Leaves a day to the daily job; null when that has ended.</summary>
    public static void Leave(Transaction tx, Instant? day) => tx.Execute(_leave, new { day });

    /// <summary>
    /// Of series with an interval also the days between what they had and some spans of changed samples, whatever is in them: something was to come on those from now on. Before the spans are rolled up.
    /// </summary>
    public static List<Span> Between(Transaction tx, List<SeriesShape> series, List<Span> spans, SiteCalendar calendar)
    {
        if (spans.Count == 0)
        {
            return spans;
        }

        var all = new Span(spans.Min(s => s.From), spans.Max(s => s.Until));
        var late = new List<Span>(spans);
        foreach (var one in series.Where(s => s.IntervalUs is not null))
        {
            if (tx.First<Extent>(_extent, new { series = one.Id }) is { FromAt: { } from, ToAt: { } to })
            {
                // Of the two, the one that is not empty.
                late.Add(all with { Until = from.Micros });
                late.Add(all with { From = calendar.Bucket(Tier.Day, to.Micros).Until });
            }
            else
            {
                late.Add(all);
            }
        }

        return Span.Merge(late);
    }

    /// <summary>Says that the days up to an instant are judged from now on.</summary>
    public static void Judging(Transaction tx, Instant until) => tx.Execute(_judge, new { until });
}

/// <summary>A day of a source that is to be judged again.</summary>
internal sealed class LateDay
{
    public long Source { get; init; }

    public Instant Day { get; init; }

    public long Version { get; init; }
}
