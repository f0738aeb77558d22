using Rondo.Imports.Sources;
using Rondo.Jobs;
using Rondo.Loops;
using Rondo.Readings.Archive;
using Rondo.Readings.Quality;
using Rondo.Readings.Retention;
using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Host;

/// <summary>What every server does about readings by itself: rolls them up, lets go of old ones, packs them, judges them, fetches files of them.</summary>
internal static class ReadingUpkeep
{
    /// <summary>Starts the loops.</summary>
    public static void Start(LoopSupervisor supervisor, Database database, RetentionOptions retention, TimeProvider time)
    {
        supervisor.Start(new RetentionLoop(database, retention, Server.Rollups, time));
        if (retention.ArchiveAfter is { } archiveAfter && database.Address.Kind == DatabaseKind.Sqlite)
        {
            supervisor.Start(new ArchiveLoop(database, archiveAfter, time));
        }

        supervisor.Start(new RollupLoop(database, Server.Rollups, time));
        supervisor.Start(new LateDaysLoop(database, Server.Rollups, time));
    }

    /// <summary>What recurs because the settings say so.</summary>
    public static async Task<JobSchedules> SchedulesAsync(Database database, ServerOptions more, CancellationToken stop)
    {
        var schedules = SourceList.AddTo(new JobSchedules("server"), more.Sources);
        return more.QualityAt is { } at
            ? QualityJob.AddTo(schedules, at, await database.ReadAsync("rollups.zone", tx => SiteZone.Of(tx).Zone, stop).ConfigureAwait(false))
            : schedules;
    }
}
