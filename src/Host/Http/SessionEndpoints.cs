using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>Name and password.</summary>
internal sealed record SignInRequest
{
    /// <summary>The user.</summary>
    public required string Name { get; init; }

    /// <summary>The password.</summary>
    public required string Password { get; init; }
}

/// <summary>Who is signed in.</summary>
/// <param name="Kind"><c>user</c> or <c>token</c>.</param>
/// <param name="Name">Name of the user or token.</param>
/// <param name="Role">What they may.</param>
/// <param name="ExpiresAt">Until when; null for ever.</param>
/// <param name="Csrf">For a session: what each request that changes something carries as <c>X-Csrf-Token</c>.</param>
internal sealed record SessionView(string Kind, string Name, string Role, Instant? ExpiresAt, string? Csrf);

/// <summary>Signing in and out, for browsers.</summary>
internal static class SessionEndpoints
{
    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var session = app.MapGroup("/api/session").WithTags("access");
        session.MapPost("", SignInAsync).Named("signIn", "Signs a user in: a cookie for 12 hours, and in the answer what requests that change something have to carry").Open()
            .Accepts<SignInRequest>("application/json").Produces<SessionView>().Problems(401, 413, 415, 422, 429, 503).WithMetadata(new BodyLimit(BodyLimit.Small));
        session.MapGet("", Show).Named("getSession", "Who asks").ForAnybody().Produces<SessionView>();
        session.MapDelete("", SignOutAsync).Named("signOut", "Ends the session").ForAnybody().Produces(204).Problems(409, 503);
    }

    private static async Task<IResult> SignInAsync(Server server, ILoggerFactory logs, HttpContext context, CancellationToken stop)
    {
        var (text, problem) = await RequestBody.ReadAsync(context.Request, stop).ConfigureAwait(false);
        if (problem is not null)
        {
            return problem;
        }

        var (wanted, mistake) = JobEndpoints.Read<SignInRequest>(text);
        if (wanted is null)
        {
            return Problem.Refused("Nobody was signed in.", [mistake!]);
        }

        var address = DoorGuard.AddressOf(context);
        if (server.SignIns.Wait(wanted.Name, address) is { Ticks: > 0 } wait)
        {
            return AccessAnswers.Wait(context, wait);
        }

        try
        {
            // Written down where that can be: who signs in changes nothing, and may have to see why nothing can be written down.
            var from = context.Connection.RemoteIpAddress?.ToString() ?? "";
            var database = server.Written(new Actor("user", wanted.Name, from), new AuditLabel("sessions.begin", wanted.Name), isOptional: true);
            var answer = await server.SignIns.SignInAsync(database, wanted.Name, wanted.Password, address, stop).ConfigureAwait(false);
            if (answer.Wait > TimeSpan.Zero)
            {
                return answer.IsPaced ? AccessAnswers.Paced(context, answer.Wait) : AccessAnswers.Wait(context, answer.Wait);
            }

            if (answer.LockOut is { } lockOut)
            {
                AccessLog.LockedOut(logs.CreateLogger(AccessLog.Category), lockOut.User is { } user ? $"user '{user}'" : "a name that is no user's", from, Math.Ceiling(lockOut.For.TotalSeconds));
            }

            if (answer.Session is not { } session)
            {
                return Problem.Of(StatusCodes.Status401Unauthorized, "Nobody was signed in: there is no such user, or the password is another one.");
            }

            SessionCookie.Give(context, session.Text);
            return Results.Ok(new SessionView("user", wanted.Name, session.Token.Role, session.Token.ExpiresAt, SessionCookie.CsrfOf(session.Text)));
        }
        catch (TimeoutException)
        {
            return AccessAnswers.Wait(context, TimeSpan.FromSeconds(1));
        }
    }

    private static IResult Show(HttpContext context)
    {
        var caller = context.CallerOf()!.Caller;
        return Results.Ok(new SessionView(caller.Kind, caller.Name, caller.Role.Text(), caller.ExpiresAt, BearerHandler.SessionOf(context) is { } session ? SessionCookie.CsrfOf(session) : null));
    }

    private static async Task<IResult> SignOutAsync(Server server, HttpContext context, CancellationToken stop)
    {
        if (BearerHandler.SessionOf(context) is null)
        {
            return Problem.Of(StatusCodes.Status409Conflict, "This is a token and no session; rondo tokens revoke ends it.");
        }

        var database = server.Written(context.ActorOf(), new AuditLabel("sessions.end", context.CallerOf()!.Caller.Name), isOptional: true);
        await SignIns.SignOutAsync(database, context.CallerOf()!.Grant, server.Hints.Send, stop).ConfigureAwait(false);
        SessionCookie.Take(context);
        return Results.NoContent();
    }
}
