using Microsoft.Extensions.Logging;

namespace Rondo.Polling;

/// <summary>Every log line of polling.</summary>
internal static partial class PollingLog
{
    [LoggerMessage(6001, LogLevel.Warning, "A batch of {Count} outcomes was refused: {Reason}")]
    public static partial void BatchFenced(ILogger log, int count, string reason);

    [LoggerMessage(6002, LogLevel.Error, "A batch of {Count} outcomes could not be written as a whole and is written one by one")]
    public static partial void BatchSplit(ILogger log, int count, Exception cause);

    [LoggerMessage(6003, LogLevel.Error, "The outcome of group {Group} at slot {Slot} could not be written in any form")]
    public static partial void OutcomeRefused(ILogger log, long group, long slot);

    [LoggerMessage(6004, LogLevel.Information, "Owns {Endpoints} endpoints, {Groups} groups armed, {Gaps} gaps accounted")]
    public static partial void Claimed(ILogger log, int endpoints, int groups, int gaps);

    [LoggerMessage(6005, LogLevel.Information, "Configuration revision {Revision} taken in: {Devices} devices changed")]
    public static partial void Reloaded(ILogger log, long revision, int devices);

    [LoggerMessage(6006, LogLevel.Warning, "Device {Device} cannot be armed: {Reason}")]
    public static partial void CannotArm(ILogger log, string device, string reason);

    [LoggerMessage(6007, LogLevel.Warning, "The clock stepped by {Seconds} s")]
    public static partial void ClockStepped(ILogger log, double seconds);

    [LoggerMessage(6008, LogLevel.Warning, "{Code}: {Subject}: {Message}")]
    public static partial void Found(ILogger log, string code, string subject, string message);

    [LoggerMessage(6009, LogLevel.Error, "The driver failed at {Address}; the poll is recorded as failed")]
    public static partial void DriverFailed(ILogger log, string address, Exception cause);

    [LoggerMessage(6010, LogLevel.Error, "Publishing committed outcomes failed")]
    public static partial void PublishFailed(ILogger log, Exception cause);

    [LoggerMessage(6011, LogLevel.Warning, "accounted_to of {Count} groups was moved by somebody else")]
    public static partial void AdvanceRefused(ILogger log, int count);

    [LoggerMessage(6012, LogLevel.Information, "Handed {Endpoints} endpoints back to be owned by another node, {Left} left")]
    public static partial void HandedBack(ILogger log, int endpoints, int left);
}
