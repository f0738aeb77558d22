namespace Rondo.Metrics;

/// <summary>A number that only rises, from 0 at the start of the process. May be added to by any thread, in a few nanoseconds.</summary>
public sealed class Counter
{
    private long _value;

    /// <summary>How much so far.</summary>
    public long Value => Interlocked.Read(ref _value);

    /// <summary>Adds <paramref name="amount"/>, which is not negative.</summary>
    public void Add(long amount = 1) => Interlocked.Add(ref _value, amount);
}
