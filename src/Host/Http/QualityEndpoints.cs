using Microsoft.AspNetCore.Mvc;
using Rondo.Readings;
using Rondo.Readings.Quality;
using Rondo.Readings.Queries;
using Rondo.Readings.Rollups;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>How good the readings of a series are, day by day.</summary>
/// <param name="Days">Oldest first; the last may be unfinished.</param>
internal sealed record QualityDays(IReadOnlyList<DayQuality> Days);

/// <summary>What the daily look found.</summary>
/// <param name="Findings">The newest day first; at most 10,000.</param>
internal sealed record FindingList(IReadOnlyList<QualityFinding> Findings);

/// <summary>Quality of readings, and how far they are rolled up.</summary>
internal static class QualityEndpoints
{
    private const int MostFindings = 10_000;

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/readings/quality", ReadAsync).WithTags("readings").Named("readingQuality", "How good the readings of a series are, day by day: expected, present, gaps, outliers, stuck values, negative deltas")
            .For(Role.Viewer).Produces<QualityDays>().Problems(404, 503);
        app.MapGet("/api/readings/findings", FindingsAsync).WithTags("readings").Named("readingFindings", "What the daily look found to say against the readings of days that begin in [from, to); by default of the last three, and of older ones judged in them")
            .For(Role.Viewer).Produces<FindingList>().Problems(503);
        app.MapGet("/api/readings/rollups", StatusAsync).WithTags("readings").Named("rollupStatus", "What is rolled up, and what still has to be")
            .For(Role.Viewer).Produces<RollupStatus>().Problems(503);
    }

    private static async Task<IResult> FindingsAsync(Server server, CancellationToken stop, [FromQuery(Name = "from")] Instant? from, [FromQuery(Name = "to")] Instant? to)
    {
        var until = to ?? server.Database.Clock.Now;
        return from >= until
            ? Problem.Of(StatusCodes.Status400BadRequest, $"from ({from}) is not before to ({until}).")
            : Results.Ok(new FindingList(await server.Database.ReadAsync("readings.findings", tx => FindingStore.List(tx, from, until, MostFindings), stop).ConfigureAwait(false)));
    }

    private static async Task<IResult> StatusAsync(Server server, CancellationToken stop) => Results.Ok(await server.Database.ReadAsync("rollups.status", RollupStatus.Read, stop).ConfigureAwait(false));

    private static async Task<IResult> ReadAsync(
        Server server,
        CancellationToken stop,
        [FromQuery(Name = "series")] string? series,
        [FromQuery(Name = "from")] Instant? from,
        [FromQuery(Name = "to")] Instant? to)
    {
        var until = to ?? server.Database.Clock.Now;
        if (from is not { } begin || begin >= until)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, from is null ? "from is missing; expected the first day." : $"from ({from}) is not before to ({until}).");
        }

        try
        {
            var name = series ?? "";
            var (days, near) = await server.Database.ReadAsync(
                "readings.quality", tx => new QualityReader(Server.Rollups).Read(tx, name, begin, until) is { } found ? (found, []) : ((List<DayQuality>?)null, ReadingQuery.Near(tx, name)), stop).ConfigureAwait(false);
            return days is null ? Problem.NotFound($"There is no series '{SpecPointer.Shown(name)}'; a series is named device/point.", near) : Results.Ok(new QualityDays(days));
        }
        catch (QuestionRefused refused)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"That is not answered: {refused.Message}.");
        }
    }
}
