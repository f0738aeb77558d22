using System.Globalization;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>How whoever may not ask is told so: 401 with what to present, 403 with what is needed, 429 with how long to wait.</summary>
internal sealed class AccessAnswers : IAuthorizationMiddlewareResultHandler
{
    /// <summary>RFC 6750: a token was presented, and is no good.</summary>
    public const string Invalid = "Bearer realm=\"rondo\", error=\"invalid_token\"";

    private const string Nothing = "Bearer realm=\"rondo\"";

    /// <summary>That an address has to wait.</summary>
    public static Problem Wait(HttpContext context, TimeSpan wait) => Wait(context, wait, "Too much of what came from this address was no good");

    /// <summary>That an address signs in too often, right or wrong.</summary>
    public static Problem Paced(HttpContext context, TimeSpan wait) =>
        Wait(context, wait, $"From this address somebody signs in again and again: {SignIns.Burst} at once, then one a second. A program is better off with a token");

    private static Problem Wait(HttpContext context, TimeSpan wait, string why)
    {
        var seconds = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers.RetryAfter = seconds;
        return Problem.Of(StatusCodes.Status429TooManyRequests, $"{why}; try again in {seconds} s.");
    }

    /// <summary>That as many do the same at this moment as may.</summary>
    public static Problem Busy(HttpContext context, string what)
    {
        context.Response.Headers.RetryAfter = "1";
        return Problem.Of(StatusCodes.Status429TooManyRequests, $"Too many {what} at this moment; try again in 1 s.");
    }

    /// <inheritdoc/>
    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Succeeded)
        {
            return next(context);
        }

        var request = $"{context.Request.Method} {context.Request.Path}";
        if (DoorGuard.WaitOf(context) is { } wait)
        {
            return Wait(context, wait).ExecuteAsync(context);
        }

        if (BearerHandler.IsForeign(context))
        {
            return Problem.Of(StatusCodes.Status403Forbidden, $"{request} comes by a session without its {SessionCookie.CsrfHeader}, which signing in and GET /api/session tell.").ExecuteAsync(context);
        }

        if (context.CallerOf() is null)
        {
            var denial = BearerHandler.DenialOf(context);
            context.Response.Headers.WWWAuthenticate = denial is null ? Nothing : Invalid;
            return Problem.Of(StatusCodes.Status401Unauthorized, denial switch
            {
                null => $"{request} needs a token: Authorization: Bearer TOKEN. rondo tokens add NAME --role viewer makes one.",
                AccessDenial.Expired => "The token has expired. rondo tokens add makes another one.",
                AccessDenial.Revoked => "The token was revoked. rondo tokens add makes another one.",
                AccessDenial.Unknown => "No such token was issued here, or it is not complete. rondo tokens list shows how those begin that were.",
                _ => "What was presented is no token; expected Authorization: Bearer rondo_…, as rondo tokens add printed it.",
            }).ExecuteAsync(context);
        }

        var reason = authorizeResult.AuthorizationFailure?.FailureReasons.FirstOrDefault()?.Message ?? "is closed: it names nobody who may ask it";
        return Problem.Of(StatusCodes.Status403Forbidden, $"{request} {reason}.").ExecuteAsync(context);
    }
}
