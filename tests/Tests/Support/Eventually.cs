using System.Diagnostics;

namespace Rondo.Tests.Support;

/// <summary>Waits, in real time and with a bound, for a fact; the bound is for the failing case only, so it may be generous.</summary>
public static class Eventually
{
    public static readonly TimeSpan DefaultBound = TimeSpan.FromSeconds(15);

    /// <summary>Waits until <paramref name="fact"/> holds; fails with <paramref name="what"/> when it does not come true.</summary>
    public static Task TrueAsync(Func<bool> fact, string what, TimeSpan? within = null) =>
        TrueAsync(() => Task.FromResult(fact()), what, within);

    /// <inheritdoc cref="TrueAsync(Func{bool}, string, TimeSpan?)"/>
    public static Task TrueAsync(Func<Task<bool>> fact, string what, TimeSpan? within = null) =>
        GetAsync(fact, holds => holds, what, within);

    /// <summary>Reads a value until <paramref name="isGood"/> accepts it, and returns it; the failure shows the last value read.</summary>
    public static async Task<T> GetAsync<T>(Func<Task<T>> read, Func<T, bool> isGood, string what, TimeSpan? within = null)
    {
        var bound = within ?? DefaultBound;
        var started = Stopwatch.GetTimestamp();
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (true)
        {
            // The clock is read first: on a machine that stalled, one more look is owed after the bound.
            var isLast = Stopwatch.GetElapsedTime(started) >= bound;
            var value = await read();
            if (isGood(value))
            {
                return value;
            }

            if (isLast)
            {
                Assert.Fail($"Not within {bound.TotalSeconds:0.#} s: {what}. Last value: {value}");
            }

            await again.WaitForNextTickAsync();
        }
    }
}
