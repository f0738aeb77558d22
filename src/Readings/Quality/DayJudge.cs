using Rondo.Readings.Rollups;
using Rondo.Readings.Swaps;
using Rondo.Storage;

namespace Rondo.Readings.Quality;

/// <summary>Judges the readings of one series and day.</summary>
internal static class DayJudge
{
    private const int Few = 20;
    private const double Far = 10;
    private static readonly long _stuckFor = TimeSpan.FromHours(3).Ticks / 10;

    /// <summary>The judgement.</summary>
    /// <param name="name">The series.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="date">The day, in words.</param>
    /// <param name="day">The day, as far as it is over.</param>
    /// <param name="points">Its readings, in order.</param>
    /// <param name="planned">What was planned.</param>
    /// <param name="swaps">Declared swaps of its meter: the new one may begin below.</param>
    public static DayQuality Judge(string name, string kind, string date, Span day, List<Point> points, Planned planned, List<Swap> swaps)
    {
        var gaps = Gaps(day, points, planned).ToList();
        return new DayQuality
        {
            Series = name,
            Day = date,
            Expected = planned.Count(day),
            Present = points.Count,
            GapCount = gaps.Count,
            Gaps = [.. gaps.OrderByDescending(g => g.To - g.From).Take(DayQuality.MostGaps).OrderBy(g => g.From)],
            Suspect = points.Count(p => p.IsSuspect),
            Outliers = kind is "gauge" or "energy" ? Outliers(points) : 0,
            Stuck = kind == "gauge" ? Stuck(points) : null,
            Negative = kind switch
            {
                "counter" => points.Skip(1).Zip(points, (later, earlier) => later.Value < earlier.Value && !swaps.Exists(s => s.At > earlier.At && s.At <= later.At)).Count(isLower => isLower),
                "energy" => points.Count(p => p.Value < 0),
                _ => 0,
            },
        };
    }

    private static IEnumerable<ReadingGap> Gaps(Span day, List<Point> points, Planned planned) => planned.StepUs is { } step && planned.Count(day) > 0 ? GapsBetween(day, points, step) : GapsOf(day, points, planned);

    // Where only the interval is known it is told by distances: the beginning of the day stands for the instant of a first reading. A clock that is changed by half an hour moves readings of whole hours.
    private static IEnumerable<ReadingGap> GapsBetween(Span day, List<Point> points, long step)
    {
        var from = day.From;
        foreach (var until in points.Select(p => p.At).Append(day.Until))
        {
            // Half an interval is no reading; so a hole is what Planned.Hole says it is.
            if ((until - from + (step / 2) - 1) / step is > 0 and var missing)
            {
                yield return new ReadingGap(new Instant(from), new Instant(until), missing);
            }

            from = until + step;
        }
    }

    private static IEnumerable<ReadingGap> GapsOf(Span day, List<Point> points, Planned planned)
    {
        var from = day.From;
        for (var i = 0; i <= points.Count; i++)
        {
            var until = i < points.Count ? points[i].At : day.Until;
            var missing = from < until ? planned.Count(new Span(from, until)) : 0;
            if (missing > 0 || (missing is null && until - from > planned.Hole(from)))
            {
                // The reading before, where nobody knows what was planned.
                yield return new ReadingGap(new Instant(planned.First(new Span(from, until)) ?? Math.Max(day.From, from - 1)), new Instant(until), missing);
            }

            from = until + 1;
        }
    }

    private static int Outliers(List<Point> points)
    {
        if (points.Count < Few)
        {
            return 0;
        }

        var middle = Median(points.Select(p => p.Value));
        var distances = points.ConvertAll(p => Math.Abs(p.Value - middle));

        // Where more than half of them are one value (a night without sun), the middle distance is nothing, and the mean one has to do.
        var usual = Median(distances) is > 0 and var half ? 1.4826 * half : 1.2533 * distances.Average();
        return usual > 0 ? distances.Count(d => d > Far * usual) : 0;
    }

    private static StuckValue? Stuck(List<Point> points)
    {
        var (bestFrom, bestTo) = (0, -1);
        for (var i = 0; i < points.Count;)
        {
            var end = i;
            while (end + 1 < points.Count && points[end + 1].Value.Equals(points[i].Value))
            {
                end++;
            }

            if (end - i > bestTo - bestFrom)
            {
                (bestFrom, bestTo) = (i, end);
            }

            i = end + 1;
        }

        var count = bestTo - bestFrom + 1;
        return count >= Few && points[bestTo].At - points[bestFrom].At >= _stuckFor
            ? new StuckValue(points[bestFrom].Value, new Instant(points[bestFrom].At), new Instant(points[bestTo].At), count)
            : null;
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
