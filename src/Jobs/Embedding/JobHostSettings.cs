using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Storage.Schema;

namespace Rondo.Jobs;

/// <summary>Settings of a <see cref="JobHost"/>; all of them optional.</summary>
public sealed record JobHostSettings
{
    /// <summary>Settings of the queue: workers, retention, how long a stop waits. Its log files are for <c>rondo serve</c> and refused here: see <see cref="Log"/>.</summary>
    public JobsOptions Jobs { get; init; } = new();

    /// <summary>Recurring jobs of the program; null for none.</summary>
    public JobSchedules? Schedules { get; init; }

    /// <summary>True: runs jobs. False: only enqueues, beside others that run them; on SQLite another process then holds the file as its server.</summary>
    public bool RunsJobs { get; init; } = true;

    /// <summary>The program's own tables, applied after those of the queue (<see cref="Migration.Of"/>). Default none.</summary>
    public IReadOnlyList<Migration> Migrations { get; init; } = [];

    /// <summary>Where log lines go. Default nowhere.</summary>
    public ILogger Log { get; init; } = NullLogger.Instance;

    /// <summary>Time. Default the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
