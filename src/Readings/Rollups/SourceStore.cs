using Rondo.Readings.Retention;
using Rondo.Readings.Swaps;
using Rondo.Storage;

namespace Rondo.Readings.Rollups;

/// <summary>The SQL of sources as rolling up sees them, and only the SQL.</summary>
internal static class SourceStore
{
    /// <summary>The kind of source whose samples are committed in the order of their instants.</summary>
    public const string Ordered = "poll_group";

    // One at a time rolls up a source; on SQLite there is one writer.
    private static readonly Sql _tryLock = new("rollups.lock", "select pg_try_advisory_xact_lock(7210540, hashint8(@source))");

    private static readonly Sql _find = new("rollups.source", "select s.id, s.kind, r.seen_to from source s left join rollup_source r on r.source_id = s.id where s.id = @source");

    private static readonly Sql _series = new("rollups.series", "select id, source_id, ordinal, kind, modulus, interval_us from series where source_id = @source order by ordinal");

    private static readonly Sql _seen = new("rollups.seen", """
        insert into rollup_source (source_id, seen_to) values (@source, @to) on conflict (source_id) do update set seen_to = excluded.seen_to
        """);

    private static readonly Sql _forget = new("rollups.forget", "delete from rollup_source where source_id = @source");

    // One look into the key of the samples for each source.
    private static readonly Sql _ordered = new("rollups.ordered", """
        select s.id, s.kind, r.seen_to,
          case when r.seen_to is null then (select min(p.at) from sample p where p.source_id = s.id) else (select max(p.at) from sample p where p.source_id = s.id and p.at > r.seen_to) end as newest
        from source s left join rollup_source r on r.source_id = s.id
        where s.kind = 'poll_group' and s.id > @after order by s.id limit @limit
        """);

    private static readonly Sql _all = new("rollups.sources", """
        select s.id, s.kind, r.seen_to from source s left join rollup_source r on r.source_id = s.id where s.id > @after order by s.id limit @limit
        """);

    private static readonly Sql _count = new("rollups.sources.count", "select count(*) from source");

    public static long Count(Transaction tx) => tx.First<long>(_count);

    /// <summary>Takes the lock on a source until the end of <paramref name="tx"/>; false when somebody else has it.</summary>
    public static bool TryLock(Transaction tx, long source) => tx.Dialect == Dialect.Sqlite || tx.First<bool>(_tryLock, new { source });

    public static SourceRow? Find(Transaction tx, long source) => tx.First<SourceRow>(_find, new { source });

    public static List<SeriesShape> Series(Transaction tx, long source) => MeterSwaps.Attach(tx, tx.Query<SeriesShape>(_series, new { source }));

    public static void Saw(Transaction tx, long source, Instant to) => tx.Execute(_seen, new { source, to });

    public static void Forget(Transaction tx, long source) => tx.Execute(_forget, new { source });

    public static List<SourceRow> OrderedAfter(Transaction tx, long after, int limit) => tx.Query<SourceRow>(_ordered, new { after, limit });

    public static List<SourceRow> After(Transaction tx, long after, int limit) => tx.Query<SourceRow>(_all, new { after, limit });
}

/// <summary>A source.</summary>
internal sealed class SourceRow
{
    public long Id { get; init; }

    public string Kind { get; init; } = "";

    /// <summary>Up to where it is rolled up, for one whose samples come in order; null for not at all yet.</summary>
    public Instant? SeenTo { get; init; }

    /// <summary>Its newest sample behind <see cref="SeenTo"/>, or null.</summary>
    public Instant? Newest { get; init; }

    public bool IsOrdered => Kind == SourceStore.Ordered;

    public SeriesClass Class => IsOrdered ? SeriesClass.Polled : SeriesClass.Imported;

    /// <summary>The finest tier that is stored. What an import brings is hardly finer than quarters of an hour, and a quarter that holds one reading is no shorter than the reading.</summary>
    public Tier Finest => IsOrdered ? Tier.Quarter : Tier.Hour;
}

/// <summary>A series as rolling up sees it.</summary>
internal sealed class SeriesShape
{
    public long Id { get; init; }

    public long SourceId { get; init; }

    public int Ordinal { get; init; }

    public string Kind { get; init; } = "";

    public double? Modulus { get; init; }

    /// <summary>From one reading to the next, in microseconds; null when nobody knows.</summary>
    public long? IntervalUs { get; init; }

    public bool IsCounter => Kind == "counter";

    /// <summary>Declared swaps of its meter, in order.</summary>
    public IReadOnlyList<Swap> Swaps { get; set; } = [];

    /// <summary>What produces it, where that was asked.</summary>
    public string SourceKind { get; init; } = "";

    public SeriesClass Class => SourceKind == SourceStore.Ordered ? SeriesClass.Polled : SeriesClass.Imported;
}

/// <summary>From when to when a source has samples.</summary>
internal sealed class Extent
{
    public Instant? FromAt { get; init; }

    public Instant? ToAt { get; init; }
}
