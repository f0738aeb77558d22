using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Readings.Queries;

/// <summary>Puts buckets where there are none.</summary>
internal static class Gaps
{
    public static List<Bucket> Fill(List<Bucket> buckets, IEnumerable<Span> all, GapFill how)
    {
        var filled = new List<Bucket>();
        var next = 0;
        foreach (var span in all)
        {
            if (next < buckets.Count && buckets[next].At.Micros == span.From)
            {
                filled.Add(buckets[next++]);
                continue;
            }

            var (before, after) = (next > 0 ? buckets[next - 1] : null, next < buckets.Count ? buckets[next] : null);
            var value = how switch
            {
                GapFill.Previous => before?.Value,
                GapFill.Linear => Between(before, after, span.From),
                _ => null,
            };
            filled.Add(new Bucket { At = new Instant(span.From), Value = value, IsFilled = value is not null });
        }

        return filled;
    }

    // Not beyond the first and the last that are known: that would be a forecast.
    private static decimal? Between(Bucket? before, Bucket? after, long at)
    {
        if (before?.Value is not { } from || after?.Value is not { } to)
        {
            return null;
        }

        var share = (decimal)(at - before.At.Micros) / (after.At.Micros - before.At.Micros);
        return Bucket.Short(decimal.Round(from + ((to - from) * share), Exact.Places));
    }
}
