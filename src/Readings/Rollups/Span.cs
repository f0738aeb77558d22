namespace Rondo.Readings.Rollups;

/// <summary>A stretch of time in microseconds since the epoch, without its end.</summary>
/// <param name="From">First microsecond.</param>
/// <param name="Until">First microsecond that is not in it.</param>
internal readonly record struct Span(long From, long Until)
{
    public bool Holds(long at) => at >= From && at < Until;

    public bool Covers(Span other) => other.From >= From && other.Until <= Until;

    /// <summary>The same instants in as few spans as possible, in order.</summary>
    public static List<Span> Merge(IEnumerable<Span> spans)
    {
        var merged = new List<Span>();
        foreach (var span in spans.Where(s => s.From < s.Until).OrderBy(s => s.From))
        {
            if (merged.Count > 0 && span.From <= merged[^1].Until)
            {
                merged[^1] = merged[^1] with { Until = Math.Max(merged[^1].Until, span.Until) };
            }
            else
            {
                merged.Add(span);
            }
        }

        return merged;
    }

    /// <summary>The same, and what touches the same or neighbouring buckets in one span: in between there is nothing that would not be computed anyway.</summary>
    public static List<Span> Join(IEnumerable<Span> spans, SiteCalendar calendar, Tier tier)
    {
        var joined = new List<Span>();
        foreach (var span in Merge(spans))
        {
            if (joined.Count > 0 && calendar.Bucket(tier, span.From).From <= calendar.Bucket(tier, joined[^1].Until - 1).Until)
            {
                joined[^1] = joined[^1] with { Until = span.Until };
            }
            else
            {
                joined.Add(span);
            }
        }

        return joined;
    }
}
