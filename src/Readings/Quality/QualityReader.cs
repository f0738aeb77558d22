using Rondo.Readings.Queries;
using Rondo.Readings.Rollups;
using Rondo.Readings.Swaps;
using Rondo.Storage;

namespace Rondo.Readings.Quality;

/// <summary>Says day by day how good the readings of a series are. Worked out from the readings when somebody asks, so it is true of what is there, and not of what was.</summary>
/// <param name="options">Who knows what was planned.</param>
public sealed class QualityReader(RollupOptions options)
{
    /// <summary>Most days of one question.</summary>
    public const int MostDays = 400;

    private const int MostSamples = 1_000_000;
    private const int DaysAtOnce = 8;
    private const int FirstPage = 1_000;
    private const int PageValues = 1_000_000;

    /// <summary>The days that [from, until) touches, as far as they are over; null when there is no such series.</summary>
    /// <exception cref="QuestionRefused">So many days or readings are not judged at once.</exception>
    public List<DayQuality>? Read(Transaction tx, string name, Instant from, Instant until)
    {
        if (ReadingQuery.Find(tx, name) is not { } series)
        {
            return null;
        }

        if (until - from > TimeSpan.FromDays(MostDays))
        {
            throw new QuestionRefused($"from {from} to {until} are more than {MostDays} days; ask for fewer");
        }

        var calendar = SiteZone.Of(tx);
        var asked = calendar.Buckets(Tier.Day, calendar.Widen(Tier.Day, new Span(from.Micros, Math.Max(until.Micros, from.Micros + 1)))).TakeWhile(d => d.From < tx.Now.Micros).ToList();
        var shapes = QuestionStore.Shapes(tx, name);
        var known = Known(tx, series, shapes, asked, calendar);
        var budget = MostSamples;
        var days = new List<DayQuality>();
        foreach (var some in asked.Chunk(DaysAtOnce))
        {
            var points = Points(tx, shapes, new Span(some[0].From, some[^1].Until), ref budget)
                ?? throw new QuestionRefused($"{name} has more than {MostSamples} samples from {from} to {until}; ask for fewer days");
            days.AddRange(known.Judge(some, points, calendar, tx.Now.Micros));
        }

        return days;
    }

    /// <summary>The same of several series and days at once, by series, their samples read once; null when there are more than are judged at once.</summary>
    /// <param name="tx">Transaction.</param>
    /// <param name="series">The series, mostly of one source.</param>
    /// <param name="days">Days that are over and follow one another.</param>
    /// <param name="sign">Called for each series.</param>
    internal List<(long Series, List<DayQuality> Days)>? Read(Transaction tx, IReadOnlyList<SeriesRow> series, IReadOnlyList<Span> days, Action sign)
    {
        var calendar = SiteZone.Of(tx);
        var shapes = series.Select(s => (Series: s, Shapes: QuestionStore.Shapes(tx, s.Name))).ToList();
        var budget = MostSamples;
        if (Points(tx, shapes.SelectMany(s => s.Shapes), new Span(days[0].From, days[^1].Until), ref budget) is not { } points)
        {
            return null;
        }

        var judged = new List<(long, List<DayQuality>)>();
        foreach (var (one, own) in shapes)
        {
            sign();
            judged.Add((one.Id, [.. Known(tx, one, own, days, calendar).Judge(days, points, calendar, tx.Now.Micros)]));
        }

        return judged;
    }

    // By series. A page of samples at a time: those of many series are long, and most of them are not asked for.
    private static Dictionary<long, List<Point>>? Points(Transaction tx, IEnumerable<SeriesShape> shapes, Span span, ref int budget)
    {
        var points = new Dictionary<long, List<Point>>();
        foreach (var source in shapes.GroupBy(s => s.SourceId))
        {
            var own = source.Select(s => (s.Ordinal, Points: points[s.Id] = [])).ToList();
            for (var (rest, page) = (span, FirstPage); ;)
            {
                var samples = SampleStore.Range(tx, source.Key, rest, page);
                budget -= samples.Count;
                if (budget < 0)
                {
                    return null;
                }

                foreach (var (ordinal, list) in own)
                {
                    list.AddRange(samples.Select(s => s.Of(ordinal)).OfType<Point>());
                }

                if (samples.Count < page)
                {
                    break;
                }

                rest = rest with { From = samples[^1].At + 1 };
                page = Math.Max(1, PageValues / Math.Max(1, samples[^1].Values.Length));
            }
        }

        return points;
    }

    private KnownSeries Known(Transaction tx, SeriesRow series, List<SeriesShape> shapes, IReadOnlyList<Span> days, SiteCalendar calendar)
    {
        var whole = days.Count == 0 ? default : new Span(days[0].From, days[^1].Until);
        var periods = Periods(tx, shapes, whole);
        var interval = periods is null ? shapes.FindLast(s => s.IntervalUs is not null) : null;
        return new KnownSeries(
            series, shapes, periods, interval?.IntervalUs, interval is null ? null : QuestionStore.Extent(tx, interval, calendar), Duplicates.Count(tx, shapes, whole), [.. shapes.SelectMany(s => s.Swaps)]);
    }

    private List<PlannedPeriod>? Periods(Transaction tx, List<SeriesShape> shapes, Span span)
    {
        var periods = default(List<PlannedPeriod>);
        foreach (var source in shapes.Select(s => s.SourceId).Distinct())
        {
            if (options.Schedule?.Find(tx, source, Bounds.ToInstant(span.From), Bounds.ToInstant(span.Until)) is { } known)
            {
                (periods ??= []).AddRange(known);
            }
        }

        return periods;
    }

    // What is known of a series beside its readings.
    private sealed record KnownSeries(
        SeriesRow Series, List<SeriesShape> Shapes, List<PlannedPeriod>? Periods, long? IntervalUs, Span? Extent, Dictionary<long, long> Duplicates, List<Swap> Swaps)
    {
        public IEnumerable<DayQuality> Judge(IReadOnlyList<Span> days, Dictionary<long, List<Point>> all, SiteCalendar calendar, long now)
        {
            var points = Shapes.SelectMany(s => all[s.Id]).OrderBy(p => p.At).ToList();
            var next = 0;
            foreach (var day in days)
            {
                var past = day with { Until = Math.Min(day.Until, now) };
                var own = points.Skip(next).TakeWhile(p => p.At < past.Until).ToList();
                next += own.Count;

                // A day with a reading is whole, whether or not it is rolled up.
                var planned = Planned.Of(Periods, IntervalUs, own.Count > 0 || Extent?.Covers(day) == true ? day : null);
                yield return DayJudge.Judge(Series.Name, Series.Kind, calendar.DateText(day.From), past, own, planned, Swaps) with { Duplicates = Duplicates.GetValueOrDefault(day.From) };
            }
        }
    }
}
