using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Rondo.Live;
using Rondo.Live.Pusher;

namespace Rondo.Host.Http;

/// <summary>One channel, as it is asked for.</summary>
/// <param name="Occupied">True when somebody has it.</param>
/// <param name="SubscriptionCount">How many connections of this node have it; null when that was not asked for.</param>
internal sealed record PusherChannelState(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? Occupied, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? SubscriptionCount);

/// <summary>Channels by their names.</summary>
/// <param name="Channels">The channels.</param>
internal sealed record PusherChannels(IReadOnlyDictionary<string, PusherChannelState> Channels);

/// <summary>
/// What back-ends ask by the HTTP API of Pusher, each request signed with the application's secret: publish, and see who listens. Told in docs/protocols/pusher.md.
/// </summary>
internal static class PusherApi
{
    private const int MaxBody = 256 * 1024;
    private const int MostAtOnce = 16;
    private const string Count = "subscription_count";
    private static readonly object _nothing = new();
    private static readonly SemaphoreSlim _turns = new(MostAtOnce);

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        // The signature says who asks.
        var api = app.MapGroup("/apps/{id}");
        api.MapPost("/events", PublishOneAsync).Open().ExcludeFromDescription();
        api.MapPost("/batch_events", PublishManyAsync).Open().ExcludeFromDescription();
        api.MapGet("/channels", ChannelsAsync).Open().ExcludeFromDescription();
        api.MapGet("/channels/{channel}", ChannelAsync).Open().ExcludeFromDescription();
    }

    private static Task<IResult> PublishOneAsync(
        HttpContext context, Server server, string id, [FromQuery(Name = "auth_key")] string? key, [FromQuery(Name = "auth_timestamp")] string? timestamp, [FromQuery(Name = "auth_version")] string? version,
        [FromQuery(Name = "auth_signature")] string? signature, [FromQuery(Name = "body_md5")] string? md5) => PublishAsync(context, server, id, false, key, timestamp, version, signature, md5);

    private static Task<IResult> PublishManyAsync(
        HttpContext context, Server server, string id, [FromQuery(Name = "auth_key")] string? key, [FromQuery(Name = "auth_timestamp")] string? timestamp, [FromQuery(Name = "auth_version")] string? version,
        [FromQuery(Name = "auth_signature")] string? signature, [FromQuery(Name = "body_md5")] string? md5) => PublishAsync(context, server, id, true, key, timestamp, version, signature, md5);

    private static async Task<IResult> ChannelsAsync(
        HttpContext context, Server server, string id, [FromQuery(Name = "auth_key")] string? key, [FromQuery(Name = "auth_timestamp")] string? timestamp, [FromQuery(Name = "auth_version")] string? version,
        [FromQuery(Name = "auth_signature")] string? signature, [FromQuery(Name = "body_md5")] string? md5, [FromQuery(Name = "filter_by_prefix")] string? prefix, [FromQuery(Name = "info")] string? info)
    {
        _ = (key, timestamp, version, signature, md5);
        var (_, problem) = await CheckAsync(context, server, id).ConfigureAwait(false);
        return problem ?? Results.Ok(new PusherChannels(server.Live.Pusher.Channels(prefix ?? "").ToDictionary(c => c.Key, c => new PusherChannelState(null, IsCounted(info) ? c.Value : null))));
    }

    private static async Task<IResult> ChannelAsync(
        HttpContext context, Server server, string id, string channel, [FromQuery(Name = "auth_key")] string? key, [FromQuery(Name = "auth_timestamp")] string? timestamp, [FromQuery(Name = "auth_version")] string? version,
        [FromQuery(Name = "auth_signature")] string? signature, [FromQuery(Name = "body_md5")] string? md5, [FromQuery(Name = "info")] string? info)
    {
        _ = (key, timestamp, version, signature, md5);
        var (_, problem) = await CheckAsync(context, server, id).ConfigureAwait(false);
        var count = problem is null ? server.Live.Pusher.Count(channel) : 0;
        return problem ?? Results.Ok(new PusherChannelState(count > 0, IsCounted(info) ? count : null));
    }

    private static async Task<IResult> PublishAsync(HttpContext context, Server server, string id, bool isBatch, params string?[] signed)
    {
        _ = signed;
        var (body, problem) = await CheckAsync(context, server, id).ConfigureAwait(false);
        if (problem is not null)
        {
            return problem;
        }

        if (PusherPublication.Read(body, isBatch, out var mistake) is not { } wanted)
        {
            return Problem.Of(mistake!.Status, $"Nothing was published: {mistake.Words}.");
        }

        // More at once would only wait for the database, with their bodies in memory.
        if (!await _turns.WaitAsync(0, context.RequestAborted).ConfigureAwait(false))
        {
            return AccessAnswers.Busy(context, "publish");
        }

        try
        {
            await server.Database.WriteAsync(
                "live.publish_signed",
                tx =>
                {
                    LiveEvent[] events = [.. wanted.SelectMany(w => w.At(tx.Now))];
                    server.Live.Events.Write(tx, events);
                },
                context.RequestAborted).ConfigureAwait(false);
        }
        finally
        {
            _turns.Release();
        }

        return Results.Ok(!wanted.Any(w => w.IsCounted) ? _nothing : isBatch ? new { batch = wanted.Select(w => w.IsCounted ? Counted(server, w) : _nothing) } : Counted(server, wanted[0]));
    }

    private static PusherChannels Counted(Server server, PusherPublication one) =>
        new(one.Channels.ToDictionary(c => c, c => new PusherChannelState(null, server.Live.Pusher.Count(c))));

    private static bool IsCounted(string? info) => info?.Split(',').Contains(Count) == true;

    /// <summary>The body of a request that is signed as it should be, or what is wrong.</summary>
    private static async Task<(ReadOnlyMemory<byte> Body, Problem? Problem)> CheckAsync(HttpContext context, Server server, string id)
    {
        if (server.Live.Pusher.App is not { } app || id != app.Id)
        {
            return (default, Problem.Of(StatusCodes.Status404NotFound, "There is no application of this id (settings pusher.id, pusher.key and pusher.secret)."));
        }

        var raw = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var request = new SignedRequest(context.Request.Method, raw.Split('?')[0], context.Request.Query.ToDictionary(p => p.Key, p => p.Value.ToString()));
        if (request.HeadProblem(app, server.Database.Clock.Now) is { } head)
        {
            return (default, Refused(context, head));
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MaxBody;
        }

        using var bytes = new MemoryStream();
        try
        {
            await context.Request.Body.CopyToAsync(bytes, context.RequestAborted).ConfigureAwait(false);
        }
        catch (BadHttpRequestException fault) when (fault.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return (default, Problem.Of(StatusCodes.Status413PayloadTooLarge, $"The body is larger than {MaxBody / 1024} KiB, the most that is read here."));
        }

        var body = bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
        return request.Problem(app, body.Span) is { } problem ? (default, Refused(context, problem)) : (body, null);
    }

    /// <summary>Whoever is refused again and again waits, as with tokens that are no good; a good signature is never held up.</summary>
    private static Problem Refused(HttpContext context, string why)
    {
        var door = context.RequestServices.GetRequiredService<DoorGuard>();
        var wait = door.WaitAt(context);
        door.Failed(context);
        return wait is { } left ? AccessAnswers.Wait(context, left) : Problem.Of(StatusCodes.Status401Unauthorized, $"The request is not signed as it should be: {why}.");
    }
}
