using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Storage.Sqlite;

namespace Rondo.Readings.Archive;

/// <summary>What is archived of a source, for whoever reads samples or writes among them. On PostgreSQL nothing is.</summary>
internal static class SampleArchive
{
    /// <summary>Samples in a span, oldest first, at most <paramref name="limit"/>.</summary>
    public static List<SourceSample> Range(Transaction tx, long source, Span span, int limit = int.MaxValue, int? ordinal = null)
    {
        var samples = new List<SourceSample>();
        if (tx is SqliteWork work)
        {
            foreach (var packed in ArchiveStore.Touching(work, source, span, limit))
            {
                if (samples.Count >= limit)
                {
                    break;
                }

                samples.AddRange(ArchiveStore.WithColumns(work, source, packed, ordinal).Unpack().Where(s => span.Holds(s.At)).Take(limit - samples.Count));
            }
        }

        return samples;
    }

    /// <summary>The newest samples in a span, newest first, at most <paramref name="limit"/>.</summary>
    public static List<SourceSample> Newest(Transaction tx, long source, Span span, int limit)
    {
        var samples = new List<SourceSample>();
        if (tx is SqliteWork work)
        {
            foreach (var packed in ArchiveStore.Touching(work, source, span, limit, isBackwards: true))
            {
                if (samples.Count >= limit)
                {
                    break;
                }

                samples.AddRange(ArchiveStore.WithColumns(work, source, packed).Unpack().AsEnumerable().Reverse().Where(s => span.Holds(s.At)).Take(limit - samples.Count));
            }
        }

        return samples;
    }

    /// <summary>Readings of one series in a span, in order or backwards, at most <paramref name="limit"/>.</summary>
    public static IEnumerable<(Point Point, string Quality)> Readings(Transaction tx, SeriesShape series, Span span, int limit, bool isBackwards)
    {
        if (tx is not SqliteWork work)
        {
            yield break;
        }

        var left = limit;
        foreach (var packed in ArchiveStore.Touching(work, series.SourceId, span, isBackwards: isBackwards))
        {
            var samples = ArchiveStore.WithColumns(work, series.SourceId, packed, series.Ordinal).Unpack();
            foreach (var sample in isBackwards ? samples.AsEnumerable().Reverse() : samples)
            {
                if (span.Holds(sample.At) && sample.Of(series.Ordinal) is { } point)
                {
                    yield return (point, point.IsSuspect ? "suspect" : "good");
                    if (--left == 0)
                    {
                        yield break;
                    }
                }
            }
        }
    }

    /// <summary>Instants of samples in a span, in order, at most <paramref name="limit"/>.</summary>
    public static IEnumerable<long> Instants(SqliteWork tx, long source, Span span, int limit) =>
        ArchiveStore.Touching(tx, source, span, limit).SelectMany(packed => Enumerable.Range(0, packed.Samples).Select(packed.At)).Where(span.Holds).Take(limit);

    /// <summary>The first and the last instant in a span, or null.</summary>
    public static (long From, long To)? Extent(Transaction tx, long source, Span span)
    {
        if (tx is not SqliteWork work || Instants(work, source, span, 1).Cast<long?>().FirstOrDefault() is not { } first)
        {
            return null;
        }

        var last = ArchiveStore.Touching(work, source, span, 1, isBackwards: true)[0];
        return (first, Enumerable.Range(0, last.Samples).Select(last.At).Last(span.Holds));
    }

    /// <summary>Unpacks whatever has one of these instants between its first and its last, so that it can be written to as if it had never been archived.</summary>
    /// <param name="tx">The transaction that writes.</param>
    /// <param name="keys">Sources and instants, sorted.</param>
    public static void Open(SqliteWork tx, IReadOnlyList<(long Source, long At)> keys)
    {
        if (keys.Count == 0 || !ArchiveStore.IsAny(tx))
        {
            return;
        }

        for (var i = 0; i < keys.Count;)
        {
            var (source, first) = (keys[i].Source, i);
            while (i < keys.Count && keys[i].Source == source)
            {
                i++;
            }

            var next = first;
            foreach (var packed in ArchiveStore.Touching(tx, source, new Span(keys[first].At, keys[i - 1].At + 1)))
            {
                while (next < i && keys[next].At < packed.From)
                {
                    next++;
                }

                if (next < i && keys[next].At <= packed.To)
                {
                    ArchiveStore.Open(tx, source, packed);
                }
            }
        }
    }

    /// <summary>Lets go of what is wholly before an instant, the oldest first, until about <paramref name="most"/> samples are gone; returns how many are.</summary>
    public static int Drop(SqliteWork tx, long source, long before, int most)
    {
        var gone = 0;
        while (gone < most && ArchiveStore.Touching(tx, source, new Span(Bounds.First, before), 1) is [var oldest] && oldest.To < before)
        {
            ArchiveStore.Delete(tx, source, oldest.From);
            gone += oldest.Samples;
        }

        return gone;
    }
}
