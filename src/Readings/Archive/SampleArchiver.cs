using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Storage.Sqlite;

namespace Rondo.Readings.Archive;

/// <summary>
/// Packs old samples on SQLite, a few hundred of one source in a transaction, which takes the plain ones away: whoever is killed leaves the one or the other. By whole weeks, and never the newest sample of a source, nor what a poller's
/// source has not rolled up.
/// </summary>
/// <param name="database">Migrated.</param>
/// <param name="after">How old samples are when they are packed.</param>
public sealed class SampleArchiver(Database database, TimeSpan after)
{
    private const int Page = 200;
    private const long Week = 7 * 86_400_000_000;

    /// <summary>Packs whatever is old enough; returns how many samples were.</summary>
    /// <param name="alive">Called after each piece; null for nobody.</param>
    /// <param name="stop">Gives up between two pieces; what is left is packed the next time.</param>
    public async Task<long> RunAsync(Action? alive = null, CancellationToken stop = default)
    {
        if (database.Address.Kind != DatabaseKind.Sqlite)
        {
            return 0;
        }

        var now = (database.Clock.Now - after).Micros;
        var (before, packed) = (Bounds.ToInstant(Instant.Floor(now, Week)), 0L);
        for (var id = long.MinValue; ;)
        {
            var sources = await database.ReadLongAsync("readings.archive.sources", tx => ArchiveStore.Sources(tx, id, before, Page), stop).ConfigureAwait(false);
            foreach (var source in sources)
            {
                for (var isMore = true; isMore;)
                {
                    stop.ThrowIfCancellationRequested();
                    (isMore, var count) = await database.WriteAsync("readings.archive", tx => Piece((SqliteWork)tx, source.Id, before.Micros), stop).ConfigureAwait(false);
                    packed += count;
                    alive?.Invoke();
                }
            }

            if (sources.Count < Page)
            {
                return packed;
            }

            id = sources[^1].Id;
        }
    }

    private static (bool IsMore, int Packed) Piece(SqliteWork tx, long id, long before)
    {
        // Who looks for the newest sample finds it where it always was.
        if (SourceStore.Find(tx, id) is not { } source || SampleStore.PlainNewestAt(tx, id) is not { } newest)
        {
            return (false, 0);
        }

        var until = Math.Min(before, newest.Micros);
        if (source.IsOrdered)
        {
            until = Math.Min(until, (source.SeenTo?.Micros ?? Bounds.First) + 1);
        }

        var samples = SampleStore.PlainRange(tx, id, new Span(Bounds.First, until), PackedSamples.Most);
        if (samples.Count == 0)
        {
            return (false, 0);
        }

        var (first, end) = (samples[0].At, Instant.Floor(samples[0].At, Week) + Week);
        if (ArchiveStore.Touching(tx, id, new Span(first, end), 1) is [var next])
        {
            if (next.From <= first)
            {
                // A sample that came among packed ones: they are packed anew with it.
                ArchiveStore.Open(tx, id, next);
                return (true, 0);
            }

            end = Math.Min(end, next.From);
        }

        samples = samples.FindAll(s => s.At < end);
        if (PackedSamples.Pack(samples) is not { } packed)
        {
            return (false, 0);
        }

        ArchiveStore.Store(tx, id, packed);
        return (true, samples.Count);
    }
}
