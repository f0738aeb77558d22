using System.Buffers;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>
/// What every request passes first. A page in a browser can make it send requests to loopback; what it cannot do is leave out its Origin, nor make
/// the Host anything but the name it was loaded from. So both must be this server, and there is no CORS.
/// </summary>
internal static class RequestGuard
{
    private const string CorrelationHeader = "X-Correlation-Id";
    private const int LongestCorrelation = 64;
    private static readonly object _correlation = new();
    private static readonly object _policy = new();
    private static readonly SearchValues<char> _allowed = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:");

    /// <summary>The request's correlation id.</summary>
    public static string? CorrelationOf(HttpContext context) => context.Items[_correlation] as string;

    /// <summary>What a page of this server may do in a browser, in the place of nothing.</summary>
    public static void Allow(HttpContext context, string policy) => context.Items[_policy] = policy;

    /// <summary>The middleware.</summary>
    public static Task Check(HttpContext context, RequestDelegate next)
    {
        var given = context.Request.Headers[CorrelationHeader].ToString();
        var correlation = given.Length is > 0 and <= LongestCorrelation && !given.AsSpan().ContainsAnyExcept(_allowed) ? given : Ids.New();
        context.Items[_correlation] = correlation;

        // At the last moment, because the handling of an exception clears what was set before.
        context.Response.OnStarting(static state => { SetHeaders((HttpContext)state); return Task.CompletedTask; }, context);
        return Refusal(context.Request, context.RequestServices.GetRequiredService<HostNames>()) is { } problem ? problem.ExecuteAsync(context) : next(context);
    }

    private static Problem? Refusal(HttpRequest request, HostNames names)
    {
        if (!request.Host.HasValue)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"The request has no Host header; expected {names.Expected}.");
        }

        if (!names.Knows(request.Host))
        {
            return Problem.Of(
                StatusCodes.Status421MisdirectedRequest,
                $"The request is for the host '{Shown(request.Host.Value)}', which this is not; expected {names.Expected}. (A name that resolves to loopback is how web pages attack local programs.)");
        }

        foreach (var origin in request.Headers.Origin)
        {
            if (!string.Equals(origin, $"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase))
            {
                return Problem.Of(
                    StatusCodes.Status403Forbidden, $"The request comes from a web page of '{Shown(origin)}'; only pages of {request.Scheme}://{request.Host.Value} itself may ask.");
            }
        }

        return null;
    }

    private static string Shown(string? text) => text is null ? "" : text.Length > 100 ? text[..100] + "…" : text;

    private static void SetHeaders(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers[CorrelationHeader] = CorrelationOf(context);
        headers.XContentTypeOptions = "nosniff";
        headers.CacheControl = "no-store";
        headers.ContentSecurityPolicy = context.Items[_policy] as string ?? "default-src 'none'; frame-ancestors 'none'";
        if (context.Request.IsHttps)
        {
            headers.StrictTransportSecurity = "max-age=31536000";
        }

        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
    }
}
