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
        var days = new List<DayQuality>();
        var shapes = QuestionStore.Shapes(tx, name);
        var budget = MostSamples;
        foreach (var day in calendar.Buckets(Tier.Day, calendar.Widen(Tier.Day, new Span(from.Micros, Math.Max(until.Micros, from.Micros + 1)))).Where(d => d.From < now))
        {
            var past = day with { Until = Math.Min(day.Until, now) };
            var points = new List<Point>();
            var periods = default(List<PlannedPeriod>);
            foreach (var shape in shapes)
            {
                var samples = SampleStore.Range(tx, shape.SourceId, past, budget + 1);
                budget -= samples.Count;
                if (budget < 0)
                {
                    throw new QuestionRefused($"{name} has more than {MostSamples} samples from {from} to {until}; ask for fewer days");
                }

                points.AddRange(samples.Select(s => s.Of(shape.Ordinal)).OfType<Point>());
            }

            foreach (var source in shapes.Select(s => s.SourceId).Distinct())
            {
                if (options.Schedule?.Find(tx, source, Bounds.ToInstant(past.From), Bounds.ToInstant(past.Until)) is { } known)
                {
                    (periods ??= []).AddRange(known);
                }
            }

            points.Sort((a, b) => a.At.CompareTo(b.At));
            var swaps = shapes.SelectMany(s => s.Swaps).ToList();
            days.Add(DayJudge.Judge(name, series.Kind, calendar.DateText(day.From), past, points, new Planned(periods), swaps) with { Duplicates = shapes.Sum(s => Duplicates.Count(tx, s, day)) });
        }

        return days;
    }
}
