using Microsoft.AspNetCore.Mvc;
using Rondo.Readings;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>Readings of one series.</summary>
/// <param name="Series">Name, <c>device/point</c>.</param>
/// <param name="Unit">Unit of measure.</param>
/// <param name="Kind"><c>gauge</c>, <c>counter</c>, <c>energy</c> or <c>state</c>.</param>
/// <param name="Order"><c>asc</c> (oldest first) or <c>desc</c>.</param>
/// <param name="Readings">The readings.</param>
/// <param name="Next">Where the rest is, or null.</param>
internal sealed record ReadingPage(string Series, string Unit, string Kind, string Order, IReadOnlyList<Reading> Readings, string? Next);

/// <summary>History by series.</summary>
internal static class ReadingEndpoints
{
    private const int MostReadings = 10_000;
    private const int LongestName = 300;
    private static readonly Instant _farAway = Instant.From(new DateTime(9999, 1, 1, 0, 0, 0, DateTimeKind.Utc));

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/api/readings/{**series}", ReadAsync).WithTags("readings")
        .Named("readings", "Readings of a series (device/point) in [from, to); without from the newest, newest first").For(Role.Viewer).OfDevice("series")
        .Produces<ReadingPage>().Problems(404, 503);

    private static async Task<IResult> ReadAsync(
        Server server,
        HttpContext context,
        CancellationToken stop,
        string? series,
        [FromQuery(Name = "from")] Instant? from,
        [FromQuery(Name = "to")] Instant? to,
        [FromQuery(Name = "limit")] int? limit,
        [FromQuery(Name = "order")] string? order)
    {
        var most = limit ?? 1_000;
        var way = order ?? (from is null ? "desc" : "asc");
        if (Mistake(from, to, most, way) is { } mistake)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, mistake);
        }

        // A path keeps the slash that a client encoded. No name has a percent sign.
        series = series?.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        if (series is not { Length: > 0 and <= LongestName } || series.Any(char.IsControl))
        {
            return Problem.NotFound($"There is no series '{SpecPointer.Shown(series ?? "")}'; a series is named device/point.", []);
        }

        var (found, near, rows) = await server.Database.ReadAsync("readings.page", tx => Read(tx, series, from, to, most + 1, way), stop).ConfigureAwait(false);
        if (found is null)
        {
            return Problem.NotFound($"There is no series '{SpecPointer.Shown(series)}'; a series is named device/point.", [.. near.Where(n => context.MaySee(n.Split('/')[0]))]);
        }

        string? next = null;
        if (rows.Count > most)
        {
            rows.RemoveAt(most);
            var last = rows[^1].At;
            var start = way == "asc" ? new Instant(last.Micros + 1) : from;
            var end = way == "asc" ? to : last;
            next = Links.With($"/api/readings/{series}", ("from", start?.ToString()), ("to", end?.ToString()), ("limit", $"{most}"), ("order", way));
        }

        return Results.Ok(new ReadingPage(found.Name, found.Unit, found.Kind, way, rows, next));
    }

    private static (SeriesRow? Found, List<string> Near, List<Reading> Rows) Read(Transaction tx, string series, Instant? from, Instant? to, int limit, string way)
    {
        if (ReadingQuery.Find(tx, series) is not { } found)
        {
            return (null, ReadingQuery.Near(tx, series), []);
        }

        var (start, end) = (from ?? Instant.Epoch, to ?? _farAway);
        if (way == "asc")
        {
            return (found, [], ReadingQuery.Range(tx, series, start, end, limit));
        }

        var rows = ReadingQuery.Newest(tx, series, end, limit);
        rows.RemoveAll(r => r.At < start);
        rows.Reverse();
        return (found, [], rows);
    }

    private static string? Mistake(Instant? from, Instant? to, int limit, string order)
    {
        if (limit is < 1 or > MostReadings)
        {
            return $"limit is {limit}; expected 1 to {MostReadings}.";
        }

        if (order is not ("asc" or "desc"))
        {
            return $"order is '{SpecPointer.Shown(order)}'; expected asc or desc.";
        }

        return from >= to ? $"from ({from}) is not before to ({to})." : null;
    }
}
