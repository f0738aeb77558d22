using System.Text.Json;
using Rondo.Live;
using Rondo.Live.Log;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>An event to be published, to see whether it arrives.</summary>
internal sealed record PublishRequest
{
    /// <summary>Its address: <c>global</c>, <c>devices.12</c>, <c>admin-notifications</c> …</summary>
    public required string Topic { get; init; }

    /// <summary>What is to have happened, such as <c>payment.processed</c>.</summary>
    public required string Name { get; init; }

    /// <summary>A JSON object, at most 64 KiB; it gets <c>"test": true</c>. An empty one when it is left out.</summary>
    public JsonElement? Data { get; init; }
}

/// <summary>An event that was published.</summary>
/// <param name="Name">What is to have happened.</param>
/// <param name="Topic">Its address.</param>
/// <param name="At">When it was written to the log.</param>
internal sealed record Published(string Name, string Topic, Instant At);

/// <summary>Publishing for a test, as <c>rondo live publish</c> does it.</summary>
internal static class PublishEndpoint
{
    // An event's data, escaped in every character, and what is around them.
    private const int MaxBody = (6 * EventLog.MaxData) + 4_096;

    /// <summary>Maps it.</summary>
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/api/live/publish", PublishAsync).WithTags("live")
        .Named("publishEvent", "Writes an event to the log, marked as a test, to see whether it arrives").For(Role.Admin)
        .Accepts<PublishRequest>("application/json").Produces<Published>().Problems(413, 415, 422, 503)
        .WithMetadata(new BodyLimit(MaxBody));

    private static async Task<IResult> PublishAsync(Server server, HttpContext context, CancellationToken stop)
    {
        var (text, problem) = await RequestBody.ReadAsync(context.Request, stop).ConfigureAwait(false);
        if (problem is not null)
        {
            return problem;
        }

        var (wanted, mistake) = JobEndpoints.Read<PublishRequest>(text);
        if (wanted is null)
        {
            return Refused(mistake!);
        }

        if (TestEvent.Mark(wanted.Data is { } data ? data.GetRawText() : "{}") is not { } marked)
        {
            return Refused(new ProblemItem("/data", "is no JSON object, or has a name twice"));
        }

        var happened = new LiveEvent(wanted.Name, wanted.Topic, default, marked);
        if (EventLog.Problem(happened) is { } why)
        {
            return Refused(new ProblemItem(!Topics.IsKnown(wanted.Topic) ? "/topic" : "", why));
        }

        var published = await TestEvent.PublishAsync(server.By(context).Database, server.Live.Events, happened, stop).ConfigureAwait(false);
        server.Hints.Send(EventLog.Hint);
        return Results.Ok(new Published(published.Name, published.Topic, published.At));
    }

    private static Problem Refused(ProblemItem item) => Problem.Refused("The event was not published.", [item]);
}
