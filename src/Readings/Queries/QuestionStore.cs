using Rondo.Readings.Rollups;
using Rondo.Readings.Swaps;
using Rondo.Storage;

namespace Rondo.Readings.Queries;

/// <summary>The SQL of questions about series, and only the SQL.</summary>
internal static class QuestionStore
{
    // One name may have had several series, one after another.
    private static readonly Sql _shapes = new("questions.series", """
        select s.id, s.source_id, s.ordinal, s.kind, s.modulus, o.kind as source_kind from series s join source o on o.id = s.source_id where s.name = @name order by s.id
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

    private static readonly Sql _names = new("questions.names", """
        select name from series where retired_at is null and substr(name, 1, length(@prefix)) = @prefix order by name limit @limit
        """);

    public static List<SeriesShape> Shapes(Transaction tx, string name) => MeterSwaps.Attach(tx, tx.Query<SeriesShape>(_shapes, new { name }));

    public static List<LatestReading> Latest(Transaction tx, IReadOnlyCollection<string> names, Instant from) => tx.Query<LatestReading>(
        _latest,
        new { names = tx.Dialect == Dialect.Sqlite ? (object)System.Text.Json.JsonSerializer.Serialize(names) : names.ToArray(), from });

    public static List<string> Names(Transaction tx, string prefix, int limit) => tx.Query<string>(_names, new { prefix, limit });
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
