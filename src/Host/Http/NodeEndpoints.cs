using Microsoft.AspNetCore.Mvc;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>Every node the database remembers.</summary>
/// <param name="Nodes">The nodes, oldest first.</param>
internal sealed record NodePage(IReadOnlyList<NodeView> Nodes);

/// <summary>The nodes.</summary>
internal static class NodeEndpoints
{
    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var nodes = app.MapGroup("/api/nodes").WithTags("nodes");
        nodes.MapGet("", ListAsync).Named("listNodes", "Every node the database remembers, oldest first").For(Role.Viewer).Produces<NodePage>().Problems(503);
        nodes.MapPost("/{node}/drain", (Server server, HttpContext context, string node, CancellationToken stop, [FromQuery(Name = "force")] bool? force) => SetAsync(server, context, node, drains: true, force ?? false, stop))
            .Named("drainNode", "Lets a node give everything it owns to the others; stored, obeyed within 2 s; it is done when it owns no endpoint any more").For(Role.Operator).Produces<NodeView>().Problems(404, 409, 503);
        nodes.MapPost("/{node}/resume", (Server server, HttpContext context, string node, CancellationToken stop) => SetAsync(server, context, node, drains: false, isForced: true, stop))
            .Named("resumeNode", "Lets a drained node own its share again").For(Role.Operator).Produces<NodeView>().Problems(404, 409, 503);
    }

    private static async Task<IResult> ListAsync(Server server, CancellationToken stop) => Results.Ok(new NodePage(await ReadAsync(server, stop).ConfigureAwait(false)));

    private static async Task<IResult> SetAsync(Server server, HttpContext context, string name, bool drains, bool isForced, CancellationToken stop)
    {
        var (result, id) = await NodeDrain.SetAsync(server.By(context).Database, name, drains, isForced, stop).ConfigureAwait(false);
        if (result != DrainResult.Stored)
        {
            var why = NodeDrain.Why(result, id).Replace("--force", "?force=true", StringComparison.Ordinal);
            return Problem.Of(result == DrainResult.Unknown ? StatusCodes.Status404NotFound : StatusCodes.Status409Conflict, char.ToUpperInvariant(why[0]) + why[1..] + ".");
        }

        server.Hints.Send(HintTopics.Polling);
        return Results.Ok((await ReadAsync(server, stop).ConfigureAwait(false)).First(n => n.Id == id));
    }

    private static Task<IReadOnlyList<NodeView>> ReadAsync(Server server, CancellationToken stop) =>
        server.Database.ReadAsync("nodes.list", tx => NodeView.Read(tx, server.Database.Address, server.Node.Id), stop);
}
