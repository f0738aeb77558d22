using Microsoft.Extensions.Logging;

namespace Rondo.Jobs;

/// <summary>Log lines of jobs; each names queue, kind, id and attempt where there is one.</summary>
internal static partial class JobsLog
{
    [LoggerMessage(5001, LogLevel.Warning, "Job {Id} ({Queue}, {Kind}), attempt {Attempt}, lease {LeaseNo}: its '{Outcome}' came too late and was refused; the attempt had been taken away")]
    public static partial void FinishRefused(ILogger log, string queue, string kind, long id, int attempt, int leaseNo, string outcome);

    [LoggerMessage(5002, LogLevel.Warning, "Job {Id} ({Queue}, {Kind}), attempt {Attempt} of {MaxAttempts} failed: {Error}")]
    public static partial void AttemptFailed(ILogger log, string queue, string kind, long id, int attempt, int maxAttempts, string error);

    [LoggerMessage(5003, LogLevel.Error, "Job {Id} ({Queue}, {Kind}) is dead after attempt {Attempt}: {Error}")]
    public static partial void Died(ILogger log, string queue, string kind, long id, int attempt, string error);

    [LoggerMessage(5004, LogLevel.Warning, "Job {Id} ({Queue}, {Kind}), attempt {Attempt}, did not stop within {Grace} s after its timeout of {Timeout} s; it is fenced and its worker replaced")]
    public static partial void GivenUp(ILogger log, string queue, string kind, long id, int attempt, double timeout, double grace);

    [LoggerMessage(5005, LogLevel.Warning, "{Count} jobs of nodes that died are ready again, {Buried} are dead (crash_loop)")]
    public static partial void Released(ILogger log, int count, int buried);

    [LoggerMessage(5006, LogLevel.Warning, "{Count} jobs of this node are not its own any more; their attempts are cancelled")]
    public static partial void Lost(ILogger log, int count);

    [LoggerMessage(5007, LogLevel.Warning, "{Count} jobs were claimed without this node hearing of it; they are given back")]
    public static partial void Orphaned(ILogger log, int count);

    [LoggerMessage(5008, LogLevel.Warning, "Job {Id} ({Queue}, {Kind}), attempt {Attempt}: nothing here runs jobs of this kind; it is put off")]
    public static partial void UnknownKind(ILogger log, string queue, string kind, long id, int attempt);

    [LoggerMessage(5009, LogLevel.Error, "{Count} ends of attempts cannot be stored together; each is stored by itself: {Error}")]
    public static partial void BatchBroken(ILogger log, int count, string error);

    [LoggerMessage(5010, LogLevel.Error, "Job {Id} ({Queue}, {Kind}), attempt {Attempt}: its end cannot be stored: {Error}")]
    public static partial void EndBroken(ILogger log, string queue, string kind, long id, int attempt, string error);

    [LoggerMessage(5011, LogLevel.Warning, "Slots of {Count} concurrency keys cannot be given out now, and are tried again: {Error}")]
    public static partial void KeysWait(ILogger log, int count, string error);

    [LoggerMessage(5012, LogLevel.Warning, "Those who wait for {Count} ends or batches cannot be told now, and are told later: {Error}")]
    public static partial void FollowersWait(ILogger log, int count, string error);

    [LoggerMessage(5020, LogLevel.Error, "Schedule {Name} cannot fire as it should: {Error}")]
    public static partial void ScheduleBroken(ILogger log, string name, string error);

    [LoggerMessage(5021, LogLevel.Warning, "Schedule {Name} is no longer defined by the program ({Source}); it goes on until it is removed: rondo schedules remove {Name}")]
    public static partial void ScheduleUndefined(ILogger log, string name, string source);

    [LoggerMessage(5030, LogLevel.Debug, "Job {Id} ({Queue}, {Kind}), attempt {Attempt}, says ({Level}): {Said}")]
    public static partial void Says(ILogger log, string queue, string kind, long id, int attempt, string level, string said);

    [LoggerMessage(5031, LogLevel.Warning, "The log file {File} cannot be written; up to {Lines} lines wait for it, more are dropped and counted, and jobs go on: {Error}")]
    public static partial void FileFails(ILogger log, string file, int lines, string error);

    [LoggerMessage(5032, LogLevel.Information, "The log file {File} is written again; {Count} lines of it have been dropped since the start")]
    public static partial void FileWritten(ILogger log, string file, long count);

    [LoggerMessage(5040, LogLevel.Critical, "{Count} jobs of kind {Kind} that were accepted in the minute from {From} are {Where}: {Ids}")]
    public static partial void Unbalanced(ILogger log, long count, string kind, Rondo.Storage.Instant from, string where, string ids);

    [LoggerMessage(5041, LogLevel.Warning, "Vacuum is held back ({DeadRows} dead rows of jobs): {Who}")]
    public static partial void VacuumBlocked(ILogger log, string who, long deadRows);
}
