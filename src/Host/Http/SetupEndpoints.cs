using System.Net;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>The code that the server printed, and how the first admin's token is to be called.</summary>
internal sealed record SetupRequest
{
    /// <summary>The code.</summary>
    public required string Code { get; init; }

    /// <summary>Name of the token. Default <c>admin</c>.</summary>
    public string Name { get; init; } = "admin";
}

/// <summary>A token that was just made: the one time it is known.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Role">What it may.</param>
/// <param name="Token">What to present: <c>Authorization: Bearer TOKEN</c>.</param>
internal sealed record NewTokenView(string Name, string Role, string Token);

/// <summary>The first admin.</summary>
internal static class SetupEndpoints
{
    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/api/setup", ClaimAsync).WithTags("access")
        .Named("setUp", "While nobody is an admin: the first admin's token, for the code that the server printed; from this machine only").Open()
        .Accepts<SetupRequest>("application/json").Produces<NewTokenView>(201).Problems(409, 413, 415, 422, 429, 503).WithMetadata(new BodyLimit(BodyLimit.Small));

    private static async Task<IResult> ClaimAsync(Server server, DoorGuard door, HttpContext context, CancellationToken stop)
    {
        if (door.WaitAt(context) is { } wait)
        {
            return AccessAnswers.Wait(context, wait);
        }

        // Before the body: from elsewhere there is nothing to read.
        var address = context.Connection.RemoteIpAddress;
        if (address is null || !IPAddress.IsLoopback(address))
        {
            return Wrong(door, context);
        }

        var (text, problem) = await RequestBody.ReadAsync(context.Request, stop).ConfigureAwait(false);
        if (problem is not null)
        {
            return problem;
        }

        var (wanted, mistake) = JobEndpoints.Read<SetupRequest>(text);
        if (wanted is null)
        {
            return Problem.Refused("Nothing was set up.", [mistake!]);
        }

        if (server.FirstAdmin is not { } first)
        {
            return Wrong(door, context);
        }

        try
        {
            return await first.ClaimAsync(wanted.Code, wanted.Name, new Actor("setup", "first admin", address.ToString()), stop).ConfigureAwait(false) is { } issued
                ? Results.Created((string?)null, new NewTokenView(issued.Token.Name, issued.Token.Role, issued.Text))
                : Wrong(door, context);
        }
        catch (AccessRefused refused)
        {
            return refused.Reason == AccessRefusal.Mistake
                ? Problem.Refused("Nothing was set up.", [new ProblemItem("/" + refused.Field, refused.Message)])
                : Problem.Of(StatusCodes.Status409Conflict, $"Nothing was set up: {refused.Message}.");
        }
    }

    private static Problem Wrong(DoorGuard door, HttpContext context)
    {
        door.Failed(context);
        return Problem.Of(
            StatusCodes.Status403Forbidden,
            "Nothing was set up: there is an admin already, or the code is not the one this server printed at its start, is over an hour old or was used. rondo tokens add NAME --role admin makes an admin's token.");
    }
}
