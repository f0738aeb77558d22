using Rondo.Readings.Rollups;
using Rondo.Readings.Swaps;
using Rondo.Storage;

namespace Rondo.Readings.Queries;

/// <summary>The SQL of questions about series, and only the SQL.</summary>
internal static class QuestionStore
{
    // One name may have had several series, one after another.
    private static readonly Sql _shapes = new("questions.series", """
        select s.id, s.source_id, s.ordinal, s.kind, s.modulus, s.interval_us, o.kind as source_kind from series s join source o on o.id = s.source_id where s.name = @name order by s.id
        """);

    // For each series a look into the key of the samples; the recent ones first, so that old partitions are not asked.
    private static readonly Sql _latest = new("questions.latest", """
        {only:postgres}
        select s.name, s.unit, s.kind, p.at, p.vals[s.ordinal + 1] as value,
          case when p.flags is null or substr(p.flags, s.ordinal + 1, 1) in ('', '.') then 'good' else 'suspect' end as stored_quality
        from unnest(@names) as wanted (name) join series s on s.name = wanted.name and s.retired_at is null
          left join lateral (
            select at, vals, flags from sample where source_id = s.source_id and at >= @from and vals[s.ordinal + 1] is not null order by at desc limit 1
          ) p on true
        {end}
        {only:sqlite}
        select s.name, s.unit, s.kind, p.at, json_extract(p.vals, '$[' || s.ordinal || ']') * 1.0 as value,
          case when p.flags is null or substr(p.flags, s.ordinal + 1, 1) in ('', '.') then 'good' else 'suspect' end as stored_quality
        from json_each(@names) as wanted join series s on s.name = wanted.value and s.retired_at is null
          left join sample p on p.source_id = s.source_id and p.at = (
            select at from sample where source_id = s.source_id and at >= @from and json_extract(vals, '$[' || s.ordinal || ']') is not null order by at desc limit 1
          )
        {end}
        """);

    // Those whose last day is long ago: what is rolled up says when it was, and no partition before it is asked. Of what is not rolled up yet nothing is older than that, or it is late and not the newest.
    private static readonly Sql _latestOlder = new("questions.latest.older", """
        select s.name, s.unit, s.kind, p.at, p.vals[s.ordinal + 1] as value,
          case when p.flags is null or substr(p.flags, s.ordinal + 1, 1) in ('', '.') then 'good' else 'suspect' end as stored_quality
        from unnest(@names) as wanted (name) join series s on s.name = wanted.name and s.retired_at is null
          cross join lateral (select coalesce(max(r.at), @first) as at from rollup r where r.series_id = s.id and r.tier = 3) f
          left join lateral (
            select at, vals, flags from sample where source_id = s.source_id and at >= f.at and vals[s.ordinal + 1] is not null order by at desc limit 1
          ) p on true
        """);

    private static readonly Sql _names = new("questions.names", """
        select name from series where retired_at is null and substr(name, 1, length(@prefix)) = @prefix order by name limit @limit
        """);

    // The first and the last day that is rolled up, and what is to be.
    private static readonly Sql _extent = new("questions.extent", """
        select (select min(at) from rollup where series_id = @series and tier = 3) as from_at, (select max(at) from rollup where series_id = @series and tier = 3) as to_at,
          (select min(from_at) from rollup_mark where source_id = @source) as marked_from, (select max(to_at) from rollup_mark where source_id = @source) as marked_to
        """);

    /// <summary>The days that a series has readings from and to, both whole; null when it has none.</summary>
    public static Span? Extent(Transaction tx, SeriesShape series, SiteCalendar site)
    {
        var found = tx.First<ExtentRow>(_extent, new { series = series.Id, source = series.SourceId })!;
        var (from, to) = (Least(found.FromAt, found.MarkedFrom), found.ToAt > found.MarkedTo || found.MarkedTo is null ? found.ToAt : found.MarkedTo);
        return from is { } first && to is { } last ? new Span(site.Bucket(Tier.Day, first.Micros).From, site.Bucket(Tier.Day, last.Micros).Until) : null;
    }

    public static List<SeriesShape> Shapes(Transaction tx, string name) => MeterSwaps.Attach(tx, tx.Query<SeriesShape>(_shapes, new { name }));

    public static List<LatestReading> Latest(Transaction tx, IReadOnlyCollection<string> names, Instant from) => tx.Query<LatestReading>(
        _latest,
        new { names = tx.Dialect == Dialect.Sqlite ? (object)System.Text.Json.JsonSerializer.Serialize(names) : names.ToArray(), from });

    private static Instant? Least(Instant? one, Instant? other) => one < other || other is null ? one : other;

    /// <summary>The same on PostgreSQL of series whose newest may be of any time.</summary>
    public static List<LatestReading> LatestOlder(Transaction tx, IReadOnlyCollection<string> names) => tx.Query<LatestReading>(_latestOlder, new { names = names.ToArray(), first = Bounds.ToInstant(Bounds.First) });

    public static List<string> Names(Transaction tx, string prefix, int limit) => tx.Query<string>(_names, new { prefix, limit });
}

/// <summary>From when to when a series has readings.</summary>
internal sealed class ExtentRow
{
    public Instant? FromAt { get; init; }

    public Instant? ToAt { get; init; }

    public Instant? MarkedFrom { get; init; }

    public Instant? MarkedTo { get; init; }
}

/// <summary>The newest reading of a series.</summary>
public sealed class LatestReading
{
    /// <summary>The series.</summary>
    public string Name { get; init; } = "";

    /// <summary>Unit of measure.</summary>
    public string Unit { get; init; } = "";

    /// <summary>What it is.</summary>
    public string Kind { get; init; } = "";

    /// <summary>When it was read; null when it never was.</summary>
    public Instant? At { get; init; }

    /// <summary>The value; null when it was never read.</summary>
    public double? Value { get; init; }

    /// <summary><c>good</c> or <c>suspect</c>; null when it was never read.</summary>
    public string? Quality => At is null ? null : StoredQuality;

    internal string StoredQuality { get; init; } = "good";
}
