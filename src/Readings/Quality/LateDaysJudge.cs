using Rondo.Readings.Retention;
using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Readings.Quality;

/// <summary>Judges late days, some of one source at a time.</summary>
/// <param name="database">The database.</param>
/// <param name="options">Who knows what was planned.</param>
internal sealed class LateDaysJudge(Database database, RollupOptions options)
{
    private const int MostDays = 64;
    private const int MostSamples = 50_000;
    private const int MostValues = 2_000_000;
    private readonly QualityReader _reader = new(options);

    /// <summary>Some days of the first source behind <paramref name="after"/> that has late ones; none when there is no such source.</summary>
    public Task<List<LateDay>> NextAsync(long after, CancellationToken stop) => database.AskAsync("quality.late", tx => LateDays.Next(tx, after, MostDays), stop);

    /// <summary>Judges some of the late days of a source.</summary>
    /// <param name="late">What <see cref="NextAsync"/> told.</param>
    /// <param name="sign">Called for each series: a sign of life.</param>
    /// <param name="stop">Gives up.</param>
    public async Task JudgeAsync(List<LateDay> late, Action sign, CancellationToken stop)
    {
        var (days, series, isPolled) = await database.ReadAsync("quality.late.days", tx => Choose(tx, late), stop).ConfigureAwait(false);
        var judged = new Dictionary<long, List<(long Series, DayQuality Day)>>();
        foreach (var (spans, some) in Pages(days, series))
        {
            var found = await database.ReadAsync(
                "quality.judge",
                tx => _reader.Read(tx, some, spans, () =>
                {
                    stop.ThrowIfCancellationRequested();
                    sign();
                }),
                stop).ConfigureAwait(false);

            // Of days with more readings than are judged at once, which the daily job says, and of those whose plans were let go of, what was found before is all there is.
            foreach (var (id, list) in found ?? [])
            {
                foreach (var (span, day) in spans.Zip(list).Where(d => !isPolled || !(d.Second.Expected < d.Second.Present)))
                {
                    (judged.TryGetValue(span.From, out var all) ? all : judged[span.From] = []).Add((id, day));
                }
            }
        }

        await database.WriteAsync(
            "quality.late.found",
            tx =>
            {
                FindingStore.Hold(tx);
                foreach (var late in days)
                {
                    // What came meanwhile is seen by the next look, and what was found before it is nothing to be kept.
                    if (LateDays.Take(tx, late.Day) && judged.TryGetValue(late.Span.From, out var all))
                    {
                        FindingStore.Put(tx, new Instant(late.Span.From), [.. all.Select(d => d.Series)], all.FindAll(d => d.Day.IsFinding));
                    }
                }
            },
            stop).ConfigureAwait(false);
    }

    // Days that follow one another, of all series, while they have few values; else each by itself, of some series at a time.
    private static IEnumerable<(List<Span> Days, List<SeriesRow> Series)> Pages(List<ChosenDay> days, List<SeriesRow> series)
    {
        if (series.Count == 0)
        {
            yield break;
        }

        var kept = days.FindAll(d => d.IsKept);
        var isFew = kept.Sum(d => (long)d.Samples) * series.Count <= MostValues;
        for (var (first, count) = (0, 1); first < kept.Count; (first, count) = (first + count, 1))
        {
            while (isFew && first + count < kept.Count && kept[first + count].Span.From == kept[first + count - 1].Span.Until)
            {
                count++;
            }

            foreach (var some in series.Chunk(Math.Max(1, MostValues / Math.Max(1, kept[first].Samples))))
            {
                yield return (kept.GetRange(first, count).ConvertAll(d => d.Span), [.. some]);
            }
        }
    }

    // As many as have about so many samples, the first in any case; of days whose samples were let go of what was found before is all there is.
    private static (List<ChosenDay> Days, List<SeriesRow> Series, bool IsPolled) Choose(Transaction tx, List<LateDay> late)
    {
        var calendar = SiteZone.Of(tx);
        var days = late.ConvertAll(l => new ChosenDay(l, calendar.Bucket(Tier.Day, l.Day.Micros), false, 0));
        if (SourceStore.Find(tx, late[0].Source) is not { } source)
        {
            return (days, [], false);
        }

        var kept = KeptFrom.Read(tx).Of(source.Class, Tier.Raw);
        var counts = SampleStore.Counts(tx, source.Id, days.ConvertAll(d => d.Span), MostSamples);
        if (counts[0] == MostSamples)
        {
            counts[0] = SampleStore.Counts(tx, source.Id, [days[0].Span], MostValues)[0];
        }

        var (most, sum) = (0, 0L);
        while (most < days.Count && (most == 0 || sum + counts[most] <= MostSamples))
        {
            days[most] = days[most] with { IsKept = days[most].Span.From >= kept, Samples = counts[most] };
            sum += counts[most++];
        }

        return (days[..most], FindingStore.SeriesOf(tx, source.Id), source.IsOrdered);
    }

    private sealed record ChosenDay(LateDay Day, Span Span, bool IsKept, int Samples);
}
