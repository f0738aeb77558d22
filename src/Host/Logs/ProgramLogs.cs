using Microsoft.Extensions.Logging.Console;
using Rondo.Jobs.Logs;

namespace Rondo.Host.Logs;

/// <summary>The log of this process: lines on standard error in one of the formats, and into whatever else is added.</summary>
internal sealed class ProgramLogs : ILoggerFactory
{
    private readonly ILoggerFactory _inner;
    private readonly LogNode _node = new();

    /// <summary>A log whose lines have <paramref name="least"/> or more.</summary>
    /// <param name="least">The least level.</param>
    /// <param name="format">How they are written; not <see cref="LogFormat.Auto"/>.</param>
    public ProgramLogs(LogLevel least, LogFormat format) => _inner = LoggerFactory.Create(logs =>
    {
        logs.SetMinimumLevel(least);
        logs.AddFilter("Microsoft", LogLevel.Warning);

        // The files of queues, where there are any, hold what handlers say however little the rest of the log tells.
        logs.AddFilter<JobLogFiles>("rondo", LogLevel.Information);
        logs.AddFilter<JobLogFiles>("rondo.jobs", LogLevel.Debug);
        logs.Services.AddSingleton(_node);
        switch (format)
        {
            case LogFormat.Json:
                logs.AddConsole(console => console.FormatterName = JsonLines.FormatterName);
                logs.AddConsoleFormatter<JsonLines, ConsoleFormatterOptions>(options => options.IncludeScopes = true);
                break;
            case LogFormat.Systemd:
                logs.AddSystemdConsole(options => options.IncludeScopes = true);
                break;
            default:
                logs.AddSimpleConsole(options =>
                {
                    options.SingleLine = true;
                    options.IncludeScopes = true;
                    options.UseUtcTimestamp = true;
                    options.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
                    options.ColorBehavior = LoggerColorBehavior.Disabled;
                });
                break;
        }

        logs.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    });

    /// <summary>Which node speaks, once it is registered; it changes when the process comes back as another incarnation.</summary>
    public string? Node
    {
        set => _node.Id = value;
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => _inner.CreateLogger(categoryName);

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => _inner.AddProvider(provider);

    /// <inheritdoc/>
    public void Dispose() => _inner.Dispose();
}

/// <summary>Which node the lines of a process are of.</summary>
internal sealed class LogNode
{
    private volatile string? _id;

    /// <summary>Null before it is registered.</summary>
    public string? Id
    {
        get => _id;
        set => _id = value;
    }
}
