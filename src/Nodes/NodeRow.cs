using Rondo.Storage;

namespace Rondo.Nodes;

/// <summary>One row of <c>node</c> with its lease.</summary>
public sealed class NodeRow
{
    /// <summary>The incarnation.</summary>
    public string Id { get; init; } = "";

    /// <summary>Host name, for people only.</summary>
    public string Host { get; init; } = "";

    /// <summary>Identity of the kernel boot and pid namespace: two nodes of one place can look at each other's process.</summary>
    public string Place { get; init; } = "";

    /// <summary>Process id within the place.</summary>
    public int Pid { get; init; }

    /// <summary>Kernel's start time of the process, which tells a recycled pid from the same one.</summary>
    public long PidStarted { get; init; }

    /// <summary>Comma-separated roles.</summary>
    public string Roles { get; init; } = "";

    /// <summary>Program version.</summary>
    public string Version { get; init; } = "";

    /// <summary><c>live</c> or <c>dead</c>.</summary>
    public string State { get; init; } = "live";

    /// <summary>Start.</summary>
    public Instant StartedAt { get; init; }

    /// <summary>When it was declared dead or said good-bye.</summary>
    public Instant? EndedAt { get; init; }

    /// <summary>The configuration revision it has taken in.</summary>
    public long SeenRevision { get; init; }

    /// <summary>End of its lease.</summary>
    public Instant? ExpiresAt { get; init; }

    /// <summary>What the application_name of its database sessions contains; empty for none.</summary>
    public string Session { get; init; } = "";

    /// <summary>False until it is warm enough to take endpoints over, and again while it stops.</summary>
    public bool TakesWork { get; init; } = true;

    /// <summary>The operator's drain.</summary>
    public bool IsDraining { get; init; }

    /// <summary>Its wall clock minus the database's, in microseconds, at the last renewal.</summary>
    public long ClockOffsetUs { get; init; }

    /// <summary>When its loops were last seen moving.</summary>
    public Instant? ProgressAt { get; init; }

    /// <summary>True when it has <paramref name="role"/>.</summary>
    public bool HasRole(string role) => Roles.Split(',').Contains(role, StringComparer.Ordinal);
}

/// <summary>What a node says of itself with a renewal.</summary>
/// <param name="Until">End of the lease.</param>
/// <param name="ClockOffsetUs">Its wall clock minus the database's, in microseconds.</param>
/// <param name="ProgressAt">When its loops were last seen moving.</param>
internal readonly record struct NodeReport(Instant Until, long ClockOffsetUs, Instant ProgressAt);
