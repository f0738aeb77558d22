using Microsoft.AspNetCore.Mvc;
using Rondo.Readings;
using Rondo.Readings.Queries;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>History by series.</summary>
internal static class ReadingEndpoints
{
    // A year of half hours in one answer.
    private const int MostReadings = 20_000;
    private const int LongestName = 300;
    private static readonly Instant _farAway = Instant.From(new DateTime(9999, 1, 1, 0, 0, 0, DateTimeKind.Utc));

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/readings/{**series}", ReadAsync).WithTags("readings")
            .Named("readings", "Readings of a series (device/point) in [from, to), without from the newest, newest first; with a step in buckets").For(Role.Viewer).OfDevice("series")
            .Produces<ReadingPage>().Problems(404, 503);
        ReadingsOfMany.Map(app);
        QualityEndpoints.Map(app);
        SwapEndpoints.Map(app);
    }

    private static async Task<IResult> ReadAsync(
        Server server,
        HttpContext context,
        CancellationToken stop,
        string? series,
        [FromQuery(Name = "from")] Instant? from,
        [FromQuery(Name = "to")] Instant? to,
        [FromQuery(Name = "limit")] int? limit,
        [FromQuery(Name = "order")] string? order,
        [FromQuery(Name = "step")] string? step,
        [FromQuery(Name = "agg")] string? agg,
        [FromQuery(Name = "tz")] string? tz,
        [FromQuery(Name = "gapfill")] string? gapfill,
        [FromQuery(Name = "points")] int? points,
        [FromQuery(Name = "format")] string? format)
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

        if (ReadingParameters.Format(format, context.Request.Headers.Accept) is not { } kind)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"format is '{SpecPointer.Shown(format!)}'; expected {ReadingParameters.Formats}.");
        }

        if (step is not null and not "raw" || (agg ?? tz ?? gapfill) is not null || points is not null)
        {
            return limit is null && order is null
                ? await ReadingsOfMany.AnswerAsync(server, context, [series], from, to, (step, agg, tz, gapfill, points), kind, isOne: true, stop).ConfigureAwait(false)
                : Problem.Of(StatusCodes.Status400BadRequest, "limit and order are about readings as they are; an answer in buckets has all of them, oldest first. Narrow it by points, step, from and to.");
        }

        if (kind != "json")
        {
            return await ReadingsOfMany.StreamAsync(server, context, series, from, to, kind, stop).ConfigureAwait(false);
        }

        var (found, near, rows, expected) = await server.Database.ReadAsync("readings.page", tx => Read(tx, series, from, to, most + 1, way, most), stop).ConfigureAwait(false);
        if (found is null)
        {
            return ReadingsOfMany.NotThere(context, series, near);
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

        return Results.Ok(new ReadingPage
        {
            Series = found.Name, Unit = found.Unit, Kind = found.Kind, Step = "raw", Order = way, From = from, To = to, Readings = rows, Next = next, Expected = expected, Present = rows.Count,
            Completeness = expected is > 0 and var known ? Math.Min(1, Math.Round((double)rows.Count / known, 6)) : null,
        });
    }

    private static (SeriesRow? Found, List<string> Near, List<Reading> Rows, long? Expected) Read(Transaction tx, string series, Instant? from, Instant? to, int limit, string way, int most)
    {
        if (ReadingQuery.Find(tx, series) is not { } found)
        {
            return (null, ReadingQuery.Near(tx, series), [], null);
        }

        var (start, end) = (from ?? Instant.Epoch, to ?? _farAway);
        if (way == "asc")
        {
            // How many were to be on this page is known when it is known where it ends.
            var page = ReadingQuery.Range(tx, series, start, end, limit);
            var until = page.Count > most ? new Instant(page[most - 1].At.Micros + 1) : end;
            return (found, [], page, from is null ? null : new SeriesReader(Server.Rollups).Expected(tx, series, start, until));
        }

        var rows = ReadingQuery.Newest(tx, series, end, limit);
        rows.RemoveAll(r => r.At < start);
        rows.Reverse();

        // From the oldest of this page on, or from when on was asked.
        var since = rows.Count > most ? rows[most - 1].At : from ?? (rows.Count > 0 ? rows[^1].At : null);
        return (found, [], rows, since is { } begin ? new SeriesReader(Server.Rollups).Expected(tx, series, begin, end) : null);
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
