namespace Rondo.Readings.Rollups;

/// <summary>Folds samples into the finest buckets of one series.</summary>
internal sealed class SeriesFold(SeriesShape series, SiteCalendar calendar, Tier tier, Planned planned)
{
    /// <summary>The buckets of a span that have readings, in order.</summary>
    /// <param name="span">Whole buckets.</param>
    /// <param name="samples">Samples of the source that have all of the span, in order.</param>
    /// <param name="neighbours">Finds what lies before and after it.</param>
    public List<Parts> Of(Span span, List<SourceSample> samples, Neighbours neighbours)
    {
        var rows = new List<Parts>();
        var points = new List<Point>();
        var bucket = default(Span);
        foreach (var sample in samples)
        {
            if (!span.Holds(sample.At) || sample.Of(series.Ordinal) is not { } point)
            {
                continue;
            }

            if (!bucket.Holds(point.At))
            {
                bucket = calendar.Bucket(tier, point.At);
                rows.Add(new Parts { At = bucket.From, Expected = planned.Count(bucket) });
            }

            rows[^1].Add(point.Value, point.IsSuspect);
            points.Add(point);
        }

        if (series.IsCounter && points.Count > 0)
        {
            Rise(rows, neighbours.Before(series, span.From, 1), points, neighbours.After(series, span.Until, 2));
        }

        return rows;
    }

    private void Rise(List<Parts> rows, List<Point> before, List<Point> points, List<Point> after)
    {
        List<Point> all = [.. before, .. points, .. after];
        var row = -1;
        for (var i = before.Count; i < before.Count + points.Count; i++)
        {
            while (row + 1 < rows.Count && rows[row + 1].At <= all[i].At)
            {
                row++;
                (rows[row].Delta, rows[row].Unallocated) = (0, 0);
            }

            if (CounterWalk.From(all, i, series.Modulus, series.Swaps) is not var (rise, until))
            {
                continue;
            }

            if (until - all[i].At > planned.Hole(all[i].At))
            {
                rows[row].Unallocated = Exact.Sum(rows[row].Unallocated, rise);
            }
            else
            {
                rows[row].Delta = Exact.Sum(rows[row].Delta, rise);
            }
        }
    }
}
