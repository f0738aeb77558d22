using Rondo.Storage;

namespace Rondo.Jobs.Pump;

/// <summary>
/// How many go into one batch: half as many after one that the database did not take in time, which it would not take the next time either; and a little more after each that it took.
/// </summary>
/// <param name="most">Where it begins and ends.</param>
internal sealed class BatchSize(int most)
{
    private int? _less;

    /// <summary>At most so many now.</summary>
    public int Now => _less ?? most;

    /// <summary>A batch of <paramref name="tried"/> failed.</summary>
    public void Failed(int tried, StorageFault fault)
    {
        if (fault.Kind is StorageFaultKind.Busy or StorageFaultKind.Unavailable)
        {
            _less = Math.Max(1, Math.Min(tried, Now) / 2);
        }
    }

    /// <summary>A batch was taken.</summary>
    public void Taken() => _less = Math.Min(most, Now + (Now / 8) + 1);
}
