using System.Diagnostics.CodeAnalysis;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>What a queue, or one kind of job in it, holds and did in the last 10 minutes.</summary>
public record JobFigures
{
    /// <summary>Jobs that can run now.</summary>
    public required long Ready { get; init; }

    /// <summary>Jobs that nodes hold.</summary>
    public required long Running { get; init; }

    /// <summary>Jobs that wait for their due time.</summary>
    public required long Scheduled { get; init; }

    /// <summary>Jobs that wait for a slot of their concurrency key.</summary>
    public required long Blocked { get; init; }

    /// <summary>For how long the oldest ready one could have run, in seconds; null without one.</summary>
    public double? OldestReadyAgeS { get; init; }

    /// <summary>Jobs that ended in the last 10 minutes, however.</summary>
    public required long Finished { get; init; }

    /// <summary>Of which so many are dead.</summary>
    public required long Dead { get; init; }

    /// <summary>Ends a second, over the last 10 minutes.</summary>
    public required double ThroughputPerS { get; init; }

    /// <summary>Share of attempts that failed, among the jobs that ended in the last 10 minutes; null without one.</summary>
    public double? FailureRate { get; init; }

    /// <summary>From due to begun, half of them; the newest 20,000 ends of all queues count, and the newest 1,000 of this one at least. Null without one.</summary>
    public double? WaitP50Ms { get; init; }

    /// <summary>From due to begun, 99 % of them.</summary>
    public double? WaitP99Ms { get; init; }

    /// <summary>From begun to ended, half of them.</summary>
    public double? RunP50Ms { get; init; }

    /// <summary>From begun to ended, 99 % of them.</summary>
    public double? RunP99Ms { get; init; }
}

/// <summary>One kind of job in a queue.</summary>
public sealed record KindView : JobFigures
{
    [SetsRequiredMembers]
    internal KindView(string kind, JobFigures figures)
        : base(figures) => Kind = kind;

    /// <summary>Its name.</summary>
    public string Kind { get; }
}

/// <summary>One queue: what it holds, what it did in the last 10 minutes, and what is wanted of it.</summary>
public sealed record QueueView : JobFigures
{
    [SetsRequiredMembers]
    internal QueueView(string queue, JobFigures figures)
        : base(figures) => Queue = queue;

    /// <summary>Its name.</summary>
    public string Queue { get; }

    /// <summary>Workers of each node that an operator wants; null for what each node is configured with.</summary>
    public int? Workers { get; init; }

    /// <summary>Workers by the settings of whoever answers; null when they do not name the queue and no kind known here uses it.</summary>
    public int? ConfiguredWorkers { get; init; }

    /// <summary>Priority of jobs whose caller and kind name none, by the settings of whoever answers.</summary>
    public int Priority { get; init; }

    /// <summary>True while nothing of it is to be begun.</summary>
    public bool IsPaused { get; init; }

    /// <summary>The same of each kind of job that it holds or that ended in the last 10 minutes, by name.</summary>
    public IReadOnlyList<KindView> Kinds { get; init; } = [];
}

/// <summary>What one node runs of one queue.</summary>
public sealed class NodeLoad
{
    /// <summary>The node.</summary>
    public string Node { get; init; } = "";

    /// <summary>The queue.</summary>
    public string Queue { get; init; } = "";

    /// <summary>Jobs it holds.</summary>
    public long Count { get; init; }
}

/// <summary>All queues together.</summary>
/// <param name="Ready">Jobs that can run now.</param>
/// <param name="Running">Jobs that nodes hold.</param>
/// <param name="Scheduled">Jobs that wait for their due time.</param>
/// <param name="Blocked">Jobs that wait for a slot.</param>
/// <param name="Finished">Ends of the last 10 minutes.</param>
/// <param name="Dead">Of which so many are dead.</param>
/// <param name="ThroughputPerS">Ends a second.</param>
public sealed record QueueTotal(long Ready, long Running, long Scheduled, long Blocked, long Finished, long Dead, double ThroughputPerS);

/// <summary>All queues at one moment.</summary>
/// <param name="At">Instant of the answer, by the database clock.</param>
/// <param name="Workers">Running nodes with the role work.</param>
/// <param name="Queues">The queues, by name.</param>
/// <param name="Loads">What each node runs.</param>
/// <param name="Total">Their sum.</param>
public sealed record QueueStatus(Instant At, IReadOnlyList<string> Workers, IReadOnlyList<QueueView> Queues, IReadOnlyList<NodeLoad> Loads, QueueTotal Total)
{
    /// <summary>The Redis that carries hints, as whoever answers sees it; null without one, and where nobody is told by it (SQLite). Nothing depends on it.</summary>
    public RedisHintState? Redis { get; init; }
}
