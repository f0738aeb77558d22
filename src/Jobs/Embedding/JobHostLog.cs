using Microsoft.Extensions.Logging;

namespace Rondo.Jobs;

/// <summary>Log lines of <see cref="JobHost"/>.</summary>
internal static partial class JobHostLog
{
    [LoggerMessage(5101, LogLevel.Information, "Node {Node} started on {Database}")]
    public static partial void Started(ILogger log, string node, string database);

    [LoggerMessage(5102, LogLevel.Warning, "Node {Node} was declared dead by another one; starting again as a new incarnation")]
    public static partial void Dead(ILogger log, string node);

    [LoggerMessage(5103, LogLevel.Warning, "A pass of loop {Loop} failed and will be tried again: {Reason}")]
    public static partial void PassFailed(ILogger log, string loop, string reason);

    [LoggerMessage(5104, LogLevel.Error, "Loop {Loop} is stuck for more than {Seconds} s; it is given up and started again")]
    public static partial void LoopStuck(ILogger log, string loop, double seconds);

    [LoggerMessage(5105, LogLevel.Warning, "The node could not say good-bye: {Reason}")]
    public static partial void EndFailed(ILogger log, string reason);

    [LoggerMessage(5106, LogLevel.Warning, "No new incarnation can be registered yet: {Reason}")]
    public static partial void RegisterFailed(ILogger log, string reason);

    [LoggerMessage(5107, LogLevel.Critical, "The queue cannot go on: {Reason}. The process should end, for its supervisor to start it again")]
    public static partial void Broken(ILogger log, string reason);

    [LoggerMessage(5108, LogLevel.Information, "This process has done its share: {Reason}. It goes on until the program ends it, for its supervisor to start another")]
    public static partial void Recycled(ILogger log, string reason);
}
