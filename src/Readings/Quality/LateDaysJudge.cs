using Rondo.Readings.Queries;
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
    private readonly QualityReader _reader = new(options);

    /// <summary>Judges some days of the first source behind <paramref name="after"/> that has late ones; returns the source, or null when there is none.</summary>
    public async Task<long?> StepAsync(long after, CancellationToken stop)
    {
        var late = await database.AskAsync("quality.late", tx => LateDays.Next(tx, after, MostDays), stop).ConfigureAwait(false);
        if (late.Count == 0)
        {
            return null;
        }

        var (days, series) = await database.ReadAsync("quality.late.days", tx => Choose(tx, late), stop).ConfigureAwait(false);
        var found = new Dictionary<long, List<(long Series, DayQuality Day)>>();
        foreach (var one in series)
        {
            foreach (var span in Span.Merge(days.Where(d => d.IsKept).Select(d => d.Span)))
            {
                foreach (var (from, judged) in await JudgeAsync(one, span, stop).ConfigureAwait(false))
                {
                    if (!found.TryGetValue(from, out var list))
                    {
                        found.Add(from, list = []);
                    }

                    list.Add((one.Id, judged));
                }
            }
        }

        await database.WriteAsync(
            "quality.late.found",
            tx =>
            {
                FindingStore.Hold(tx);
                foreach (var (day, span, isKept) in days)
                {
                    // What came meanwhile is seen by the next look, and what was found before it is nothing to be kept.
                    if (LateDays.Take(tx, day) && isKept)
                    {
                        FindingStore.Put(tx, new Instant(span.From), [.. series.Select(s => s.Id)], found.GetValueOrDefault(span.From) ?? []);
                    }
                }
            },
            stop).ConfigureAwait(false);
        return late[0].Source;
    }

    // As many as have about so many samples, the first in any case; of days whose samples were let go of what was found before is all there is.
    private static (List<(LateDay Day, Span Span, bool IsKept)> Days, List<SeriesRow> Series) Choose(Transaction tx, List<LateDay> late)
    {
        var calendar = SiteZone.Of(tx);
        if (SourceStore.Find(tx, late[0].Source) is not { } source)
        {
            return (late.ConvertAll(l => (l, calendar.Bucket(Tier.Day, l.Day.Micros), false)), []);
        }

        var kept = KeptFrom.Read(tx).Of(source.Class, Tier.Raw);
        var days = late.ConvertAll(l => (Day: l, Span: calendar.Bucket(Tier.Day, l.Day.Micros))).ConvertAll(d => (d.Day, d.Span, IsKept: d.Span.From >= kept));
        var counts = SampleStore.Counts(tx, source.Id, days.ConvertAll(d => d.Span), MostSamples);
        var (most, sum) = (0, 0L);
        while (most < days.Count && (most == 0 || sum + counts[most] <= MostSamples))
        {
            sum += counts[most++];
        }

        return (days[..most], FindingStore.SeriesOf(tx, source.Id));
    }

    private async Task<List<(long From, DayQuality Day)>> JudgeAsync(SeriesRow series, Span span, CancellationToken stop)
    {
        try
        {
            return await database.ReadAsync(
                "quality.judge",
                tx =>
                {
                    var calendar = SiteZone.Of(tx);
                    var days = _reader.Read(tx, series.Name, new Instant(span.From), new Instant(span.Until)) ?? [];
                    return calendar.Buckets(Tier.Day, span).Zip(days).Where(d => d.Second.IsFinding).Select(d => (d.First.From, d.Second)).ToList();
                },
                stop).ConfigureAwait(false);
        }
        catch (QuestionRefused)
        {
            // A day with more readings than are judged at once; the daily job says so.
            return [];
        }
    }
}
