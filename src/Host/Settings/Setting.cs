using Rondo.Host.Http;
using Rondo.Host.Logs;
using Rondo.Host.Metrics;
using Rondo.Jobs;
using Rondo.Live;
using Rondo.Nodes;
using Rondo.Polling;
using Rondo.Polling.Configuration;
using Rondo.Readings.Retention;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Settings;

/// <summary>The settings while they are gathered.</summary>
internal sealed class SettingsDraft
{
    public DatabaseAddress? Database { get; set; }

    public IReadOnlyList<string> Roles { get; set; } = [];

    public HttpSettings Http { get; set; } = new();

    public bool Hints { get; set; } = true;

    public RedisAddress? Redis { get; set; }

    public KeyRingPlace Keys { get; set; } = new();

    public LogFormat LogFormat { get; set; }

    public MetricsOptions Metrics { get; set; } = new();

    public PusherChoice Pusher { get; set; } = new();

    public PollingOptions Polling { get; } = new();

    public JobsOptions Jobs { get; set; } = new();

    public LiveOptions Live { get; set; } = new();

    public ImportChoice Imports { get; set; } = new();

    public string? TimeZone { get; set; }

    public RetentionOptions Retention { get; set; } = new();

    public TimeOnly? QualityAt { get; set; }
}

/// <summary>One thing that can be set.</summary>
/// <param name="Key">Its name in the file, dotted: <c>polling.gather</c>.</param>
/// <param name="Default">Its default, as it would be written.</param>
/// <param name="Meaning">One line for people.</param>
/// <param name="Take">Reads a text into the draft; returns what is wrong with it, or null.</param>
internal sealed record Setting(string Key, Func<Func<string, string?>, string> Default, string Meaning, Func<SettingsDraft, string, string?> Take)
{
    /// <summary>How it is written that something is kept for ever.</summary>
    public const string Forever = "forever";

    /// <summary>How it is written that there is none.</summary>
    public const string None = "none";

    private const string Auto = "auto";

    // What holds a password and was mistyped must not be shown either.
    private const string Unreadable = "(cannot be read)";

    private static readonly string[] _roles = ["poll", "work", "api"];

    /// <summary>Its environment variable: <c>RONDO_POLLING_GATHER</c>.</summary>
    public string Variable { get; } = "RONDO_" + Key.Replace('.', '_').ToUpperInvariant();

    /// <summary>True for one that is on or off: the file may say <c>true</c> or <c>false</c> without quotes.</summary>
    public bool IsSwitch { get; init; }

    /// <summary>How a text of it is shown when it holds a secret; null for as it is.</summary>
    public Func<SettingsDraft, string, string>? Mask { get; init; }

    /// <summary>Every setting, in the order of <c>config show</c>.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("database", DataFolder.UsualDatabase, "where the database is", TakeDatabase),
        new("roles", _ => "poll,work,api", "what a server does: poll, work, api", TakeRoles),
        .. HttpOptions.All,
        new("hints", _ => "true", "whether processes tell one another of changes at once; false is for trying that nothing depends on hints", TakeHints) { IsSwitch = true },
        new("redis", _ => None, "a Redis that carries hints beside PostgreSQL: HOST:PORT, redis://user:password@HOST:PORT, or none; nothing depends on it", TakeRedis),
        new("keys.folder", _ => Auto, "folder of the key ring, or auto: PATH.keys beside a SQLite file, keys in the data folder of the user for PostgreSQL", TakeKeys),
        new("keys.master", _ => None, "a master key in base64, at least 32 bytes, that wraps the key in the key ring, or none; best given by RONDO_KEYS_MASTER", TakeMaster)
        {
            Mask = (_, text) => text == None ? None : "***",
        },
        new("log.format", _ => Auto, "how lines of the log are written: json, systemd (priorities for its journal), pretty, or auto for what suits whoever reads", TakeLogFormat),
        Whole("polling.failure_threshold", "failed polls in a row that make a device offline", o => o.FailureThreshold, (o, v) => o.FailureThreshold = v),
        Span("polling.probe_first", "first delay between probes of a failing device", o => o.ProbeFirst, (o, v) => o.ProbeFirst = v),
        Span("polling.probe_cap", "longest delay between probes", o => o.ProbeCap, (o, v) => o.ProbeCap = v),
        Span("polling.gather", "how long finished polls gather before they are committed together", o => o.Gather, (o, v) => o.Gather = v),
        Whole("polling.batch_size", "most polls in one transaction", o => o.BatchSize, (o, v) => o.BatchSize = v),
        Whole("polling.spool", "finished polls kept in memory while the database is away", o => o.Spool, (o, v) => o.Spool = v),
        Retention("polling.ledger_retention", "how long the ledger is kept, or forever", o => o.LedgerRetention, (o, v) => o.LedgerRetention = v),
        Retention("polling.reading_retention", "how long readings of devices are kept, or forever", o => o.ReadingRetention, (o, v) => o.ReadingRetention = v),
        Span("polling.validate_every", "how often a server validates its ledger", o => o.ValidateEvery, (o, v) => o.ValidateEvery = v),
        Span("polling.audit_every", "how often a server audits ownership", o => o.AuditEvery, (o, v) => o.AuditEvery = v),
        .. MetricsSettings.All,
        .. JobSettings.All,
        .. PusherSettings.All,
        .. LiveSettings.All,
        .. ImportSettings.All,
        .. ReadingSettings.All,
    ];

    /// <summary>The value as it may be shown.</summary>
    public string Shown(SettingsDraft draft, string text) => Key switch
    {
        "database" => draft.Database?.Shown ?? Unreadable,
        "redis" when text != None => draft.Redis?.Shown ?? Unreadable,
        _ => Mask?.Invoke(draft, text) ?? text,
    };

    private static string? TakeDatabase(SettingsDraft draft, string text)
    {
        string? problem;
        try
        {
            draft.Database = DatabaseAddress.TryParse(text, out problem);
        }
        catch (ArgumentException)
        {
            // What Npgsql says may repeat a part of the text, and with it a password.
            problem = "the connection string has a setting or a value that Npgsql does not know; expected sqlite:PATH or postgres://user:password@host:port/database";
        }

        return problem;
    }

    private static string? TakeRoles(SettingsDraft draft, string text)
    {
        var roles = text.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries).Distinct().ToArray();
        draft.Roles = roles;
        return roles.Length == 0 || Array.Exists(roles, r => !_roles.Contains(r)) ? $"'{text}' is no list of roles; expected some of {string.Join(", ", _roles)}, with commas" : null;
    }

    private static string? TakeHints(SettingsDraft draft, string text)
    {
        var isSwitch = bool.TryParse(text, out var value);
        draft.Hints = value;
        return isSwitch ? null : $"'{text}' is neither true nor false";
    }

    private static string? TakeKeys(SettingsDraft draft, string text)
    {
        draft.Keys = draft.Keys with { Folder = text == Auto ? null : text };
        return text == Auto || Path.IsPathFullyQualified(text) ? null : $"'{text}' is no full path of a folder; expected one such as /var/lib/rondo/keys, or {Auto}";
    }

    private static string? TakeLogFormat(SettingsDraft draft, string text)
    {
        var isFormat = LogFormats.TryParse(text, out var format);
        draft.LogFormat = format;
        return isFormat ? null : $"'{text}' is no format of log lines; expected one of {LogFormats.Words}";
    }

    private static string? TakeMaster(SettingsDraft draft, string text)
    {
        draft.Keys = draft.Keys with { Master = text == None ? null : text };
        return draft.Keys.Problem;
    }

    private static string? TakeRedis(SettingsDraft draft, string text)
    {
        string? problem = null;
        draft.Redis = text == None ? null : RedisAddress.TryParse(text, out problem);
        return problem;
    }

    private static Setting Whole(string key, string meaning, Func<PollingOptions, int> get, Action<PollingOptions, int> set) => new(
        key,
        _ => get(new PollingOptions()).ToString(),
        meaning,
        (draft, text) =>
        {
            var isNumber = int.TryParse(text, out var value);
            if (isNumber)
            {
                set(draft.Polling, value);
            }

            return isNumber ? null : $"'{text}' is not a whole number";
        });

    private static Setting Span(string key, string meaning, Func<PollingOptions, TimeSpan> get, Action<PollingOptions, TimeSpan> set) => new(
        key,
        _ => Durations.Show(get(new PollingOptions())),
        meaning,
        (draft, text) =>
        {
            var isSpan = Durations.TryParse(text, out var value);
            if (isSpan)
            {
                set(draft.Polling, value);
            }

            return isSpan ? null : $"'{text}' is not a duration; expected a number with a unit such as 500ms, 10s, 5m, 1h, 7d";
        });

    private static Setting Retention(string key, string meaning, Func<PollingOptions, TimeSpan?> get, Action<PollingOptions, TimeSpan?> set) =>
        KeptFor(key, meaning, get(new PollingOptions()), null, (draft, span) => set(draft.Polling, span));

    /// <summary>How long something is kept, or forever.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="meaning">What it says.</param>
    /// <param name="usual">Without it; null for ever.</param>
    /// <param name="least">The shortest that may be said; null for any.</param>
    /// <param name="set">Takes it; null for ever.</param>
    internal static Setting KeptFor(string key, string meaning, TimeSpan? usual, TimeSpan? least, Action<SettingsDraft, TimeSpan?> set) => new(
        key,
        _ => usual is { } span ? Durations.Show(span) : Forever,
        meaning,
        (draft, text) =>
        {
            var isSpan = Durations.TryParse(text, out var value) && !(value < least);
            if (isSpan || text == Forever)
            {
                set(draft, isSpan ? value : null);
                return null;
            }

            return $"'{text}' is neither a duration{(least is { } bound ? $" of {Durations.Show(bound)} or more" : "")} such as 90d nor {Forever}";
        });
}
