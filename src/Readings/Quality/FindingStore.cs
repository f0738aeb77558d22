using Rondo.Storage;

namespace Rondo.Readings.Quality;

/// <summary>The SQL of what the daily look found.</summary>
public static class FindingStore
{
    private static readonly Sql _clear = new("quality.findings.clear", "delete from reading_finding where day = @day and series_id {in:@ids}");

    private const string What = "f.day, s.name as series, f.expected, f.present, f.gaps, f.suspect, f.outliers, f.stuck, f.negative, f.duplicates, f.found_at";

    private static readonly Sql _list = new("quality.findings", $"""
        select {What} from reading_finding f join series s on s.id = f.series_id where f.day >= @from and f.day < @until order by f.day desc, s.name limit @limit
        """);

    // Two looks into an index each, where an or would look at all of them.
    private static readonly Sql _recent = new("quality.findings.recent", $"""
        select {What} from (
            select day, series_id from reading_finding where day >= @from and day < @until
            union
            select day, series_id from reading_finding where found_at >= @from and found_at <= @until and day < @until
          ) k join reading_finding f on f.day = k.day and f.series_id = k.series_id join series s on s.id = f.series_id
        order by f.day desc, s.name limit @limit
        """);

    private static readonly Sql _count = new("quality.findings.count", "select count(*) from reading_finding where day = @day");

    private static readonly Sql _drop = new("quality.findings.drop", "delete from reading_finding where (day, series_id) in (select day, series_id from reading_finding where day < @before limit @slice)");

    private static readonly Sql _names = new("quality.series", "select id, name, unit, kind from series where retired_at is null and id > @after order by id limit @limit");

    // Others who put findings of the same days wait, and take away what is there before they put theirs.
    private static readonly Sql _hold = new("quality.findings.hold", "select pg_advisory_xact_lock(7210541)");

    private static readonly Sql _of = new("quality.series.of", """
        select distinct c.id, c.name, c.unit, c.kind from series s join series c on c.name = s.name and c.retired_at is null where s.source_id = @source order by c.id
        """);

    /// <summary>How far back it is looked when nobody says.</summary>
    public static readonly TimeSpan Recent = TimeSpan.FromDays(3);

    /// <summary>What was found of days that begin in [from, until), the newest day first. Without from: of the days before until that began, or were judged, less than <see cref="Recent"/> before it.</summary>
    public static List<QualityFinding> List(Transaction tx, Instant? from, Instant until, int limit) =>
        from is null ? tx.Query<QualityFinding>(_recent, new { from = until - Recent, until, limit }) : tx.Query<QualityFinding>(_list, new { from = from.Value, until, limit });

    internal static List<SeriesRow> Series(Transaction tx, long after, int limit) => tx.Query<SeriesRow>(_names, new { after, limit });

    /// <summary>The series in use that go by the names of a source's, retired ones too.</summary>
    internal static List<SeriesRow> SeriesOf(Transaction tx, long source) => tx.Query<SeriesRow>(_of, new { source });

    /// <summary>Lets nobody else put findings until the end of <paramref name="tx"/>; on SQLite there is one writer.</summary>
    internal static void Hold(Transaction tx)
    {
        if (tx.Dialect == Dialect.Postgres)
        {
            tx.Execute(_hold);
        }
    }

    internal static long Count(Transaction tx, Instant day) => tx.First<long>(_count, new { day });

    internal static int Drop(Transaction tx, Instant before, int slice) => tx.Execute(_drop, new { before, slice });

    /// <summary>Puts what was found of some series in the place of what was found of them and the day before.</summary>
    internal static void Put(Transaction tx, Instant day, IReadOnlyCollection<long> series, IReadOnlyList<(long Series, DayQuality Day)> found)
    {
        tx.Execute(_clear, new { day, ids = new IdList([.. series]) });
        if (found.Count > 0)
        {
            tx.InsertMany(
                "reading_finding",
                ["day", "series_id", "expected", "present", "gaps", "suspect", "outliers", "stuck", "negative", "duplicates", "found_at"],
                [.. found.Select(f => new object?[] { day, f.Series, f.Day.Expected, f.Day.Present, f.Day.GapCount, f.Day.Suspect, f.Day.Outliers, f.Day.Stuck?.Readings ?? 0, f.Day.Negative, f.Day.Duplicates, tx.Now })]);
        }
    }
}
