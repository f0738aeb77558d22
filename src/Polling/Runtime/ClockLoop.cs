using Microsoft.Extensions.Logging;
using Rondo.Loops;
using Rondo.Polling.Ledger;
using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>Keeps the offset of the database clock fresh, and has the slots looked at again when time jumped.</summary>
internal sealed class ClockLoop(Database database, PollingOptions options, Action wake, TimeProvider time, ILogger log) : Loop("polling.clock", time)
{
    private long _steps;

    /// <summary>Steps of the clock seen since the start.</summary>
    public long Steps => Interlocked.Read(ref _steps);

    /// <summary>The last step, and when it was seen.</summary>
    public (TimeSpan Step, Instant At)? LastStep { get; private set; }

    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        var reading = await database.MeasureClockAsync(stop).ConfigureAwait(false);
        if (reading.Step != TimeSpan.Zero)
        {
            Interlocked.Increment(ref _steps);
            LastStep = (reading.Step, reading.Now);
            PollingLog.ClockStepped(log, reading.Step.TotalSeconds);
            if (reading.Step > TimeSpan.Zero)
            {
                // The new time may lie beyond the partitions that are there.
                await Upkeep.PrepareAsync(database, options, stop).ConfigureAwait(false);
            }

            wake();
        }

        return TimeSpan.FromSeconds(1);
    }
}
