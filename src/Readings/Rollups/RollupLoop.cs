using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Readings.Rollups;

/// <summary>Keeps rollups behind the samples by seconds. Every server has one; they share the sources.</summary>
/// <param name="database">The database.</param>
/// <param name="options">How.</param>
/// <param name="time">Time.</param>
public sealed class RollupLoop(Database database, RollupOptions options, TimeProvider time) : Loop("readings.rollup", time)
{
    private readonly RollupRunner _runner = new(database, options);
    private static readonly TimeSpan _longestRest = TimeSpan.FromMilliseconds(200);
    private long? _looked;
    private long _worked;

    /// <inheritdoc/>
    /// <remarks>One transaction is short, and each is a sign of life.</remarks>
    public override TimeSpan StuckAfter => TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        if (_looked is { } looked && Time.GetElapsedTime(looked) < options.EveryOrdered)
        {
            await _runner.RunMarkedAsync(Beat, stop).ConfigureAwait(false);
            return options.Every;
        }

        // Ten thousand sources are twenty statements: not with every look for marks, and not by all nodes every few seconds.
        var now = _worked = Time.GetTimestamp();
        await _runner.RunAsync(isAll: false, Beat, stop, () => RestAsync(stop)).ConfigureAwait(false);
        _looked = now;
        return options.Every;
    }

    // Half of the time at most: the sources of all pollers are due when a quarter of an hour is over, and polling goes on beside.
    private async Task RestAsync(CancellationToken stop)
    {
        Beat();
        var took = Time.GetElapsedTime(_worked);
        await Task.Delay(took < _longestRest ? took : _longestRest, Time, stop).ConfigureAwait(false);
        _worked = Time.GetTimestamp();
    }
}
