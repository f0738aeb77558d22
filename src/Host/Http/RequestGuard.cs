using System.Diagnostics;
using Microsoft.Extensions.Primitives;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>
/// What every request passes first. A page in a browser can make it send requests to loopback; what it cannot do is leave out its Origin, nor make
/// the Host anything but the name it was loaded from. So both must be this server, and there is no CORS.
/// </summary>
internal static class RequestGuard
{
    private const string CorrelationHeader = "X-Correlation-Id";
    private const string TraceHeader = "traceparent";
    private static readonly object _trace = new();
    private static readonly object _policy = new();

    /// <summary>The request's correlation id.</summary>
    public static string? CorrelationOf(HttpContext context) => TraceOf(context)?.CorrelationId;

    /// <summary>What the request belongs to; null before it has passed here.</summary>
    public static TraceContext? TraceOf(HttpContext context) => context.Items[_trace] as TraceContext;

    /// <summary>What a page of this server may do in a browser, in the place of nothing.</summary>
    public static void Allow(HttpContext context, string policy) => context.Items[_policy] = policy;

    /// <summary>The middleware.</summary>
    public static async Task Check(HttpContext context, RequestDelegate next)
    {
        ConnectionSeat.Asked(context);
        var trace = Trace(context.Request.Headers[CorrelationHeader], context.Request.Headers[TraceHeader]);
        context.Items[_trace] = trace;

        // At the last moment, because the handling of an exception clears what was set before.
        context.Response.OnStarting(static state => { SetHeaders((HttpContext)state); return Task.CompletedTask; }, context);
        using var use = TraceContext.Enter(trace);
        using var scope = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("rondo.http").BeginScope(new TraceScope(trace));
        await (Refusal(context.Request, context.RequestServices.GetRequiredService<HostNames>()) is { } problem ? problem.ExecuteAsync(context) : next(context)).ConfigureAwait(false);
    }

    /// <summary>
    /// What was sent, where it is fit to be taken up and sent once; else what the framework began for the request, else a new one. The request is a step of its own in it.
    /// </summary>
    private static TraceContext Trace(StringValues correlation, StringValues traceparent)
    {
        var activity = Activity.Current is { IdFormat: ActivityIdFormat.W3C } began ? began : null;
        var (name, parent) = (correlation.Count == 1 ? correlation[0] : null, traceparent.Count == 1 ? traceparent[0] : null);
        var given = TraceContext.Take(null, parent) is not null ? parent : activity?.Id;
        var trace = TraceContext.From(name, given);
        return trace.Next(activity?.TraceId.ToHexString() == trace.TraceId ? activity.SpanId.ToHexString() : null);
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
        headers[TraceHeader] = TraceOf(context)?.Traceparent;
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
