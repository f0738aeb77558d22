using Rondo.Metrics;

namespace Rondo.Host.Metrics;

/// <summary>How requests went: how long, by endpoint, and with what status.</summary>
/// <param name="time">Measures.</param>
internal sealed class HttpTimes(TimeProvider time)
{
    /// <summary>Most endpoints that are told apart.</summary>
    public const int MostEndpoints = 300;

    /// <summary>What is no endpoint of ours, whatever its path.</summary>
    public const string Nothing = "none";

    // These last as long as their client stays.
    private static readonly string[] _streams = ["/ws", "/events", "/app/{key}"];

    // By class of the status, 1xx to 5xx.
    private readonly Counter[] _responses = [.. Enumerable.Range(0, 5).Select(_ => new Counter())];
    private readonly Counter _faults = new();

    /// <summary>Durations by endpoint: <c>GET /api/devices/{name}</c>.</summary>
    public Labelled<Timing> Endpoints { get; } = new(MostEndpoints, () => new Timing());

    /// <summary>Answers by class of their status.</summary>
    public IEnumerable<(string Status, long Count)> Responses => _responses.Select((c, n) => ($"{n + 1}xx", c.Value));

    /// <summary>Requests that met a fault: answered with 500, or not at all.</summary>
    public long Faults => _faults.Value;

    /// <summary>The middleware; it comes first.</summary>
    public async Task Measure(HttpContext context, RequestDelegate next)
    {
        var began = time.GetTimestamp();
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch
        {
            _faults.Add();
            throw;
        }
        finally
        {
            var status = context.Response.StatusCode;
            _responses[Math.Clamp((status / 100) - 1, 0, 4)].Add();
            if (status == StatusCodes.Status500InternalServerError)
            {
                _faults.Add();
            }

            var name = NameOf(context);
            if (name is not null)
            {
                Endpoints[name].Add(time.GetElapsedTime(began));
            }
        }
    }

    // Interned with its endpoint: a name is put together once.
    private static string? NameOf(HttpContext context)
    {
        // The handler of faults clears the endpoint and keeps it in its feature.
        var endpoint = context.GetEndpoint() ?? context.Features.Get<Microsoft.AspNetCore.Diagnostics.IExceptionHandlerFeature>()?.Endpoint;
        return endpoint is not RouteEndpoint route ? Nothing : _names.GetValue(route, static r => new Name(Text(r))).Shown;
    }

    private static string? Text(RouteEndpoint route)
    {
        var path = "/" + route.RoutePattern.RawText!.Trim('/');
        return Array.Exists(_streams, s => s == path) ? null : $"{route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods[0] ?? "ANY"} {path}";
    }

    private sealed record Name(string? Shown);

    private static readonly System.Runtime.CompilerServices.ConditionalWeakTable<RouteEndpoint, Name> _names = [];
}
