namespace Rondo.Host.Http;

/// <summary>
/// Hands log lines of the web server to the program's own log, from when it listens. What it has to say of a start that failed is told to the caller of
/// <see cref="HttpApi.StartAsync"/> in one sentence; here it would stand before it once more, with a stack trace.
/// </summary>
[ProviderAlias("rondo")]
internal sealed class ForwardedLogs(ILoggerFactory logs) : ILoggerProvider
{
    /// <summary>True once the web server listens.</summary>
    public bool IsListening { get; set; }

    public ILogger CreateLogger(string categoryName) => new Forwarded(this, logs.CreateLogger(categoryName));

    public void Dispose()
    {
        // The factory is its owner's.
    }

    private sealed class Forwarded(ForwardedLogs from, ILogger to) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => to.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => from.IsListening && to.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (from.IsListening)
            {
                to.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}

/// <summary>Every log line of the HTTP API.</summary>
internal static partial class HttpLog
{
    [LoggerMessage(1101, LogLevel.Error, "{Method} {Path} failed unexpectedly (correlation {Correlation})")]
    public static partial void Failed(ILogger log, Exception fault, string method, string path, string correlation);

    [LoggerMessage(1102, LogLevel.Warning, "The certificate that is served stays: {Problem}")]
    public static partial void CertificateStays(ILogger log, string problem);
}
