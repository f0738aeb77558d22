using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>How far a job said it is.</summary>
public sealed class JobProgressState
{
    /// <summary>So many.</summary>
    public long Done { get; init; }

    /// <summary>Of so many, or null.</summary>
    public long? Total { get; init; }

    /// <summary>In words, or null.</summary>
    public string? Note { get; init; }

    /// <summary>When it said so.</summary>
    public Instant At { get; init; }
}

/// <summary>One line of a job's log.</summary>
public sealed class JobLine
{
    /// <summary>Which run said it.</summary>
    public int Attempt { get; init; }

    /// <summary>When.</summary>
    public Instant At { get; init; }

    /// <summary>info, warning, …</summary>
    public string Level { get; init; } = "";

    /// <summary>What.</summary>
    public string Text { get; init; } = "";
}

/// <summary>All that is known of one job.</summary>
/// <param name="Job">The job.</param>
/// <param name="Failures">Attempts that did not end well, oldest first.</param>
/// <param name="Progress">How far it said it is, or null.</param>
/// <param name="Lines">The newest lines of its log, oldest first.</param>
public sealed record JobDetails(JobRow Job, IReadOnlyList<JobFailure> Failures, JobProgressState? Progress, IReadOnlyList<JobLine> Lines);

/// <summary>What an operator may do to a job.</summary>
public enum JobVerb
{
    /// <summary>Run again with all its attempts; a waiting one at once.</summary>
    Retry,

    /// <summary>End it; a running one by asking its node.</summary>
    Cancel,

    /// <summary>Give up what waits or is dead.</summary>
    Discard,

    /// <summary>Take a running one from its node, and have it run again.</summary>
    Release,
}

/// <summary>What came of it.</summary>
/// <param name="Job">The job as it is now; null when there is none of that id.</param>
/// <param name="Refusal">Why nothing was done, or null when it was.</param>
public sealed record JobChange(JobRow? Job, string? Refusal);

/// <summary>What an operator did to one of many.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Refusal">Why nothing was done, or null.</param>
/// <param name="IsStillThere">True when it will be found again: it was asked to end and has not yet.</param>
public sealed record JobAct(long Id, string? Refusal, bool IsStillThere);

/// <summary>What came of doing it to many.</summary>
/// <param name="Found">Jobs that the filter found.</param>
/// <param name="Done">Of which it was done to so many.</param>
/// <param name="Refused">And refused for so many.</param>
/// <param name="First">The first ten ids, the newest job first.</param>
/// <param name="Refusals">The first ten refusals, each with its job.</param>
/// <param name="IsDryRun">True when nothing was done.</param>
public sealed record JobBulk(long Found, long Done, long Refused, IReadOnlyList<long> First, IReadOnlyList<string> Refusals, bool IsDryRun);

/// <summary>Why a job is where it is.</summary>
/// <param name="Code">A word for programs.</param>
/// <param name="Message">A sentence for people.</param>
public sealed record JobReason(string Code, string Message);

/// <summary>Why a job waits, runs or has ended.</summary>
public sealed record JobExplanation
{
    /// <summary>The job.</summary>
    public required long Id { get; init; }

    /// <summary>Its state.</summary>
    public required string State { get; init; }

    /// <summary>Instant of the answer, by the database clock.</summary>
    public required Instant At { get; init; }

    /// <summary>Why; what holds it up first comes first. Never empty.</summary>
    public required IReadOnlyList<JobReason> Reasons { get; init; }

    /// <summary>Not before this instant; null unless it is scheduled.</summary>
    public Instant? Due { get; init; }

    /// <summary>Jobs of its queue that go before it; null unless it is ready. Counted up to 100,000.</summary>
    public long? Ahead { get; init; }

    /// <summary>Jobs that hold the slots of its concurrency key; empty unless it waits for one.</summary>
    public IReadOnlyList<long> Holders { get; init; } = [];

    /// <summary>The job whose end it waits for, or null.</summary>
    public long? WaitsForJob { get; init; }

    /// <summary>The batch whose end it waits for, or null.</summary>
    public long? WaitsForBatch { get; init; }

    /// <summary>The node that runs it, or null.</summary>
    public string? Node { get; init; }
}
