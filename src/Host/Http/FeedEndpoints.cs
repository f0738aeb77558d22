using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Rondo.Live;
using Rondo.Live.Feed;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>A one-time ticket for the feed.</summary>
/// <param name="Ticket">To be given as <c>?ticket=</c> to <c>/ws</c> or <c>/events</c> of any node.</param>
/// <param name="ExpiresInS">Seconds it is good for.</param>
internal sealed record FeedTicket(string Ticket, int ExpiresInS);

/// <summary>How the feed of this node goes.</summary>
/// <param name="Feed">Clients and what they got.</param>
/// <param name="Bus">Listeners within the process.</param>
internal sealed record LiveStatus(FeedState Feed, EventBusState Bus);

/// <summary>The doors of the feed; told in docs/protocols/feed.md.</summary>
internal static class FeedEndpoints
{
    private const string Bearer = "Bearer ";
    private const string NotValid = "the token is not valid";

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        // These ask by themselves who it is: a client may say it after its handshake, or by a ticket.
        app.MapGet("/ws", SocketAsync).Open().ExcludeFromDescription();
        app.MapGet("/events", StreamAsync).Open().ExcludeFromDescription();
        var live = app.MapGroup("/api/live").WithTags("live");
        live.MapGet("", (Server server) => Results.Ok(new LiveStatus(server.Live.Feed.State, server.Bus.State)))
            .Named("readLive", "How the feed of this node goes").Produces<LiveStatus>().For(Role.Viewer);
        live.MapPost("/ticket", TicketAsync)
            .Named("createFeedTicket", "A one-time ticket for the feed, for clients that cannot send a header with their handshake").Produces<FeedTicket>().Problems(401, 429, 503).Open();
    }

    private static async Task SocketAsync(HttpContext context, Server server, [FromQuery(Name = "ticket")] string? ticket)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.Headers.Upgrade = "websocket";
            await Problem.Of(StatusCodes.Status426UpgradeRequired, "/ws is a WebSocket; expected the headers Connection: Upgrade and Upgrade: websocket. Without a WebSocket there is /events.").ExecuteAsync(context);
            return;
        }

        var feed = server.Live.Feed;
        var (caller, problem) = await CallerAsync(context, feed, ticket);
        if (problem is not null)
        {
            await problem.ExecuteAsync(context);
            return;
        }

        await feed.RunAsync(await UpgradeAsync(context), caller, FeedDoor.Of(context), context.Abort, context.RequestAborted);
    }

    /// <summary>The handshake's answer (RFC 6455, 4.2.2): the framework's own would not let us have the connection. What was asked for has been checked by it.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "The protocol wants SHA-1 here; it proves that the server speaks WebSocket, and protects nothing.")]
    internal static async Task<Stream> UpgradeAsync(HttpContext context)
    {
        var key = context.Request.Headers.SecWebSocketKey.ToString().Trim() + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        var headers = context.Response.Headers;
        headers.Connection = "Upgrade";
        headers.Upgrade = "websocket";
        headers.SecWebSocketAccept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key)));
        var stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync().ConfigureAwait(false);
        ConnectionSeat.Leave(context);
        return stream;
    }

    private static async Task StreamAsync(
        HttpContext context, Server server, [FromQuery(Name = "topics")] string? topics, [FromQuery(Name = "ticket")] string? ticket, [FromQuery(Name = "last_event_id")] string? lastEventId)
    {
        var feed = server.Live.Feed;
        var (caller, problem) = await CallerAsync(context, feed, ticket);
        if (problem is null && caller is null)
        {
            problem = Unauthorised(context, "expected a bearer token in the Authorization header, or a ticket");
        }

        var wanted = (topics ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct().ToArray();
        if (problem is null && (wanted.Length == 0 || wanted.Length > MostTopics))
        {
            problem = Problem.Of(StatusCodes.Status400BadRequest, $"/events needs 1 to {MostTopics} topics, with commas: /events?topics=devices.1,{Topics.Admin}.");
        }

        if (problem is null && wanted.Select(t => (t, Words: FeedServer.Refusal(caller!, t))).Where(t => t.Words is not null).Select(t => new ProblemItem(t.t, t.Words!)).ToArray() is { Length: > 0 } refused)
        {
            problem = Problem.Of(StatusCodes.Status403Forbidden, refused[0].Message) with { Errors = refused };
        }

        if (problem is not null)
        {
            await problem.ExecuteAsync(context);
            return;
        }

        context.Response.ContentType = "text/event-stream";
        var last = context.Request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } given ? given : lastEventId;
        if (!await feed.RunAsync(context.Response.BodyWriter, caller!, wanted, last, context.Abort, context.RequestAborted))
        {
            await TooMany().ExecuteAsync(context);
        }
    }

    private const int MostTopics = 100;

    private static async Task<IResult> TicketAsync(HttpContext context, Server server)
    {
        var feed = server.Live.Feed;
        var (caller, problem) = await CallerAsync(context, feed, null);
        if (problem is not null || caller is null)
        {
            return problem ?? Unauthorised(context, "expected a bearer token in the Authorization header");
        }

        return await feed.Tickets.IssueAsync(caller, context.RequestAborted) is { } ticket ? Results.Ok(new FeedTicket(ticket, (int)FeedTickets.GoodFor.TotalSeconds)) : TooMany();
    }

    /// <summary>Who it is. Null without a problem when whoever it is has yet to say so.</summary>
    private static async Task<(FeedCaller? Caller, Problem? Problem)> CallerAsync(HttpContext context, FeedServer feed, string? ticket)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var token = header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim() : null;
        if (header.Length > 0 && token is null)
        {
            return (null, Unauthorised(context, "the Authorization header is not 'Bearer TOKEN'"));
        }

        // Whoever guesses tickets waits like whoever guesses tokens. What is in the header has been looked at, and counted, before the request came here.
        var door = context.RequestServices.GetRequiredService<DoorGuard>();
        if ((DoorGuard.WaitOf(context) ?? (ticket is null ? null : door.WaitAt(context))) is { } wait)
        {
            return (null, AccessAnswers.Wait(context, wait));
        }

        try
        {
            if (ticket is null && feed.Access is TokenFeedAccess access)
            {
                // A token, or a page of this server that has a session.
                if (context.CallerOf() is { } known)
                {
                    return (await access.CallerAsync(known.Grant, context.RequestAborted), null);
                }

                if (token is not null && BearerHandler.DenialOf(context) is not null)
                {
                    return (null, Unauthorised(context, NotValid));
                }
            }

            if (ticket is null && token is null)
            {
                return (feed.Access.WithoutToken(context.Connection.RemoteIpAddress is { } from && IPAddress.IsLoopback(from)), null);
            }

            var caller = await feed.FindAsync(ticket, token, context.RequestAborted);
            if (caller is null && ticket is not null)
            {
                door.Failed(context);
            }

            return caller is not null ? (caller, null) : (null, Unauthorised(context, ticket is not null ? "the ticket is not good: it can be used once, within 30 s" : NotValid));
        }
        catch (StorageFault fault)
        {
            return (null, FaultHandler.Away(context, fault));
        }
    }

    private static Problem Unauthorised(HttpContext context, string words)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Problem.Of(StatusCodes.Status401Unauthorized, $"The feed does not know you: {words}.");
    }

    private static Problem TooMany() => Problem.Of(StatusCodes.Status429TooManyRequests, "Too many clients of the feed, or too many with this token; close one, or try again later.");
}
