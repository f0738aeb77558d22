using Microsoft.Extensions.Logging;

namespace Rondo.Jobs;

/// <summary>Log lines of jobs; each names queue, kind, id and attempt where there is one.</summary>
internal static partial class JobsLog
{
    [LoggerMessage(1, LogLevel.Warning, "Job {Id} ({Queue}, {Kind}), attempt {Attempt}, lease {LeaseNo}: its '{Outcome}' came too late and was refused; the attempt had been taken away")]
    public static partial void FinishRefused(ILogger log, string queue, string kind, long id, int attempt, int leaseNo, string outcome);

    [LoggerMessage(2, LogLevel.Warning, "Job {Id} ({Queue}, {Kind}), attempt {Attempt} of {MaxAttempts} failed: {Error}")]
    public static partial void AttemptFailed(ILogger log, string queue, string kind, long id, int attempt, int maxAttempts, string error);

    [LoggerMessage(3, LogLevel.Error, "Job {Id} ({Queue}, {Kind}) is dead after attempt {Attempt}: {Error}")]
    public static partial void Died(ILogger log, string queue, string kind, long id, int attempt, string error);

    [LoggerMessage(4, LogLevel.Warning, "Job {Id} ({Queue}, {Kind}), attempt {Attempt}, did not stop within {Grace} s after its timeout of {Timeout} s; it is fenced and its worker replaced")]
    public static partial void GivenUp(ILogger log, string queue, string kind, long id, int attempt, double timeout, double grace);

    [LoggerMessage(5, LogLevel.Warning, "{Count} jobs of nodes that died are ready again, {Buried} are dead (crash_loop)")]
    public static partial void Released(ILogger log, int count, int buried);

    [LoggerMessage(6, LogLevel.Warning, "{Count} jobs of this node are not its own any more; their attempts are cancelled")]
    public static partial void Lost(ILogger log, int count);

    [LoggerMessage(7, LogLevel.Warning, "{Count} jobs were claimed without this node hearing of it; they are given back")]
    public static partial void Orphaned(ILogger log, int count);

    [LoggerMessage(8, LogLevel.Warning, "Job {Id} ({Queue}, {Kind}): nothing here runs jobs of this kind; it is put off")]
    public static partial void UnknownKind(ILogger log, string queue, string kind, long id);

    [LoggerMessage(9, LogLevel.Error, "{Count} ends of attempts cannot be stored together; each is stored by itself: {Error}")]
    public static partial void BatchBroken(ILogger log, int count, string error);

    [LoggerMessage(10, LogLevel.Error, "Job {Id} ({Queue}, {Kind}): its end cannot be stored: {Error}")]
    public static partial void EndBroken(ILogger log, string queue, string kind, long id, string error);

    [LoggerMessage(11, LogLevel.Warning, "Slots of {Count} concurrency keys cannot be given out now, and are tried again: {Error}")]
    public static partial void KeysWait(ILogger log, int count, string error);

    [LoggerMessage(40, LogLevel.Critical, "{Count} jobs of kind {Kind} that were accepted in the minute from {From} are {Where}: {Ids}")]
    public static partial void Unbalanced(ILogger log, long count, string kind, Rondo.Storage.Instant from, string where, string ids);

    [LoggerMessage(41, LogLevel.Warning, "Vacuum is held back ({DeadRows} dead rows of jobs): {Who}")]
    public static partial void VacuumBlocked(ILogger log, string who, long deadRows);
}
