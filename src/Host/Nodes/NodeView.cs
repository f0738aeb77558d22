using Rondo.Nodes;
using Rondo.Polling.Fleet;
using Rondo.Storage;

namespace Rondo.Host;

/// <summary>One process that works, or worked, on this database, as the command line and the API show it.</summary>
internal sealed record NodeView
{
    /// <summary>The incarnation: the random identity of one start.</summary>
    public required string Id { get; init; }

    /// <summary>Host name, for people.</summary>
    public required string Host { get; init; }

    /// <summary>Process id on its host.</summary>
    public required int Pid { get; init; }

    /// <summary>Its roles.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Version of its program.</summary>
    public required string Version { get; init; }

    /// <summary><c>live</c> or <c>dead</c>, as the database says.</summary>
    public required string State { get; init; }

    /// <summary>Whether it really runs: it holds the lock on the SQLite file, or its lease is in force.</summary>
    public required bool IsRunning { get; init; }

    /// <summary>True for the node that answers; always false from the command line.</summary>
    public required bool IsThis { get; init; }

    /// <summary>True while the operator wants it to own nothing (<c>rondo nodes drain</c>).</summary>
    public required bool IsDraining { get; init; }

    /// <summary>Endpoints it owns.</summary>
    public required int Endpoints { get; init; }

    /// <summary>Its start.</summary>
    public required Instant StartedAt { get; init; }

    /// <summary>Its end, or null.</summary>
    public Instant? EndedAt { get; init; }

    /// <summary>Seconds since its lease was renewed; null on SQLite, where a lock on the file is the lease, and for a dead one.</summary>
    public double? LeaseAgeS { get; init; }

    /// <summary>Seconds since its loops were last seen moving, as of its last renewal; null where the lease age is.</summary>
    public double? ProgressAgeS { get; init; }

    /// <summary>Its wall clock minus the database's in seconds, as of its last renewal; null where the lease age is.</summary>
    public double? ClockOffsetS { get; init; }

    /// <summary>Configuration revision it works by.</summary>
    public required long SeenRevision { get; init; }

    /// <summary>Every node the database remembers, oldest first.</summary>
    /// <param name="tx">A read.</param>
    /// <param name="address">Its database.</param>
    /// <param name="me">The node that answers, or empty.</param>
    public static IReadOnlyList<NodeView> Read(Transaction tx, DatabaseAddress address, string me)
    {
        var owned = Ownership.CountByOwner(tx);
        return [.. NodeRegister.All(tx).Select(row => Of(row, address, tx.Now, owned.GetValueOrDefault(row.Id), me))];
    }

    private static NodeView Of(NodeRow row, DatabaseAddress address, Instant now, int endpoints, string me)
    {
        var isLeased = address.Kind == DatabaseKind.Postgres && row.State == "live" && row.ExpiresAt is not null;
        return new NodeView
        {
            Id = row.Id,
            Host = row.Host,
            Pid = row.Pid,
            Roles = row.Roles.Split(',', StringSplitOptions.RemoveEmptyEntries),
            Version = row.Version,
            State = row.State,
            IsRunning = NodeRegister.IsRunning(row, address, now),
            IsThis = row.Id == me,
            IsDraining = row.State == "live" && row.IsDraining,
            Endpoints = endpoints,
            StartedAt = row.StartedAt,
            EndedAt = row.EndedAt,
            LeaseAgeS = isLeased ? Seconds(now - (row.ExpiresAt!.Value - Node.TimeToLive)) : null,
            ProgressAgeS = isLeased && row.ProgressAt is { } progress ? Seconds(now - progress) : null,
            ClockOffsetS = isLeased ? Math.Round(row.ClockOffsetUs / 1e6, 3) : null,
            SeenRevision = row.SeenRevision,
        };
    }

    private static double Seconds(TimeSpan span) => Math.Round(span.TotalSeconds, 1);
}
