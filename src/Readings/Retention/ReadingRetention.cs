using Rondo.Readings.Quality;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Storage.Postgres;

namespace Rondo.Readings.Retention;

/// <summary>What is let go of one tier of a class.</summary>
/// <param name="Class"><c>polled</c> or <c>imported</c>.</param>
/// <param name="Tier">Its word; <c>raw</c> for samples.</param>
/// <param name="KeptFor">How long it is kept, in seconds.</param>
/// <param name="Before">What is older goes. Whole partitions of samples on PostgreSQL, whole days of buckets.</param>
/// <param name="Rows">Rows that go, or went one by one; those of partitions that were dropped are not counted.</param>
/// <param name="Partitions">Partitions of samples that go as a whole, or went.</param>
public sealed record LetGo(string Class, string Tier, long KeptFor, Instant Before, long Rows, int Partitions);

/// <summary>Up to where a tier of a class goes.</summary>
/// <param name="Class">The class.</param>
/// <param name="Tier">The tier.</param>
/// <param name="Kept">How long it is kept.</param>
/// <param name="Before">What is older goes.</param>
public readonly record struct RetentionCut(SeriesClass Class, Tier Tier, TimeSpan Kept, Instant Before);

/// <summary>
/// Lets go of samples and buckets that are older than their retention: partitions of samples as a whole on PostgreSQL, where nothing in them is to be kept, all else in bounded pieces. Any number of processes may at once.
/// </summary>
/// <param name="database">Migrated.</param>
/// <param name="options">How long what is kept.</param>
/// <param name="rollups">How readings are rolled up: what is not when its time is over, is first.</param>
public sealed class ReadingRetention(Database database, RetentionOptions options, RollupOptions rollups)
{
    private const int Slice = 2_000;
    private const long Day = 86_400_000_000;
    private static readonly long _partition = SampleWriter.PartitionLength.Ticks / 10;

    /// <summary>What would go now.</summary>
    public Task<List<LetGo>> PlanAsync(CancellationToken stop = default) => database.ReadLongAsync(
        "readings.retention.plan",
        tx =>
        {
            var cuts = Cuts();
            return cuts.ConvertAll(c => Said(c, RetentionStore.Count(tx, c.Class, c.Tier, c.Before), c.Tier == Tier.Raw ? Old(tx, c.Before).Count(p => IsWhole(tx, p, cuts)) : 0));
        },
        stop);

    /// <summary>
    /// Lets go of it. Rollups stay whatever becomes of the samples: what is not rolled up is first, and it is said that samples may be missing before one is. Samples of which some are still not rolled up (another process is
    /// at them) go the next time.
    /// </summary>
    /// <param name="alive">Called after each piece; null for nobody.</param>
    /// <param name="stop">Gives up between two pieces; what is left goes the next time.</param>
    public async Task<List<LetGo>> RunAsync(Action? alive = null, CancellationToken stop = default)
    {
        if (await database.ReadLongAsync("readings.retention.pending", tx => Cuts().Exists(c => IsPending(tx, c)), stop).ConfigureAwait(false))
        {
            await new RollupRunner(database, rollups).RunAsync(isAll: true, alive, stop).ConfigureAwait(false);
        }

        var cuts = await database.WriteAsync(
            "readings.prune",
            tx =>
            {
                var found = Cuts();
                found.RemoveAll(c => IsPending(tx, c));
                foreach (var cut in found)
                {
                    KeptFrom.Say(tx, cut.Class, cut.Tier, cut.Before);
                }

                return found;
            },
            stop).ConfigureAwait(false);
        var dropped = database.Address.Kind == DatabaseKind.Postgres ? await DropAsync(cuts, alive, stop).ConfigureAwait(false) : [];
        var gone = new List<LetGo>();
        foreach (var cut in cuts)
        {
            var rows = cut.Tier == Tier.Raw
                ? await PiecesAsync(
                    "readings.retention.samples",
                    (tx, after) => RetentionStore.Sources(tx, cut.Class, after, new Span(Bounds.First, cut.Before.Micros)),
                    (tx, source, slice) => RetentionStore.DeleteSamples(tx, source, new Span(Bounds.First, cut.Before.Micros), slice),
                    alive,
                    stop).ConfigureAwait(false)
                : await PiecesAsync(
                    "readings.retention.buckets",
                    (tx, after) => RetentionStore.Series(tx, cut.Class, cut.Tier, after, cut.Before),
                    (tx, series, slice) => RetentionStore.DeleteBuckets(tx, series, cut.Tier, cut.Before, slice),
                    alive,
                    stop).ConfigureAwait(false);
            gone.Add(Said(cut, rows, cut.Tier == Tier.Raw ? dropped.Count(p => End(p) <= cut.Before.Micros) : 0));
        }

        // What is counted of days whose samples are gone in either class.
        if (cuts.Where(c => c.Tier == Tier.Raw).ToList() is { Count: 2 } raw)
        {
            var before = raw.Min(c => c.Before);
            while (await database.WriteAsync("readings.retention.duplicates", tx => Duplicates.Drop(tx, before, Slice), stop).ConfigureAwait(false) == Slice)
            {
                alive?.Invoke();
            }
        }

        return gone;
    }

    // Whole days of buckets, so that a series is written to once a day; whole partitions, so that one that is not over yet is left alone.
    private List<RetentionCut> Cuts()
    {
        var now = database.Clock.Now;
        var cuts = new List<RetentionCut>();
        foreach (var of in Enum.GetValues<SeriesClass>())
        {
            foreach (var tier in Enum.GetValues<Tier>().Where(t => of == SeriesClass.Polled || t != Tier.Quarter))
            {
                if (options.Of(of, tier) is { } kept)
                {
                    var step = tier != Tier.Raw ? Day : database.Address.Kind == DatabaseKind.Postgres ? _partition : 1;
                    cuts.Add(new RetentionCut(of, tier, kept, new Instant(Instant.Floor(Bounds.ToInstant((now - kept).Micros).Micros, step))));
                }
            }
        }

        return cuts;
    }

    private static bool IsPending(Transaction tx, RetentionCut cut) => cut.Tier == Tier.Raw && RetentionStore.IsPending(tx, cut.Class, cut.Before);

    private async Task<List<Partition>> DropAsync(List<RetentionCut> cuts, Action? alive, CancellationToken stop)
    {
        if (cuts.Where(c => c.Tier == Tier.Raw).Select(c => (Instant?)c.Before).Max() is not { } newest)
        {
            return [];
        }

        var dropped = new List<Partition>();
        foreach (var partition in await database.ReadAsync("readings.retention.partitions", tx => Old(tx, newest), stop).ConfigureAwait(false))
        {
            if (!await database.ReadLongAsync("readings.retention.look", tx => IsWhole(tx, partition, cuts), stop).ConfigureAwait(false))
            {
                continue;
            }

            // Nobody writes from the lock on, so that what was found to have nothing that is kept has nothing when it goes.
            var isGone = await database.WriteAsync(
                "readings.retention.drop",
                tx =>
                {
                    Partitions.Hold(tx, "sample");
                    if (!IsWhole(tx, partition, cuts))
                    {
                        return false;
                    }

                    Partitions.Drop(tx, "sample", partition.Name);
                    return true;
                },
                stop).ConfigureAwait(false);
            if (isGone)
            {
                dropped.Add(partition);
            }

            alive?.Invoke();
        }

        return dropped;
    }

    private static List<Partition> Old(Transaction tx, Instant before) =>
        tx.Dialect == Dialect.Sqlite ? [] : [.. Partitions.List(tx, "sample").Where(p => End(p) <= before.Micros)];

    private static long End(Partition partition) => partition.From.Micros + _partition;

    // A class that is kept longer may have nothing in it.
    private static bool IsWhole(Transaction tx, Partition partition, List<RetentionCut> cuts)
    {
        var span = new Span(partition.From.Micros, End(partition));
        return Enum.GetValues<SeriesClass>().All(of => cuts.Exists(c => c.Class == of && c.Tier == Tier.Raw && c.Before.Micros >= span.Until) || RetentionStore.Sources(tx, of, long.MinValue, span).Count == 0);
    }

    private async Task<long> PiecesAsync(string name, Func<Transaction, long, List<long>> find, Func<Transaction, long, int, int> delete, Action? alive, CancellationToken stop)
    {
        var rows = 0L;
        for (var after = long.MinValue; ;)
        {
            var ids = await database.ReadLongAsync(name, tx => find(tx, after), stop).ConfigureAwait(false);
            if (ids.Count == 0)
            {
                return rows;
            }

            for (var next = 0; next < ids.Count;)
            {
                stop.ThrowIfCancellationRequested();
                var first = next;
                (next, var gone) = await database.WriteAsync(name, tx => Piece(tx, ids, first, delete), stop).ConfigureAwait(false);
                rows += gone;
                alive?.Invoke();
            }

            after = ids[^1];
        }
    }

    private static (int Next, int Gone) Piece(Transaction tx, List<long> ids, int next, Func<Transaction, long, int, int> delete)
    {
        var left = Slice;
        while (next < ids.Count && left > 0)
        {
            var gone = delete(tx, ids[next], left);
            next += gone < left ? 1 : 0;
            left -= gone;
        }

        return (next, Slice - left);
    }

    private static LetGo Said(RetentionCut cut, long rows, int partitions) => new(cut.Class.Word(), cut.Tier.Word(), (long)cut.Kept.TotalSeconds, cut.Before, rows, partitions);
}
