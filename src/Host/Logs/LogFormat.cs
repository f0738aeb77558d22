namespace Rondo.Host.Logs;

/// <summary>How lines of the log are written.</summary>
internal enum LogFormat
{
    /// <summary>As whoever reads it needs it: <see cref="Systemd"/> for the journal of systemd, else <see cref="Pretty"/>.</summary>
    Auto,

    /// <summary>Each line one JSON object (docs/operations/logs.md).</summary>
    Json,

    /// <summary>Each line begins with its priority, <c>&lt;4&gt;</c>, and has no time: the journal has its own.</summary>
    Systemd,

    /// <summary>Each line begins with the time, for people.</summary>
    Pretty,
}

/// <summary>The words for <see cref="LogFormat"/>.</summary>
internal static class LogFormats
{
    /// <summary>What systemd sets for a process whose output goes to the journal.</summary>
    public const string JournalVariable = "JOURNAL_STREAM";

    /// <summary>All of them.</summary>
    public const string Words = "auto, json, systemd, pretty";

    /// <summary>Reads one of them.</summary>
    public static bool TryParse(string text, out LogFormat format)
    {
        format = text switch
        {
            "json" => LogFormat.Json,
            "systemd" => LogFormat.Systemd,
            "pretty" => LogFormat.Pretty,
            _ => LogFormat.Auto,
        };
        return format != LogFormat.Auto || text == "auto";
    }

    /// <summary>What it means around this process.</summary>
    /// <param name="format">As it was set.</param>
    /// <param name="variable">The environment.</param>
    public static LogFormat In(this LogFormat format, Func<string, string?> variable) =>
        format != LogFormat.Auto ? format : variable(JournalVariable) is { Length: > 0 } ? LogFormat.Systemd : LogFormat.Pretty;
}
