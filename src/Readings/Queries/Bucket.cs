using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Readings.Queries;

/// <summary>One bucket of an answer. Numbers are null where there is none: there were no readings, or the number makes no sense for what the series is.</summary>
public sealed record Bucket
{
    /// <summary>Where it begins.</summary>
    public Instant At { get; init; }

    /// <summary>What was asked for; the other numbers are beside it in any case.</summary>
    public decimal? Value { get; init; }

    /// <summary>Readings in it.</summary>
    public int Count { get; init; }

    /// <summary>Readings planned in it; null when nobody knows.</summary>
    public int? Expected { get; init; }

    /// <summary>Of its readings, not plainly good.</summary>
    public int Suspect { get; init; }

    /// <summary>Mean.</summary>
    public decimal? Avg { get; init; }

    /// <summary>Sum, exact.</summary>
    public decimal? Sum { get; init; }

    /// <summary>Lowest.</summary>
    public double? Min { get; init; }

    /// <summary>Highest.</summary>
    public double? Max { get; init; }

    /// <summary>First.</summary>
    public double? First { get; init; }

    /// <summary>Last.</summary>
    public double? Last { get; init; }

    /// <summary>What the counter rose by in it, exact; for interval energy the sum.</summary>
    public decimal? Delta { get; init; }

    /// <summary>What it rose by across holes that begin in it: nobody knows when.</summary>
    public decimal? DeltaUnallocated { get; init; }

    /// <summary>True when the value is not out of readings but filled in.</summary>
    public bool IsFilled { get; init; }

    internal static Bucket Of(Parts parts, string kind, Aggregate aggregate)
    {
        var isEnergy = kind == "energy";
        var bucket = new Bucket
        {
            At = new Instant(parts.At),
            Count = parts.Readings,
            Expected = parts.Expected,
            Suspect = parts.Suspect,
            Avg = Short(parts.Total is { } total ? decimal.Round(total / parts.Readings, Exact.Places) : null),
            Sum = Short(parts.Total),
            Min = parts.Low,
            Max = parts.High,
            First = parts.First,
            Last = parts.Last,
            Delta = Short(isEnergy ? parts.Total : parts.Delta),
            DeltaUnallocated = Short(parts.Unallocated),
        };
        return bucket with
        {
            Value = aggregate switch
            {
                Aggregate.Avg => bucket.Avg,
                Aggregate.Sum => bucket.Sum,
                Aggregate.Min => Short(Exact.Of(parts.Low)),
                Aggregate.Max => Short(Exact.Of(parts.High)),
                Aggregate.First => Short(Exact.Of(parts.First)),
                Aggregate.Last => Short(Exact.Of(parts.Last)),
                Aggregate.Delta => Short(bucket.Delta + (bucket.DeltaUnallocated ?? 0)),
                _ => bucket.Count,
            },
        };
    }

    /// <summary>One bucket of many, which are in order.</summary>
    internal static Bucket? Whole(IReadOnlyList<Bucket> buckets)
    {
        if (buckets.Count == 0)
        {
            return null;
        }

        var (sum, count) = (buckets.Any(b => b.Sum is null) ? null : buckets.Sum(b => b.Sum), buckets.Sum(b => b.Count));
        return new Bucket
        {
            At = buckets[0].At,
            Count = count,
            Suspect = buckets.Sum(b => b.Suspect),
            Avg = Short(sum is { } total ? decimal.Round(total / count, Exact.Places) : null),
            Sum = Short(sum),
            Min = buckets.Min(b => b.Min),
            Max = buckets.Max(b => b.Max),
            First = buckets[0].First,
            Last = buckets[^1].Last,
            Delta = buckets.Any(b => b.Delta is null) ? null : Short(buckets.Sum(b => b.Delta)),
            DeltaUnallocated = buckets.Any(b => b.DeltaUnallocated is null) ? null : Short(buckets.Sum(b => b.DeltaUnallocated)),
        };
    }

    // 2.50 and 2.5 are one number: both databases have to write it alike.
    internal static decimal? Short(decimal? value) => value / 1.0000000000000000000000000000m;
}
