using Npgsql;
using NpgsqlTypes;
using Rondo.Storage;
using Rondo.Storage.Postgres;
using Rondo.Storage.Sqlite;

namespace Rondo.Readings.Rollups;

/// <summary>
/// The SQL of what has to be rolled up again. Whoever writes, replaces or takes away samples calls <see cref="Add"/> in the transaction that does it; the samples that a
/// poller adds in the order of their instants are found without (docs/decisions/0032-marks-and-watermarks.md).
/// </summary>
public static class RollupMarks
{
    /// <summary>Most days that one mark may span: a hundred years. More is a mistake of whoever marks.</summary>
    public const int MostDays = 36_600;

    private const long Day = 86_400_000_000;

    private static readonly Sql _add = new("rollups.mark", """
        insert into rollup_mark (source_id, day, from_at, to_at, version, is_changed) values (?1, ?2, ?3, ?4, 1, ?5)
        on conflict (source_id, day) do update set
          from_at = min(rollup_mark.from_at, excluded.from_at), to_at = max(rollup_mark.to_at, excluded.to_at), version = rollup_mark.version + 1,
          is_changed = rollup_mark.is_changed or excluded.is_changed
        """);

    private static readonly Sql _addMany = new("rollups.mark", """
        insert into rollup_mark (source_id, day, from_at, to_at, version, is_changed)
        select source_id, day, from_at, to_at, 1, $5 from unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[]) as u (source_id, day, from_at, to_at)
        order by source_id, day
        on conflict (source_id, day) do update set
          from_at = least(rollup_mark.from_at, excluded.from_at), to_at = greatest(rollup_mark.to_at, excluded.to_at), version = rollup_mark.version + 1,
          is_changed = rollup_mark.is_changed or excluded.is_changed
        """);

    // A mark that a writer is about to commit is left for the next turn instead of waited for.
    private static readonly Sql _take = new("rollups.take", """
        delete from rollup_mark where source_id = @source and day in (
          select day from rollup_mark where source_id = @source order by day limit @limit{update}{skip_locked}
        )
        returning source_id as source, from_at, to_at, version, is_changed
        """);

    private static readonly Sql _see = new("rollups.marks.of", "select source_id as source, from_at, to_at, version, is_changed from rollup_mark where source_id = @source order by day limit @limit");

    private static readonly Sql _sources = new("rollups.marked", "select distinct source_id from rollup_mark where source_id > @after order by source_id limit @limit");

    private static readonly Sql _count = new("rollups.marks", "select count(*) as days, count(distinct source_id) as sources, min(from_at) as oldest, max(to_at) as newest from rollup_mark");

    /// <summary>Marks spans, in the transaction that changes them. Costs one row for each source and day, however many samples there are.</summary>
    /// <param name="tx">Transaction.</param>
    /// <param name="marks">The spans.</param>
    /// <param name="isChanged">False when no sample in them is another one, so that days are not judged again.</param>
    /// <exception cref="ArgumentException">A span ends before it begins, or is longer than <see cref="MostDays"/>.</exception>
    public static void Add(Transaction tx, IReadOnlyCollection<RollupMark> marks, bool isChanged = true)
    {
        var days = Days(marks);
        if (days.Count == 0)
        {
            return;
        }

        if (tx is SqliteWork sqlite)
        {
            var add = sqlite.Prepared(_add);
            foreach (var ((source, day), (from, to)) in days)
            {
                add.Bind(1, source);
                add.Bind(2, day);
                add.Bind(3, from);
                add.Bind(4, to);
                add.Bind(5, isChanged ? 1 : 0);
                add.Execute();
            }

            return;
        }

        using var run = tx.Run(_addMany.Name);
        using var insert = new NpgsqlCommand(_addMany.For(tx.Dialect), ((PostgresWork)tx).Link);
        insert.Parameters.AddArray(days.Keys.Select(k => k.Source).ToArray(), NpgsqlDbType.Bigint);
        AddInstants(insert, days.Keys.Select(k => k.Day));
        AddInstants(insert, days.Values.Select(v => v.From));
        AddInstants(insert, days.Values.Select(v => v.To));
        insert.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = isChanged });
        insert.ExecuteNonQuery();
    }

    /// <summary>Takes the oldest marks of a source away, at most <paramref name="limit"/> days of them. The first statement of whoever rolls up; what it reads afterwards has all that was marked.</summary>
    internal static List<MarkRow> Take(Transaction tx, long source, int limit) => Sorted(tx.Query<MarkRow>(_take, new { source, limit }));

    /// <summary>The oldest marks of a source, left where they are.</summary>
    internal static List<MarkRow> See(Transaction tx, long source, int limit) => tx.Query<MarkRow>(_see, new { source, limit });

    /// <summary>Sources with marks, in the order of their ids.</summary>
    internal static List<long> Sources(Transaction tx, long after, int limit) => tx.Query<long>(_sources, new { after, limit });

    /// <summary>How much is marked.</summary>
    internal static MarkCount Count(Transaction tx) => tx.First<MarkCount>(_count)!;

    private static void AddInstants(NpgsqlCommand command, IEnumerable<long> micros) => command.Parameters.AddArray(micros.Select(m => new Instant(m).ToDateTime()).ToArray(), NpgsqlDbType.TimestampTz);

    private static List<MarkRow> Sorted(List<MarkRow> rows)
    {
        rows.Sort((a, b) => a.FromAt.CompareTo(b.FromAt));
        return rows;
    }

    // Sorted, so that two writers who mark the same rows wait for each other and not crosswise.
    private static SortedDictionary<(long Source, long Day), (long From, long To)> Days(IReadOnlyCollection<RollupMark> marks)
    {
        var days = new SortedDictionary<(long Source, long Day), (long From, long To)>();
        foreach (var mark in marks)
        {
            if (mark.From > mark.To || mark.To.Micros - mark.From.Micros > MostDays * Day)
            {
                throw new ArgumentException($"the mark of source {mark.Source} from {Bounds.ToInstant(mark.From.Micros)} to {Bounds.ToInstant(mark.To.Micros)} is no span of at most {MostDays} days", nameof(marks));
            }

            for (var day = Floor(mark.From.Micros); day <= mark.To.Micros; day += Day)
            {
                var (from, to) = (Math.Max(day, mark.From.Micros), Math.Min(day + Day - 1, mark.To.Micros));
                days[(mark.Source, day)] = days.TryGetValue((mark.Source, day), out var known) ? (Math.Min(known.From, from), Math.Max(known.To, to)) : (from, to);
            }
        }

        return days;
    }

    private static long Floor(long micros) => micros - (((micros % Day) + Day) % Day);
}

/// <summary>One stored mark.</summary>
internal sealed class MarkRow
{
    public long Source { get; init; }

    public Instant FromAt { get; init; }

    public Instant ToAt { get; init; }

    public long Version { get; init; }

    public Span Span => new(FromAt.Micros, ToAt.Micros + 1);

    /// <summary>Samples in it are others than before.</summary>
    public bool IsChanged { get; init; }
}

/// <summary>How much is marked.</summary>
internal sealed class MarkCount
{
    public long Days { get; init; }

    public long Sources { get; init; }

    public Instant? Oldest { get; init; }

    public Instant? Newest { get; init; }
}
