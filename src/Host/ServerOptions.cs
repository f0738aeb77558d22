using Rondo.Host.Metrics;
using Rondo.Host.Settings;
using Rondo.Imports;
using Rondo.Jobs;
using Rondo.Jobs.Logs;
using Rondo.Live;
using Rondo.Live.Feed;
using Rondo.Nodes;
using Rondo.Readings.Retention;
using Rondo.Security;

namespace Rondo.Host;

/// <summary>What a server may be told beside its database, its roles and its settings of polling. Everything has a default.</summary>
internal sealed record ServerOptions
{
    /// <summary>Ends the process the hard way, when its loops are stuck and it has not ended in order; null for never.</summary>
    public Action? Hopeless { get; init; }

    /// <summary>False to neither tell other processes of changes nor hear of them.</summary>
    public bool IsHinting { get; init; } = true;

    /// <summary>A Redis that carries these hints beside the database; null for none.</summary>
    public RedisAddress? Redis { get; init; }

    /// <summary>Settings of jobs.</summary>
    public JobsOptions Jobs { get; init; } = new();

    /// <summary>Files of the log, one a queue, which the log has been given; null for none.</summary>
    public JobLogFiles? JobLogs { get; init; }

    /// <summary>The key ring; null for where it is by default.</summary>
    public KeyRingPlace? Keys { get; init; }

    /// <summary>Bounds of the feed.</summary>
    public LiveOptions Live { get; init; } = new();

    /// <summary>Who may listen to the feed; null for whoever has a token.</summary>
    public IFeedAccess? FeedAccess { get; init; }

    /// <summary>What is slow, and where numbers are sent.</summary>
    public MetricsOptions Metrics { get; init; } = new();

    /// <summary>Settings of imports; null for the defaults of the database.</summary>
    public ImportOptions? Imports { get; init; }

    /// <summary>The time zone in which readings are rolled up, an IANA name; null for the one that is stored.</summary>
    public string? TimeZone { get; init; }

    /// <summary>How long readings and their rollups are kept; samples of pollers as long as the settings of polling say.</summary>
    public RetentionOptions Retention { get; init; } = new();

    /// <summary>When each day the quality of the day before is judged, on the clock of the site; null for never.</summary>
    public TimeOnly? QualityAt { get; init; }

    /// <summary>What the settings say to whatever runs a server, be it <c>serve</c> or <c>work</c>.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="files">Files of the log, one a queue; null for none.</param>
    /// <param name="variable">Reads the environment.</param>
    public static ServerOptions Of(RondoSettings settings, JobLogFiles? files, Func<string, string?> variable) => new()
    {
        IsHinting = settings.Hints,
        Redis = settings.Redis,
        Jobs = settings.Jobs,
        JobLogs = files,
        Keys = settings.Keys,
        Live = settings.Live,
        Metrics = settings.Metrics,
        Imports = settings.Imports.Options(settings.Database, settings.Retention.Imported, variable),
        TimeZone = settings.TimeZone,
        Retention = settings.Retention,
        QualityAt = settings.QualityAt,
    };
}
