using Rondo.Readings.Queries;
using Rondo.Readings.Rollups;
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
        var now = tx.Now.Micros;
        var shapes = QuestionStore.Shapes(tx, name);
        var swaps = shapes.SelectMany(s => s.Swaps).ToList();
        var asked = calendar.Buckets(Tier.Day, calendar.Widen(Tier.Day, new Span(from.Micros, Math.Max(until.Micros, from.Micros + 1)))).TakeWhile(d => d.From < now).ToList();
        var whole = asked.Count == 0 ? default : new Span(asked[0].From, asked[^1].Until);
        var periods = Periods(tx, shapes, whole);
        var interval = periods is null ? shapes.FindLast(s => s.IntervalUs is not null) : null;
        var extent = interval is null ? null : QuestionStore.Extent(tx, interval, calendar);
        var duplicates = Duplicates.Count(tx, shapes, whole);
        var budget = MostSamples;
        var days = new List<DayQuality>();
        foreach (var some in asked.Chunk(DaysAtOnce))
        {
            var points = Points(tx, shapes, new Span(some[0].From, Math.Min(some[^1].Until, now)), ref budget)
                ?? throw new QuestionRefused($"{name} has more than {MostSamples} samples from {from} to {until}; ask for fewer days");
            var next = 0;
            foreach (var day in some)
            {
                var past = day with { Until = Math.Min(day.Until, now) };
                var own = points.Skip(next).TakeWhile(p => p.At < past.Until).ToList();
                next += own.Count;

                // A day with a reading is whole, whether or not it is rolled up.
                var planned = Planned.Of(periods, interval?.IntervalUs, own.Count > 0 || extent?.Covers(day) == true ? day : null);
                days.Add(DayJudge.Judge(name, series.Kind, calendar.DateText(day.From), past, own, planned, swaps) with { Duplicates = duplicates.GetValueOrDefault(day.From) });
            }
        }

        return days;
    }

    private static List<Point>? Points(Transaction tx, List<SeriesShape> shapes, Span span, ref int budget)
    {
        var points = new List<Point>();
        foreach (var shape in shapes)
        {
            var samples = SampleStore.Range(tx, shape.SourceId, span, budget + 1);
            budget -= samples.Count;
            if (budget < 0)
            {
                return null;
            }

            points.AddRange(samples.Select(s => s.Of(shape.Ordinal)).OfType<Point>());
        }

        points.Sort((a, b) => a.At.CompareTo(b.At));
        return points;
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
}
