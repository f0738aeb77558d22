using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace Rondo.Host.Http;

/// <summary>What a client of Pusher gets for a private channel.</summary>
/// <param name="Auth">The key and the signature.</param>
internal sealed record PusherAuthorisation(string Auth);

/// <summary>The door for clients of the Pusher protocol: the WebSocket, and where they get their signatures. Told in docs/protocols/pusher.md.</summary>
internal static class PusherEndpoints
{
    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        // By the key, which is no secret: whoever has no signature for a channel hears nothing.
        app.MapGet("/app/{key}", SocketAsync).Open().ExcludeFromDescription();
        app.MapPost("/broadcasting/auth", AuthoriseAsync).ForAnybody().ExcludeFromDescription().WithMetadata(new BodyLimit(BodyLimit.Small));
        PusherApi.Map(app);
    }

    private static async Task SocketAsync(
        HttpContext context, Server server, string key, [FromQuery(Name = "protocol")] string? protocol, [FromQuery(Name = "client")] string? client, [FromQuery(Name = "version")] string? version, [FromQuery(Name = "flash")] string? flash)
    {
        // Who the client is and which version it has changes nothing.
        _ = (client, version, flash);
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.Headers.Upgrade = "websocket";
            await Problem.Of(StatusCodes.Status426UpgradeRequired, "/app is a WebSocket of the Pusher protocol; expected the headers Connection: Upgrade and Upgrade: websocket.").ExecuteAsync(context);
            return;
        }

        await server.Live.Pusher.RunAsync(await FeedEndpoints.UpgradeAsync(context), key, protocol, DoorGuard.AddressOf(context), context.Abort, context.RequestAborted);
    }

    private static async Task<IResult> AuthoriseAsync(HttpContext context, Server server, CancellationToken stop)
    {
        var (text, problem) = await RequestBody.ReadAsync(context.Request, stop).ConfigureAwait(false);
        if (problem is not null)
        {
            return problem;
        }

        var (socketId, channel) = Read(text, context.Request.HasJsonContentType());
        if (socketId is null || channel is null)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, "expected socket_id and channel_name, as a form or as JSON.");
        }

        if (server.Live.Feed.Access is not TokenFeedAccess access)
        {
            return Problem.Of(StatusCodes.Status403Forbidden, "This server has no tokens to sign on behalf of.");
        }

        var grant = context.CallerOf()!.Grant;
        var caller = await access.CallerAsync(grant, stop).ConfigureAwait(false);
        var (auth, refusal) = server.Live.Pusher.Authorise(socketId, channel, caller, grant.Ended);
        return auth is not null ? Results.Ok(new PusherAuthorisation(auth)) : Problem.Of(StatusCodes.Status403Forbidden, $"The channel is refused: {refusal}.");
    }

    private static (string? SocketId, string? Channel) Read(string text, bool isJson)
    {
        if (!isJson)
        {
            var form = QueryHelpers.ParseQuery(text);
            return (form["socket_id"] is [{ } id] ? id : null, form["channel_name"] is [{ } name] ? name : null);
        }

        try
        {
            using var json = JsonDocument.Parse(text);
            return (Text(json.RootElement, "socket_id"), Text(json.RootElement, "channel_name"));
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return (null, null);
        }
    }

    private static string? Text(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
