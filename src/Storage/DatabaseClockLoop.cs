using Rondo.Loops;

namespace Rondo.Storage;

/// <summary>
/// Keeps the offset of the database clock fresh, for whoever opened the database for longer than a command: else its time drifts from the others', and never follows a step.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="time">Time.</param>
public class DatabaseClockLoop(Database database, TimeProvider time) : Loop("database.clock", time)
{
    private static readonly TimeSpan _every = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected sealed override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        var reading = await database.MeasureClockAsync(stop).ConfigureAwait(false);
        if (reading.Step != TimeSpan.Zero)
        {
            await SteppedAsync(reading, stop).ConfigureAwait(false);
        }

        return _every;
    }

    /// <summary>Time jumped.</summary>
    protected virtual ValueTask SteppedAsync(ClockReading reading, CancellationToken stop) => ValueTask.CompletedTask;
}
