using Microsoft.Extensions.Logging;
using Rondo.Jobs;
using Rondo.Live.Log;
using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Imports;

/// <summary>
/// Lets go of imports and files that are older than their retention, once a day and when it starts; and writes down, every few minutes, which imports have ended without a word. Every
/// node that runs imports has one; what one does the others find done.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="options">Settings.</param>
/// <param name="events">The log of events; null for none.</param>
/// <param name="queue">Accepts the calls to whoever is told of ends; null for nobody.</param>
/// <param name="time">Time.</param>
/// <param name="log">Where lines go.</param>
public sealed class ImportUpkeep(Database database, ImportOptions options, EventLog? events, JobQueue? queue, TimeProvider time, ILogger log) : Loop("imports.upkeep", time)
{
    private static readonly TimeSpan _every = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan _pruneEvery = TimeSpan.FromDays(1);
    private long? _pruned;

    /// <inheritdoc/>
    /// <remarks>Each step is short, and a sign of life; a folder on a slow disk may have many files.</remarks>
    public override TimeSpan StuckAfter => TimeSpan.FromMinutes(30);

    /// <inheritdoc/>
    /// <remarks>What keeps files from being deleted is there for longer than seconds, and there may be many to look at.</remarks>
    protected override (TimeSpan First, TimeSpan Cap) BackoffRange => (TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(10));

    /// <inheritdoc/>
    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        await new Retention.Settling(database, events, queue).RunAsync(stop).ConfigureAwait(false);
        if (options.Retention is { } kept && (_pruned is not { } pruned || Time.GetElapsedTime(pruned) >= _pruneEvery))
        {
            var began = Time.GetTimestamp();
            var report = await new Retention.ImportPrune(database, options, events, queue, Time).RunAsync(kept, isDryRun: false, Beat, stop).ConfigureAwait(false);
            var imports = report.States.Sum(s => s.Imports);
            if (imports + report.Files.Count + report.Orphans.Count > 0)
            {
                ImportsLog.Pruned(log, imports, report.Files.Count + report.Orphans.Count, report.Files.Bytes + report.Orphans.Bytes);
            }

            _pruned = began;
        }

        return _every;
    }
}
