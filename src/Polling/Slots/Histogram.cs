using System.Globalization;
using System.Numerics;
using System.Text;

namespace Rondo.Polling.Slots;

/// <summary>
/// Counts of durations in buckets that grow by a quarter of a power of two (so a percentile is right within about 10 %), from 1 µs to over an hour.
/// Stored as sparse text, merged by addition. Not thread-safe.
/// </summary>
public sealed class Histogram
{
    private const int Buckets = 128;
    private int[] _counts = [];
    private int _low = Buckets;
    private int _high = -1;

    /// <summary>How many values were added.</summary>
    public long Count { get; private set; }

    /// <summary>Adds a value in microseconds; negative ones count as zero.</summary>
    public void Add(long micros)
    {
        var bucket = BucketOf(micros);
        Room();
        _counts[bucket]++;
        _low = Math.Min(_low, bucket);
        _high = Math.Max(_high, bucket);
        Count++;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Clear(_counts);
        Count = 0;
        _low = Buckets;
        _high = -1;
    }

    /// <summary>The value below which <paramref name="fraction"/> of all lie, in milliseconds; null when empty.</summary>
    public double? Percentile(double fraction)
    {
        if (Count == 0)
        {
            return null;
        }

        var rank = Math.Max(1, (long)Math.Ceiling(fraction * Count));
        for (var bucket = _low; bucket <= _high; bucket++)
        {
            rank -= _counts[bucket];
            if (rank <= 0)
            {
                return UpperBound(bucket) / 1000.0;
            }
        }

        return UpperBound(_high) / 1000.0;
    }

    /// <summary>Adds what <see cref="ToString"/> wrote.</summary>
    public void Merge(string text)
    {
        foreach (var part in text.AsSpan().Split(' '))
        {
            var pair = text.AsSpan(part);
            var colon = pair.IndexOf(':');
            if (colon > 0
                && int.TryParse(pair[..colon], CultureInfo.InvariantCulture, out var bucket) && bucket is >= 0 and < Buckets
                && int.TryParse(pair[(colon + 1)..], CultureInfo.InvariantCulture, out var count) && count > 0)
            {
                Room();
                _counts[bucket] += count;
                Count += count;
                _low = Math.Min(_low, bucket);
                _high = Math.Max(_high, bucket);
            }
        }
    }

    /// <summary>Sparse text: <c>bucket:count bucket:count</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        for (var bucket = _low; bucket <= _high; bucket++)
        {
            if (_counts[bucket] > 0)
            {
                text.Append(text.Length == 0 ? "" : " ").Append(bucket).Append(':').Append(_counts[bucket]);
            }
        }

        return text.ToString();
    }

    // Hours in which everything was missed have no durations: they get no array.
    private void Room()
    {
        if (_counts.Length == 0)
        {
            _counts = new int[Buckets];
        }
    }

    private static int BucketOf(long micros)
    {
        if (micros < 4)
        {
            return (int)Math.Max(0, micros);
        }

        var power = BitOperations.Log2((ulong)micros);
        var quarter = (int)((micros >> (power - 2)) & 3);
        return Math.Min(Buckets - 1, (power - 1) * 4 + quarter);
    }

    private static double UpperBound(int bucket)
    {
        if (bucket < 4)
        {
            return bucket + 1;
        }

        var power = (bucket / 4) + 1;
        return Math.Pow(2, power) * (1 + ((bucket % 4) + 1) / 4.0);
    }
}
