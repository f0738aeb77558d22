using Microsoft.Extensions.Logging;
using Rondo.Polling.Ledger;
using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>The same for a node that polls: it has the slots looked at again when time jumped.</summary>
internal sealed class ClockLoop(Database database, PollingOptions options, Action wake, TimeProvider time, ILogger log) : DatabaseClockLoop(database, time)
{
    private readonly Database _database = database;
    private long _steps;

    /// <summary>Steps of the clock seen since the start.</summary>
    public long Steps => Interlocked.Read(ref _steps);

    /// <summary>The last step, and when it was seen.</summary>
    public (TimeSpan Step, Instant At)? LastStep { get; private set; }

    protected override async ValueTask SteppedAsync(ClockReading reading, CancellationToken stop)
    {
        Interlocked.Increment(ref _steps);
        LastStep = (reading.Step, reading.Now);
        PollingLog.ClockStepped(log, reading.Step.TotalSeconds);
        if (reading.Step > TimeSpan.Zero)
        {
            // The new time may lie beyond the partitions that are there.
            await Upkeep.PrepareAsync(_database, options, stop).ConfigureAwait(false);
        }

        wake();
    }
}
