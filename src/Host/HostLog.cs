namespace Rondo.Host;

/// <summary>Every log line of the host.</summary>
internal static partial class HostLog
{
    [LoggerMessage(1001, LogLevel.Information, "Node {Node} started on {Database} with roles {Roles}")]
    public static partial void Started(ILogger log, string node, string database, string roles);

    [LoggerMessage(1002, LogLevel.Warning, "A pass of loop {Loop} failed and will be tried again: {Reason}")]
    public static partial void PassFailed(ILogger log, string loop, string reason);

    [LoggerMessage(1003, LogLevel.Error, "Loop {Loop} is stuck for more than {Seconds} s; it is given up and started again")]
    public static partial void LoopStuck(ILogger log, string loop, double seconds);

    [LoggerMessage(1004, LogLevel.Warning, "The node could not say good-bye: {Reason}")]
    public static partial void EndFailed(ILogger log, string reason);

    [LoggerMessage(1005, LogLevel.Information, "Ready: {Groups} poll groups armed")]
    public static partial void Ready(ILogger log, int groups);

    [LoggerMessage(1006, LogLevel.Information, "Stopping: writing the last outcomes, releasing endpoints")]
    public static partial void Stopping(ILogger log);

    [LoggerMessage(1007, LogLevel.Information, "Stopped")]
    public static partial void Stopped(ILogger log);

    [LoggerMessage(1008, LogLevel.Critical, "The server cannot go on: {Reason}. The process ends, for its supervisor to start it again")]
    public static partial void Broken(ILogger log, string reason);

    [LoggerMessage(1009, LogLevel.Warning, "Node {Node} was declared dead by another one; starting again as a new incarnation")]
    public static partial void Dead(ILogger log, string node);

    [LoggerMessage(1010, LogLevel.Information, "HTTP API on {Address}")]
    public static partial void Listening(ILogger log, Uri address);

    [LoggerMessage(1011, LogLevel.Information, "Recycling: {Reason}. What runs may end, the rest is given back; exit code 75, for the supervisor to start another")]
    public static partial void Recycled(ILogger log, string reason);

    [LoggerMessage(1012, LogLevel.Information, "Nobody is an admin yet. Within the hour, on this machine: curl {Address}api/setup -H 'Content-Type: application/json' -d '{{\"code\":\"{Code}\"}}', or at any time: rondo tokens add NAME --role admin")]
    public static partial void SetUp(ILogger log, Uri address, string code);
}
