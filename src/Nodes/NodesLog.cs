using Microsoft.Extensions.Logging;

namespace Rondo.Nodes;

/// <summary>Every log line of nodes.</summary>
internal static partial class NodesLog
{
    [LoggerMessage(2001, LogLevel.Warning, "Node {Node} on {Host} (pid {Pid}) let its lease lapse and was declared dead; what it owned is free")]
    public static partial void Buried(ILogger log, string node, string host, int pid);

    [LoggerMessage(2002, LogLevel.Critical, "Node {Node} gave up its roles: its loops make no progress")]
    public static partial void GaveUp(ILogger log, string node);

    [LoggerMessage(2003, LogLevel.Information, "Hints go by Redis at {Redis}")]
    public static partial void RedisConnected(ILogger log, string redis);

    [LoggerMessage(2004, LogLevel.Warning, "Redis at {Redis} is away: {Reason}. Hints go as without it, and it is tried again until it is back")]
    public static partial void RedisAway(ILogger log, string redis, string reason);

    [LoggerMessage(2005, LogLevel.Warning, "Redis at {Redis} is not used: {Reason}")]
    public static partial void RedisUnused(ILogger log, string redis, string reason);
}
