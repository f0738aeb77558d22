using Rondo.Diagnostics;
using Rondo.Storage;

namespace Rondo.Imports;

/// <summary>Imports that have not ended.</summary>
/// <param name="Queued">Wait for their first run, or were queued again.</param>
/// <param name="Running">Run.</param>
/// <param name="Failed">Wait for their next try.</param>
/// <param name="OldestDue">Since when the one that waits longest could run; null when none does.</param>
public sealed record ImportDepth(long Queued, long Running, long Failed, Instant? OldestDue);

/// <summary>What ended within the window.</summary>
/// <param name="Done">Imported.</param>
/// <param name="Dead">Came to nothing.</param>
/// <param name="Cancelled">Ended by somebody.</param>
/// <param name="FailurePercent">Dead ones among those that are done or dead; null when these are too few to say.</param>
public sealed record ImportEnds(long Done, long Dead, long Cancelled, double? FailurePercent);

/// <summary>What was imported within the window.</summary>
/// <param name="ImportsPerHour">Imports done.</param>
/// <param name="Rows">Rows of their files.</param>
/// <param name="Values">Values in them.</param>
/// <param name="Rejected">Rows that were rejected.</param>
/// <param name="Bytes">Size of their files.</param>
public sealed record ImportThroughput(double ImportsPerHour, long Rows, long Values, long Rejected, long Bytes);

/// <summary>How long the newest 10,000 imports took that were done within the window, from the beginning of the first run to the end, seconds.</summary>
/// <param name="Count">So many.</param>
/// <param name="Average">On average.</param>
/// <param name="Median">Half of them no longer.</param>
/// <param name="P95">95 of 100 no longer.</param>
/// <param name="Longest">The longest.</param>
public sealed record ImportDurations(int Count, double Average, double Median, double P95, double Longest);

/// <summary>How often imports that ended within the window were tried again.</summary>
/// <param name="Retried">Imports with more than one run.</param>
/// <param name="Runs">Runs after the first one, of all of them.</param>
/// <param name="Recovered">Done in the end.</param>
/// <param name="Exhausted">Dead after the last of their runs.</param>
/// <param name="NextAt">When the next one is tried again that waits for it now; null for none.</param>
public sealed record ImportRetries(long Retried, long Runs, long Recovered, long Exhausted, Instant? NextAt);

/// <summary>An import that could go on and does not.</summary>
public sealed class StuckImport
{
    /// <summary>Its number.</summary>
    public long Id { get; init; }

    /// <summary>What its file was called.</summary>
    public string File { get; init; } = "";

    /// <summary><c>running</c>: has a run that stores nothing; <c>waiting</c>: could run, and nobody runs it.</summary>
    public string What { get; init; } = "";

    /// <summary>Since when.</summary>
    public Instant Since { get; init; }

    /// <summary>Its job.</summary>
    public long JobId { get; init; }

    /// <summary>The node that runs it, or null.</summary>
    public string? Node { get; init; }

    /// <summary>Runs so far, this one included.</summary>
    public int Attempts { get; init; }

    /// <summary>All runs it may have.</summary>
    public int MaxAttempts { get; init; }
}

/// <summary>What was done about an import.</summary>
/// <param name="Id">The import.</param>
/// <param name="Action"><c>released</c>: taken from its node and queued again; <c>dead</c>: given up; <c>left</c>: nothing was done.</param>
/// <param name="Reason">Why.</param>
public sealed record ImportHandled(long Id, string Action, string Reason);

/// <summary>What was told of imports that are dead.</summary>
/// <param name="Imports">Those it was told of, each once; the first 1,000.</param>
/// <param name="Count">How many.</param>
/// <param name="IsSummary">True when administrators were told in one event, since they are many.</param>
public sealed record AlertsSent(IReadOnlyList<long> Imports, long Count, bool IsSummary);

/// <summary>How imports are.</summary>
public sealed record ImportReport
{
    /// <summary><c>healthy</c>, <c>degraded</c> or <c>critical</c>; the worst of the reasons.</summary>
    public Health Status => Finding.Worst(Reasons);

    /// <summary>Database time of the report.</summary>
    public required Instant At { get; init; }

    /// <summary>Every reason why all is not well, the worst first.</summary>
    public required IReadOnlyList<Finding> Reasons { get; init; }

    /// <summary>What it is judged by.</summary>
    public required ImportLimits Limits { get; init; }

    /// <summary>Imports that have not ended.</summary>
    public required ImportDepth Depth { get; init; }

    /// <summary>What ended within the window.</summary>
    public required ImportEnds Ends { get; init; }

    /// <summary>What was imported within the window.</summary>
    public required ImportThroughput Throughput { get; init; }

    /// <summary>How long that took; null when nothing was done.</summary>
    public ImportDurations? Durations { get; init; }

    /// <summary>How often it was tried again.</summary>
    public required ImportRetries Retries { get; init; }

    /// <summary>Imports that could go on and do not, the longest first; the first 1,000.</summary>
    public required IReadOnlyList<StuckImport> Stuck { get; init; }

    /// <summary>Dead imports that nobody was told of yet.</summary>
    public required long Untold { get; init; }
}
