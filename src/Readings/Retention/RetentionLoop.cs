using Rondo.Loops;
using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Readings.Retention;

/// <summary>Lets go of readings and buckets that are older than their retention. Every server has one.</summary>
/// <param name="database">The database.</param>
/// <param name="options">How long what is kept.</param>
/// <param name="rollups">How readings are rolled up.</param>
/// <param name="time">Time.</param>
public sealed class RetentionLoop(Database database, RetentionOptions options, RollupOptions rollups, TimeProvider time) : Loop("readings.retention", time)
{
    private static readonly TimeSpan _every = TimeSpan.FromMinutes(30);
    private readonly ReadingRetention _retention = new(database, options, rollups);

    /// <inheritdoc/>
    /// <remarks>A shortened retention may have a lot to let go of; every piece of it is bounded and a sign of life.</remarks>
    public override TimeSpan StuckAfter => TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        await _retention.RunAsync(Beat, stop).ConfigureAwait(false);
        return _every;
    }
}
