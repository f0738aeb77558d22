namespace Rondo.Host.Metrics;

/// <summary>Log lines about what is slow, and about sending numbers.</summary>
internal static partial class MetricsLog
{
    [LoggerMessage(1201, LogLevel.Warning, "Statement {Statement} of {Work} took {Ms} ms{Blocker}{More}")]
    public static partial void Slow(ILogger log, string statement, string work, long ms, string blocker, string more);

    [LoggerMessage(1202, LogLevel.Warning, "{Work} waited {Ms} ms for the write lane{Blocker}{More}")]
    public static partial void Waited(ILogger log, string work, long ms, string blocker, string more);

    [LoggerMessage(1203, LogLevel.Information, "Metrics and traces are sent to {Collector} by OTLP")]
    public static partial void Sending(ILogger log, Uri collector);
}
