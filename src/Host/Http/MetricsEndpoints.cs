using Microsoft.Net.Http.Headers;
using Rondo.Host.Metrics;
using Rondo.Metrics;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>Numbers, for those who collect and draw them.</summary>
internal static class MetricsEndpoints
{
    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/metrics", ScrapeAsync).WithTags("metrics")
            .Named("metrics", "Every number of this node, as Prometheus reads it: text format 0.0.4, or OpenMetrics 1.0 for who asks for it by Accept").For(Role.Viewer)
            .Produces<string>(contentType: "text/plain", additionalContentTypes: "application/openmetrics-text");
        app.MapGet("/metrics/performance", (Server server) => Results.Ok(Performance(server))).WithTags("metrics")
            .Named("performance", "How long requests take by endpoint, and passes of background loops: p50, p95 and p99 of the last minutes and since the start").For(Role.Viewer)
            .Produces<PerformanceView>();
    }

    private static PerformanceView Performance(Server server)
    {
        var uptime = server.Database.Clock.Now - server.Node.Row.StartedAt;
        var window = WindowLoop.Part * Timing.Window;
        return new PerformanceView(
            server.Database.Clock.Now,
            server.Node.Id,
            Math.Round(uptime.TotalSeconds, 1),
            Math.Round((uptime < window ? uptime : window).TotalSeconds, 1),
            [.. server.Numbers.Http.Endpoints.All.Select(e => Times(e.Label, e.Cell)).OrderByDescending(e => e.Total.P99Ms)],
            [.. server.LoopList.Select(l => Times(l.Name, l.PassTimes)).OrderBy(l => l.Name, StringComparer.Ordinal)]);
    }

    private static TimesOf Times(string name, Timing timing) => new(name, Percentiles.Of(timing.Recent), Percentiles.Of(timing.Total));

    private static async Task ScrapeAsync(Server server, HttpContext context, CancellationToken stop)
    {
        var isOpenMetrics = Accept.WantsOpenMetrics(context.Request.Headers.Accept.ToString());
        var text = Exposition.Write(await server.Numbers.ReadAsync(stop).ConfigureAwait(false), isOpenMetrics);
        context.Response.ContentType = isOpenMetrics ? Exposition.OpenMetricsType : Exposition.TextType;
        context.Response.Headers[HeaderNames.Vary] = HeaderNames.Accept;
        await context.Response.WriteAsync(text, stop).ConfigureAwait(false);
    }
}
