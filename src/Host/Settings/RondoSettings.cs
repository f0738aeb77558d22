using Rondo.Host.Http;
using Rondo.Host.Logs;
using Rondo.Host.Metrics;
using Rondo.Jobs;
using Rondo.Live;
using Rondo.Nodes;
using Rondo.Polling;
using Rondo.Readings.Retention;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Settings;

/// <summary>Everything that can be set, as this start has it.</summary>
internal sealed record RondoSettings
{
    /// <summary>Where the database is.</summary>
    public required DatabaseAddress Database { get; init; }

    /// <summary>What a server does: <c>poll</c>, <c>api</c>.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Where the HTTP API listens, and for whom.</summary>
    public required HttpSettings Http { get; init; }

    /// <summary>False: processes neither tell one another of changes nor hear of them. For trying that nothing depends on it.</summary>
    public bool Hints { get; init; } = true;

    /// <summary>A Redis that carries hints beside the database; null for none.</summary>
    public RedisAddress? Redis { get; init; }

    /// <summary>The key ring; by default where <see cref="KeyFolder"/> says.</summary>
    public KeyRingPlace Keys { get; init; } = new();

    /// <summary>How lines of the log are written.</summary>
    public LogFormat LogFormat { get; init; }

    /// <summary>Settings of metrics.</summary>
    public MetricsOptions Metrics { get; init; } = new();

    /// <summary>The application that the Pusher-compatible door serves.</summary>
    public PusherChoice Pusher { get; init; } = new();

    /// <summary>Settings of polling.</summary>
    public required PollingOptions Polling { get; init; }

    /// <summary>Settings of jobs.</summary>
    public JobsOptions Jobs { get; init; } = new();

    /// <summary>Settings of the log of events and of the feed.</summary>
    public LiveOptions Live { get; init; } = new();

    /// <summary>Settings of imports.</summary>
    public ImportChoice Imports { get; init; } = new();

    /// <summary>The time zone of the site, an IANA name; null for the one that the database has, which is UTC until another was said.</summary>
    public string? TimeZone { get; init; }

    /// <summary>When each day the quality of the day before is judged; null for never.</summary>
    public TimeOnly? QualityAt { get; init; }

    /// <summary>How long readings and their rollups are kept.</summary>
    public RetentionOptions Retention { get; init; } = new();
}

/// <summary>One setting with where its value came from.</summary>
/// <param name="Key">Its name in the file, dotted.</param>
/// <param name="Value">The value as it may be shown: secrets are masked.</param>
/// <param name="Source"><c>default</c>, the file's path, the environment variable, or the option.</param>
internal sealed record SettingValue(string Key, string Value, string Source);

/// <summary>What reading the settings gave.</summary>
/// <param name="Settings">The settings; null when there are problems.</param>
/// <param name="Values">Every setting that could be read, with its source.</param>
/// <param name="Problems">What is wrong, each a sentence that names the source; empty when nothing is.</param>
/// <param name="File">The file that was read, or null.</param>
internal sealed record SettingsReading(RondoSettings? Settings, IReadOnlyList<SettingValue> Values, IReadOnlyList<string> Problems, string? File)
{
    /// <summary>True when the file that was named could not be read at all, or is not JSON.</summary>
    public bool IsFileUnreadable { get; init; }
}

/// <summary>Where settings come from. The later wins: default, file, environment, command line.</summary>
internal sealed record SettingsSources
{
    /// <summary>An environment variable, or null.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>The file that is read when it exists.</summary>
    public required string UsualFile { get; init; }

    /// <summary>The file that was named and must exist, or null.</summary>
    public string? File { get; init; }

    /// <summary>What was given on the command line; a null text was not.</summary>
    public IReadOnlyList<(string Key, string Option, string? Text)> CommandLine { get; init; } = [];
}
