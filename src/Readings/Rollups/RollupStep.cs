using Rondo.Storage;

namespace Rondo.Readings.Rollups;

/// <summary>What one transaction of rolling up did.</summary>
internal sealed record RollupStep
{
    /// <summary>True when somebody else rolls up this source just now, so that nothing was done.</summary>
    public bool IsBusy { get; init; }

    /// <summary>True when the source has more.</summary>
    public bool IsMore { get; init; }

    /// <summary>Buckets that were computed, by tier.</summary>
    public IReadOnlyDictionary<Tier, int> Buckets { get; init; } = new Dictionary<Tier, int>();

    /// <summary>
    /// Rolls up what is new of a source, at most about so much as <paramref name="options"/> have it. Takes the lock first, the marks in the next statement, and reads after that
    /// (docs/decisions/0032-marks-and-watermarks.md).
    /// </summary>
    public static RollupStep Take(Transaction tx, long id, RollupOptions options)
    {
        if (!SourceStore.TryLock(tx, id))
        {
            return new RollupStep { IsBusy = true };
        }

        var marks = RollupMarks.Take(tx, id, options.MostDays);
        if (SourceStore.Find(tx, id) is not { } source)
        {
            return new RollupStep();
        }

        var isMore = marks.Count == options.MostDays;
        var changed = Span.Merge(marks.Select(m => new Span(m.FromAt.Micros, m.ToAt.Micros + 1)));
        var series = SourceStore.Series(tx, id);
        var most = Most(options, series.Count);
        changed = Cut(tx, source, changed, most, out var rest);
        if (rest.Count > 0)
        {
            RollupMarks.Add(tx, [.. rest.Select(r => new RollupMark(id, new Instant(r.From), new Instant(r.Until - 1)))]);
            isMore = true;
        }
        else if (source.IsOrdered && Fresh(tx, source, most, out var isRest) is { } fresh)
        {
            changed = Span.Merge([.. changed, fresh]);
            SourceStore.Saw(tx, id, new Instant(fresh.Until - 1));
            isMore |= isRest;
        }

        if (changed.Count == 0)
        {
            return new RollupStep { IsMore = isMore };
        }

        var work = new RollupWork(tx, source, series, SiteZone.Of(tx), options.Schedule);
        work.Compute(changed);
        work.Write();
        return new RollupStep { IsMore = isMore, Buckets = work.Buckets };
    }

    /// <summary>What lies behind the watermark of a source whose samples come in order, or null.</summary>
    internal static Span? Fresh(Transaction tx, SourceRow source, int most, out bool isRest)
    {
        isRest = false;
        var behind = new Span(source.SeenTo is { } seen ? seen.Micros + 1 : Bounds.First, Bounds.Last);
        if (SampleStore.Nth(tx, source.Id, behind, 0) is not { } first)
        {
            return null;
        }

        behind = behind with { From = first.Micros };
        var cut = SampleStore.Nth(tx, source.Id, behind, most);
        isRest = cut is not null;
        return (cut ?? SampleStore.NewestAt(tx, source.Id, new Instant(behind.From))) is { } to ? behind with { Until = to.Micros + 1 } : null;
    }

    // Many series make a sample long, and a transaction on SQLite may take a second at most.
    private static int Most(RollupOptions options, int series) => (int)Math.Max(1, Math.Min(options.MostSamples, options.MostSamples * 8L / Math.Max(8, series)));

    // Spans with at most about so many samples; the rest of the last one is for the next time.
    private static List<Span> Cut(Transaction tx, SourceRow source, List<Span> spans, int most, out List<Span> rest)
    {
        rest = [];
        for (var i = 0; i < spans.Count; i++)
        {
            if (SampleStore.Nth(tx, source.Id, spans[i], most) is { } at)
            {
                rest = [spans[i] with { From = at.Micros }, .. spans.Skip(i + 1)];
                return [.. spans.Take(i), spans[i] with { Until = at.Micros }];
            }
        }

        return spans;
    }
}
