using Rondo.Diagnostics;
using Rondo.Jobs;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Host.Jobs;

/// <summary>The latest balance, in short.</summary>
internal sealed record BalanceHealth(Instant At, double AgeS, bool IsBalanced, Instant From, long Accepted, long Ended, long Open, long Owed, long Missing, long Doubled);

/// <summary>Health of the queue on the one scale, with its reasons and the facts they come from.</summary>
internal sealed record JobHealthView
{
    /// <summary><c>healthy</c>, <c>degraded</c> or <c>critical</c>; the worst of the reasons.</summary>
    public required Health Status { get; init; }

    /// <summary>Database time of the answer.</summary>
    public required Instant At { get; init; }

    /// <summary>Every reason why all is not well, the worst first; empty when it is.</summary>
    public required IReadOnlyList<Finding> Reasons { get; init; }

    /// <summary>The node that answers.</summary>
    public required string Node { get; init; }

    /// <summary>Running nodes with the role work; null when the database cannot be read.</summary>
    public int? Workers { get; init; }

    /// <summary>Queues that an operator paused.</summary>
    public IReadOnlyList<string> Paused { get; init; } = [];

    /// <summary>The queues on this node; null without the role work.</summary>
    public IReadOnlyList<QueueState>? Queues { get; init; }

    /// <summary>Jobs this node has claimed since its start.</summary>
    public long? Claimed { get; init; }

    /// <summary>Ends of attempts it has written.</summary>
    public long? Finished { get; init; }

    /// <summary>Its writes that were refused because the attempt had been taken away.</summary>
    public long? Refused { get; init; }

    /// <summary>Ends that wait to be written.</summary>
    public int? Unwritten { get; init; }

    /// <summary>Handlers that were written off because they did not stop, and still run in its process.</summary>
    public int? WrittenOff { get; init; }

    /// <summary>The latest balance of what was accepted against what is there; null before the first.</summary>
    public BalanceHealth? Balance { get; init; }

    /// <summary>Who holds PostgreSQL's vacuum back; null on SQLite, without the role, and before the first look.</summary>
    public VacuumReport? Vacuum { get; init; }

    /// <summary>Why a new process should take the place of this one, or null.</summary>
    public RecycleDue? Recycle { get; init; }

    /// <summary>How this node and others tell one another of changes; nothing depends on it.</summary>
    public required HintState Hints { get; init; }

    /// <summary>The loops of jobs.</summary>
    public required IReadOnlyList<LoopHealth> Loops { get; init; }

    public static BalanceHealth? Of(BalanceReport? report, Instant now) => report is null ? null : new(
        report.At, Math.Round((now - report.At).TotalSeconds, 1), report.IsBalanced, report.From, report.Accepted, report.Ended, report.Open, report.Owed, report.Missing, report.Doubled);
}

/// <summary>Health of everything this node does.</summary>
/// <param name="Status"><c>healthy</c>, <c>degraded</c> or <c>critical</c>; the worst of the reasons.</param>
/// <param name="At">Database time of the answer.</param>
/// <param name="Reasons">Every reason why all is not well, the worst first.</param>
/// <param name="Node">The node that answers.</param>
/// <param name="Version">Version of its program.</param>
internal sealed record OverallHealth(Health Status, Instant At, IReadOnlyList<Finding> Reasons, string Node, string Version);
