using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>One process that works, or worked, on this database.</summary>
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

    /// <summary>True for the node that answers.</summary>
    public required bool IsThis { get; init; }

    /// <summary>Its start.</summary>
    public required Instant StartedAt { get; init; }

    /// <summary>Its end, or null.</summary>
    public Instant? EndedAt { get; init; }

    /// <summary>Configuration revision it works by.</summary>
    public required long SeenRevision { get; init; }
}

/// <summary>Every node the database remembers.</summary>
/// <param name="Nodes">The nodes, oldest first.</param>
internal sealed record NodePage(IReadOnlyList<NodeView> Nodes);

/// <summary>The nodes.</summary>
internal static class NodeEndpoints
{
    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/api/nodes", ListAsync).WithTags("nodes")
        .Named("listNodes", "Every node the database remembers, oldest first").Produces<NodePage>().Problems(503);

    private static async Task<IResult> ListAsync(Server server, CancellationToken stop)
    {
        var rows = await server.Database.ReadAsync("nodes.list", NodeRegister.All, stop).ConfigureAwait(false);
        var (address, now) = (server.Database.Address, server.Database.Clock.Now);
        return Results.Ok(new NodePage([.. rows.Select(row => new NodeView
        {
            Id = row.Id,
            Host = row.Host,
            Pid = row.Pid,
            Roles = row.Roles.Split(',', StringSplitOptions.RemoveEmptyEntries),
            Version = row.Version,
            State = row.State,
            IsRunning = NodeRegister.IsRunning(row, address, now),
            IsThis = row.Id == server.Node.Id,
            StartedAt = row.StartedAt,
            EndedAt = row.EndedAt,
            SeenRevision = row.SeenRevision,
        })]));
    }
}
