using Rondo.Readings.Quality;
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
        var calendar = SiteZone.Of(tx);
        var changed = Span.Join(marks.Select(m => m.Span), calendar, source.Finest);
        var late = marks.Where(m => m.IsChanged).Select(m => m.Span).ToList();
        var series = SourceStore.Series(tx, id);
        var most = Most(options, series.Count);
        changed = Cut(tx, source, changed, most, out var rest);
        if (rest.Count > 0)
        {
            // For the next time, with what was said of it.
            var cut = rest[0].From;
            RollupMarks.Add(tx, Marks(id, rest), isChanged: false);
            RollupMarks.Add(tx, Marks(id, late.Where(l => l.Until > cut).Select(l => l with { From = Math.Max(l.From, cut) })));
            late = [.. late.Where(l => l.From < cut).Select(l => l with { Until = Math.Min(l.Until, cut) })];
            isMore = true;
        }
        else if (source.IsOrdered && Fresh(tx, source, most, out var isRest) is { } fresh)
        {
            changed = Span.Merge([.. changed, fresh]);
            late.Add(fresh);
            SourceStore.Saw(tx, id, new Instant(fresh.Until - 1));
            isMore |= isRest;
        }

        if (changed.Count == 0)
        {
            return new RollupStep { IsMore = isMore };
        }

        LateDays.Add(tx, id, source.IsOrdered ? late : LateDays.Between(tx, series, late, calendar), calendar);
        var work = new RollupWork(tx, source, series, calendar, options.Schedule);
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

    private static List<RollupMark> Marks(long source, IEnumerable<Span> spans) => [.. spans.Select(s => new RollupMark(source, new Instant(s.From), new Instant(s.Until - 1)))];

    // The first spans with at most so many samples all together; the rest is for the next time.
    private static List<Span> Cut(Transaction tx, SourceRow source, List<Span> spans, int most, out List<Span> rest)
    {
        rest = [];
        var counts = SampleStore.Counts(tx, source.Id, spans, most + 1);
        for (var (i, left) = (0, most); i < spans.Count; left -= counts[i++])
        {
            if (counts[i] <= left)
            {
                continue;
            }

            if (left == 0 || SampleStore.Nth(tx, source.Id, spans[i], left) is not { } at || at.Micros == spans[i].From)
            {
                rest = spans[i..];
                return spans[..i];
            }

            rest = [spans[i] with { From = at.Micros }, .. spans[(i + 1)..]];
            return [.. spans[..i], spans[i] with { Until = at.Micros }];
        }

        return spans;
    }
}
