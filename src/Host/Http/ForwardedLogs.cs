namespace Rondo.Host.Http;

/// <summary>Hands log lines of the web server to the program's own log.</summary>
[ProviderAlias("rondo")]
internal sealed class ForwardedLogs(ILoggerFactory logs) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => logs.CreateLogger(categoryName);

    public void Dispose()
    {
        // The factory is its owner's.
    }
}

/// <summary>Every log line of the HTTP API.</summary>
internal static partial class HttpLog
{
    [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed unexpectedly (correlation {Correlation})")]
    public static partial void Failed(ILogger log, Exception fault, string method, string path, string correlation);
}
