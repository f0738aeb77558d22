using System.Globalization;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>
/// How often one token may ask, all its connections together; of a user all their sessions together. Twice as many at once as a second, so that a page that loads a lot is not held up; then so many
/// a second. A program that has run wild harms itself, and leaves the server to others.
/// </summary>
/// <param name="time">Time.</param>
/// <param name="perSecond">How many requests a second.</param>
internal sealed class TokenPace(TimeProvider time, int perSecond)
{
    private readonly Pace _pace = new(time, perSecond, 2 * perSecond);

    /// <summary>The middleware. Whoever may not ask at all has been told so before; nobody in particular is not counted here.</summary>
    public static Task Check(HttpContext context, RequestDelegate next)
    {
        if (context.CallerOf()?.Caller is not { } caller)
        {
            return next(context);
        }

        var pace = context.RequestServices.GetRequiredService<TokenPace>();
        return pace._pace.Take($"{caller.Kind}:{caller.Name}") is not { } wait ? next(context) : pace.RefuseAsync(context, $"{caller.Kind} {caller.Name}", wait);
    }

    private Task RefuseAsync(HttpContext context, string who, TimeSpan wait)
    {
        var seconds = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers.RetryAfter = seconds;
        return Problem.Of(StatusCodes.Status429TooManyRequests, $"The {who} asks more than {perSecond} times a second (setting http.rate_per_token); try again in {seconds} s.").ExecuteAsync(context);
    }
}
