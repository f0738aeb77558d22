using Rondo.Readings.Archive;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Storage.Sqlite;

namespace Rondo.Readings.Retention;

/// <summary>The SQL of letting go, and only the SQL.</summary>
internal static class RetentionStore
{
    private const int Page = 200;

    // By source, so that each step is a range of the key; sources without old samples cost a look, not a write.
    private static readonly Sql _sources = new("retention.sources", """
        select id from source where (kind = 'poll_group') = @isPolled and id > @after and (
          exists (select 1 from sample where source_id = source.id and at >= @from and at < @before)
          {only:sqlite}or exists (select 1 from sample_archive where source_id = source.id and to_at < @before){end}
        ) order by id limit @page
        """);

    private static readonly Sql _samples = new("retention.samples", """
        delete from sample where source_id = @id and at >= @from and at < @before and at in (select at from sample where source_id = @id and at >= @from and at < @before order by at limit @slice)
        """);

    private static readonly Sql _series = new("retention.series", """
        select s.id from series s join source o on o.id = s.source_id
        where (o.kind = 'poll_group') = @isPolled and s.id > @after and exists (select 1 from rollup where series_id = s.id and tier = @tier and at < @before) order by s.id limit @page
        """);

    private static readonly Sql _buckets = new("retention.buckets", """
        delete from rollup where series_id = @id and tier = @tier and at < @before and at in (select at from rollup where series_id = @id and tier = @tier and at < @before order by at limit @slice)
        """);

    private static readonly Sql _countSamples = new("retention.count.samples", """
        select count(*)
          {only:sqlite}+ coalesce((select sum(a.samples) from source s join sample_archive a on a.source_id = s.id where (s.kind = 'poll_group') = @isPolled and a.to_at < @before), 0){end}
        from source s join sample p on p.source_id = s.id where (s.kind = 'poll_group') = @isPolled and p.at < @before
        """);

    private static readonly Sql _countBuckets = new("retention.count.buckets", """
        select count(*) from source o join series s on s.source_id = o.id join rollup r on r.series_id = s.id where (o.kind = 'poll_group') = @isPolled and r.tier = @tier and r.at < @before
        """);

    private static readonly Sql _marked = new("retention.marked", """
        select 1 from rollup_mark m join source s on s.id = m.source_id where (s.kind = 'poll_group') = @isPolled and m.from_at < @before limit 1
        """);

    private static readonly Sql _behind = new("retention.behind", """
        select 1 from source s left join rollup_source r on r.source_id = s.id
        where s.kind = 'poll_group' and exists (select 1 from sample p where p.source_id = s.id and (r.seen_to is null or p.at > r.seen_to) and p.at < @before) limit 1
        """);

    /// <summary>True when some samples before an instant are not rolled up.</summary>
    public static bool IsPending(Transaction tx, SeriesClass of, Instant before) =>
        tx.First<int?>(_marked, new { isPolled = of == SeriesClass.Polled, before }) is not null || (of == SeriesClass.Polled && tx.First<int?>(_behind, new { before }) is not null);

    public static List<long> Sources(Transaction tx, SeriesClass of, long after, Span span) => tx.Query<long>(
        _sources, new { isPolled = of == SeriesClass.Polled, after, from = Bounds.ToInstant(span.From), before = Bounds.ToInstant(span.Until), page = Page });

    /// <summary>About so many of the oldest.</summary>
    public static int DeleteSamples(Transaction tx, long id, Span span, int slice)
    {
        var gone = tx is SqliteWork work ? SampleArchive.Drop(work, id, span.Until, slice) : 0;
        return gone >= slice ? gone : gone + tx.Execute(_samples, new { id, from = Bounds.ToInstant(span.From), before = Bounds.ToInstant(span.Until), slice = slice - gone });
    }

    public static List<long> Series(Transaction tx, SeriesClass of, Tier tier, long after, Instant before) =>
        tx.Query<long>(_series, new { isPolled = of == SeriesClass.Polled, tier = (int)tier, after, before, page = Page });

    public static int DeleteBuckets(Transaction tx, long id, Tier tier, Instant before, int slice) => tx.Execute(_buckets, new { id, tier = (int)tier, before, slice });

    public static long Count(Transaction tx, SeriesClass of, Tier tier, Instant before) => tier == Tier.Raw
        ? tx.First<long>(_countSamples, new { isPolled = of == SeriesClass.Polled, before })
        : tx.First<long>(_countBuckets, new { isPolled = of == SeriesClass.Polled, tier = (int)tier, before });
}
