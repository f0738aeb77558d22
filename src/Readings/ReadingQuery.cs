using Rondo.Readings.Archive;
using Rondo.Readings.Queries;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Storage.Sqlite;

namespace Rondo.Readings;

/// <summary>One value of a series.</summary>
public sealed class Reading
{
    /// <summary>Instant.</summary>
    public Instant At { get; init; }

    /// <summary>Value; never a stand-in for "no answer".</summary>
    public double Value { get; init; }

    /// <summary><c>good</c> or <c>suspect</c>.</summary>
    public string Quality { get; init; } = "good";
}

/// <summary>What a series is.</summary>
public sealed class SeriesRow
{
    /// <summary>Id.</summary>
    public long Id { get; init; }

    /// <summary>Name, <c>device/point</c>.</summary>
    public string Name { get; init; } = "";

    /// <summary>Unit of measure.</summary>
    public string Unit { get; init; } = "";

    /// <summary><c>gauge</c>, <c>counter</c>, <c>energy</c> or <c>state</c>.</summary>
    public string Kind { get; init; } = "";
}

/// <summary>Reads readings back.</summary>
public static class ReadingQuery
{
    private static readonly Sql _series = new("readings.series", "select id, name, unit, kind from series where name = @name order by retired_at is not null, id desc");

    private static readonly Sql _near = new("readings.near", """
        select name from series where retired_at is null and lower(name) like lower(@pattern) escape '!' order by name limit 10
        """);

    // On SQLite what the view has of samples that are not archived: those that are, are unpacked faster here than there.
    private const string Plain = """
        {only:sqlite}
        (
          select s.name as series, p.at as at, cast(json_extract(p.vals, '$[' || s.ordinal || ']') as real) as value,
            case when p.flags is null then 'good' when substr(p.flags, s.ordinal + 1, 1) in ('', '.') then 'good' else 'suspect' end as quality
          from series s join sample p on p.source_id = s.source_id where json_extract(p.vals, '$[' || s.ordinal || ']') is not null
        )
        {end}
        {only:postgres}reading{end}
        """;

    private static readonly Sql _range = new("readings.range", $"select at, value, quality from {Plain} where series = @name and at >= @from and at < @to order by at limit @limit");

    private static readonly Sql _newest = new("readings.newest", $"select at, value, quality from {Plain} where series = @name and at < @to order by at desc limit @limit");

    /// <summary>The series of that name (the one in use, else the latest retired one), or null.</summary>
    public static SeriesRow? Find(Transaction tx, string name) => tx.First<SeriesRow>(_series, new { name });

    /// <summary>
    /// At most ten names near one that is no series, for an error that helps: what contains it, else the other points of its device, else the same
    /// point of other devices, else what shares its beginning.
    /// </summary>
    public static List<string> Near(Transaction tx, string name)
    {
        var slash = name.LastIndexOf('/');
        foreach (var part in (string[])[name, name[..(slash + 1)], slash < 0 ? "" : name[slash..], name[..Math.Min(name.Length, 4)]])
        {
            if (part.Length > 1 && Containing(tx, part) is { Count: > 0 } near)
            {
                return near;
            }
        }

        return [];
    }

    private static List<string> Containing(Transaction tx, string part)
    {
        var literal = part.Replace("!", "!!", StringComparison.Ordinal).Replace("%", "!%", StringComparison.Ordinal).Replace("_", "!_", StringComparison.Ordinal);
        return tx.Query<string>(_near, new { pattern = $"%{literal}%" });
    }

    /// <summary>Readings in [from, to), oldest first, at most <paramref name="limit"/>.</summary>
    public static List<Reading> Range(Transaction tx, string name, Instant from, Instant to, int limit)
    {
        var rows = tx.Query<Reading>(_range, new { name, from, to, limit });
        if (Archived(tx, name, new Span(from.Micros, to.Micros), limit, isBackwards: false) is not { Count: > 0 } archived)
        {
            return rows;
        }

        rows.AddRange(archived);
        rows.Sort((a, b) => a.At.CompareTo(b.At));
        return rows.Count > limit ? rows[..limit] : rows;
    }

    /// <summary>The newest readings before <paramref name="to"/>, oldest first.</summary>
    public static List<Reading> Newest(Transaction tx, string name, Instant to, int limit)
    {
        var rows = tx.Query<Reading>(_newest, new { name, to, limit });
        rows.AddRange(Archived(tx, name, new Span(Bounds.First, to.Micros), limit, isBackwards: true));
        rows.Sort((a, b) => a.At.CompareTo(b.At));
        return rows.Count > limit ? rows[^limit..] : rows;
    }

    private static List<Reading> Archived(Transaction tx, string name, Span span, int limit, bool isBackwards) => tx is SqliteWork work && ArchiveStore.IsAny(work)
        ? [.. QuestionStore.Shapes(tx, name).SelectMany(s => SampleArchive.Readings(tx, s, span, limit, isBackwards).Select(r => new Reading { At = new Instant(r.Point.At), Value = r.Point.Value, Quality = r.Quality }))]
        : [];
}
