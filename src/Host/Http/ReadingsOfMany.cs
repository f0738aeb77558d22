using System.Text;
using Microsoft.AspNetCore.Mvc;
using Rondo.Readings;
using Rondo.Readings.Queries;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>Readings of several series.</summary>
/// <param name="Series">One answer for each, in the order of the question.</param>
internal sealed record ReadingPages(IReadOnlyList<ReadingPage> Series);

/// <summary>The newest reading of a series.</summary>
/// <param name="Series">Name.</param>
/// <param name="Unit">Unit of measure.</param>
/// <param name="Kind"><c>gauge</c>, <c>counter</c>, <c>energy</c> or <c>state</c>.</param>
/// <param name="At">When; null when it was never read.</param>
/// <param name="Value">Value.</param>
/// <param name="Quality"><c>good</c> or <c>suspect</c>.</param>
internal sealed record NewestReading(string Series, string Unit, string Kind, Instant? At, double? Value, string? Quality);

/// <summary>The newest readings.</summary>
/// <param name="Readings">One for each series that there is.</param>
internal sealed record NewestList(IReadOnlyList<NewestReading> Readings);

/// <summary>What all readings of a series come to.</summary>
/// <param name="Series">Name.</param>
/// <param name="Unit">Unit of measure.</param>
/// <param name="Kind"><c>gauge</c>, <c>counter</c>, <c>energy</c> or <c>state</c>.</param>
/// <param name="From">From when on: a whole hour.</param>
/// <param name="To">Until when.</param>
/// <param name="Expected">Readings that were planned, until now at most; null when nobody knows.</param>
/// <param name="Completeness">Present of expected.</param>
/// <param name="IsPending">True when much is still to be rolled up.</param>
/// <param name="Total">The numbers; null when there are no readings.</param>
internal sealed record ReadingStats(string Series, string Unit, string Kind, Instant From, Instant To, long? Expected, double? Completeness, bool IsPending, Bucket? Total);

/// <summary>History of several series, in buckets or as it was read.</summary>
internal static class ReadingsOfMany
{
    private const int MostSeries = 100;
    private const int MostNewest = 10_000;
    private const int PageSize = 10_000;

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/readings", ReadAsync).WithTags("readings").Named("readingsOfMany", "Readings of several series (series=a&series=b, at most 100) in buckets, or with step=raw as they were read")
            .For(Role.Viewer).Produces<ReadingPages>().Problems(404, 503);
        app.MapGet("/api/readings/latest", NewestAsync).WithTags("readings").Named("newestReadings", "The newest reading of each series that is named, or whose name begins with prefix; at most 10,000")
            .For(Role.Viewer).Produces<NewestList>().Problems(404, 503);
        app.MapGet("/api/readings/stats", StatsAsync).WithTags("readings").Named("readingStats", "What all readings of a series in [from, to) come to: count, sum, mean, lowest, highest, delta")
            .For(Role.Viewer).Produces<ReadingStats>().Problems(404, 503);
    }

    /// <summary>The answer about some series in buckets.</summary>
    public static async Task<IResult> AnswerAsync(
        Server server, HttpContext context, string[] series, Instant? from, Instant? to, (string? Step, string? Agg, string? Tz, string? GapFill, int? Points) asked, string format, bool isOne, CancellationToken stop)
    {
        var until = to ?? server.Database.Clock.Now;
        var questions = new List<SeriesQuestion>();
        foreach (var name in series)
        {
            var (question, mistake) = ReadingParameters.Read(name, from, until, asked.Step, asked.Agg, asked.Tz, asked.GapFill, asked.Points);
            if (question is null)
            {
                return Problem.Of(StatusCodes.Status400BadRequest, mistake!);
            }

            questions.Add(question);
        }

        try
        {
            var reader = new SeriesReader(Server.Rollups);
            var (pages, missing, near) = await server.Database.ReadAsync("readings.buckets", tx => Read(tx, reader, questions), stop).ConfigureAwait(false);
            return missing is not null ? NotThere(context, missing, near)
                : format != "json" ? new LineResult(ReadingText.Lines(pages, format, !isOne), ReadingText.MediaType(format))
                : isOne ? Results.Ok(pages[0]) : Results.Ok(new ReadingPages(pages));
        }
        catch (QuestionRefused refused)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"That is not answered: {refused.Message}.");
        }
    }

    /// <summary>There is no such series; those like it that whoever asks may see.</summary>
    public static IResult NotThere(HttpContext context, string series, IEnumerable<string> near) =>
        Problem.NotFound($"There is no series '{SpecPointer.Shown(series)}'; a series is named device/point.", [.. near.Where(n => context.MaySee(n.Split('/')[0]))]);

    /// <summary>All readings of a series as they were read, page by page, so that any number of them can be asked for.</summary>
    public static async Task<IResult> StreamAsync(Server server, HttpContext context, string series, Instant? from, Instant? to, string format, CancellationToken stop)
    {
        var (found, near) = await server.Database.ReadAsync("readings.stream", tx => ReadingQuery.Find(tx, series) is { } one ? (one, []) : ((SeriesRow?)null, ReadingQuery.Near(tx, series)), stop).ConfigureAwait(false);
        return found is null
            ? NotThere(context, series, near)
            : new LineResult(Pages(server.Database, found, from ?? Instant.Epoch, to ?? server.Database.Clock.Now + TimeSpan.FromDays(1), format, stop), ReadingText.MediaType(format));
    }

    private static async Task<IResult> ReadAsync(
        Server server,
        HttpRequest request,
        CancellationToken stop,
        [FromQuery(Name = "series")] string[]? series,
        [FromQuery(Name = "from")] Instant? from,
        [FromQuery(Name = "to")] Instant? to,
        [FromQuery(Name = "step")] string? step,
        [FromQuery(Name = "agg")] string? agg,
        [FromQuery(Name = "tz")] string? tz,
        [FromQuery(Name = "gapfill")] string? gapfill,
        [FromQuery(Name = "points")] int? points,
        [FromQuery(Name = "format")] string? format)
    {
        if (ReadingParameters.Format(format, request.Headers.Accept) is not { } kind)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"format is '{SpecPointer.Shown(format!)}'; expected {ReadingParameters.Formats}.");
        }

        return series is { Length: > 0 and <= MostSeries }
            ? await AnswerAsync(server, request.HttpContext, series, from, to, (step, agg, tz, gapfill, points), kind, isOne: false, stop).ConfigureAwait(false)
            : Problem.Of(StatusCodes.Status400BadRequest, $"series is given {series?.Length ?? 0} times; expected it 1 to {MostSeries} times.");
    }

    private static async Task<IResult> NewestAsync(Server server, CancellationToken stop, [FromQuery(Name = "series")] string[]? series, [FromQuery(Name = "prefix")] string? prefix)
    {
        if (series is not { Length: > 0 } == string.IsNullOrEmpty(prefix) || series?.Length > MostNewest)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"expected series 1 to {MostNewest} times, or prefix.");
        }

        var rows = await server.Database.ReadAsync(
            "readings.latest", tx => SeriesReader.Latest(tx, series is { Length: > 0 } named ? named : SeriesReader.Names(tx, prefix!, MostNewest)), stop).ConfigureAwait(false);
        return Results.Ok(new NewestList([.. rows.Select(r => new NewestReading(r.Name, r.Unit, r.Kind, r.At, r.Value, r.Quality))]));
    }

    private static async Task<IResult> StatsAsync(
        Server server,
        CancellationToken stop,
        [FromQuery(Name = "series")] string? series,
        [FromQuery(Name = "from")] Instant? from,
        [FromQuery(Name = "to")] Instant? to,
        [FromQuery(Name = "tz")] string? tz)
    {
        var (question, mistake) = ReadingParameters.Read(series ?? "", from, to ?? server.Database.Clock.Now, null, null, tz, null, null);
        if (question is null)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, mistake!);
        }

        try
        {
            var reader = new SeriesReader(Server.Rollups);
            var (found, near) = await server.Database.ReadAsync(
                "readings.stats", tx => reader.Total(tx, question.Series, question.From, question.To, question.Calendar) is { } total ? (((SeriesAnswer Answer, Bucket? Total)?)total, new List<string>()) : (null, ReadingQuery.Near(tx, question.Series)), stop)
                .ConfigureAwait(false);
            return found is not var (answer, whole)
                ? Problem.NotFound($"There is no series '{SpecPointer.Shown(question.Series)}'; a series is named device/point.", near)
                : Results.Ok(new ReadingStats(answer.Series.Name, answer.Series.Unit, answer.Series.Kind, answer.From, answer.To, answer.Expected, answer.Completeness, answer.IsPending, whole));
        }
        catch (QuestionRefused refused)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, $"That is not answered: {refused.Message}.");
        }
    }

    private static (List<ReadingPage> Pages, string? Missing, List<string> Near) Read(Transaction tx, SeriesReader reader, List<SeriesQuestion> questions)
    {
        var pages = new List<ReadingPage>();
        foreach (var question in questions)
        {
            if (reader.Read(tx, question) is not { } answer)
            {
                return ([], question.Series, ReadingQuery.Near(tx, question.Series));
            }

            pages.Add(ReadingPage.Of(answer));
        }

        return (pages, null, []);
    }

    private static async IAsyncEnumerable<string> Pages(Database database, SeriesRow series, Instant from, Instant to, string format, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            var start = from;
            var rows = await database.ReadAsync("readings.stream", tx => ReadingQuery.Range(tx, series.Name, start, to, PageSize), stop).ConfigureAwait(false);
            var page = new ReadingPage { Series = series.Name, Unit = series.Unit, Kind = series.Kind, Step = "raw", Readings = rows };
            foreach (var line in ReadingText.Lines([page], format, isNamed: false).Skip(isFirst || format != "csv" ? 0 : 1))
            {
                yield return line;
            }

            if (rows.Count < PageSize)
            {
                yield break;
            }

            from = new Instant(rows[^1].At.Micros + 1);
        }
    }

    /// <summary>Lines, written as they come.</summary>
    private sealed class LineResult : IResult
    {
        private readonly IAsyncEnumerable<string> _lines;
        private readonly string _type;

        public LineResult(IAsyncEnumerable<string> lines, string type) => (_lines, _type) = (lines, type);

        public LineResult(IEnumerable<string> lines, string type)
            : this(lines.ToAsyncEnumerable(), type)
        {
        }

        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentType = _type;
            var writer = new StreamWriter(httpContext.Response.Body, new UTF8Encoding(false), 32_768, leaveOpen: true) { NewLine = "\n" };
            await using (writer.ConfigureAwait(false))
            {
                await foreach (var line in _lines.WithCancellation(httpContext.RequestAborted).ConfigureAwait(false))
                {
                    await writer.WriteLineAsync(line.AsMemory(), httpContext.RequestAborted).ConfigureAwait(false);
                }
            }
        }
    }
}
