using System.CommandLine;
using Rondo.Host.Http;
using Rondo.Readings;
using Rondo.Readings.Queries;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo readings export</c>.</summary>
internal static class ReadingsExport
{
    private const int PageSize = 10_000;

    public static Command Create(Cli cli)
    {
        var series = new Argument<string[]>("SERIES") { Description = "One or several, device/point", Arity = new ArgumentArity(1, 100) };
        var from = TimeOptions.From("Start: 2026-01-31T12:00:00Z, -1h, -7d [default: -1d]");
        var to = TimeOptions.To("End [default: now]");
        var step = new Option<string?>("--step") { Description = "raw, 15m, 1h, 1d, 1w, 1mo, 1y, or auto for at most about --points [default: raw]", HelpName = "STEP" };
        var agg = new Option<string?>("--agg") { Description = "Which number of a bucket is its value: avg, sum, min, max, first, last, delta, count", HelpName = "AGG" };
        var zone = new Option<string?>("--tz") { Description = "Another time zone than the site's", HelpName = "ZONE" };
        var gaps = new Option<string?>("--gapfill") { Description = "Buckets without readings too: null, previous or linear", HelpName = "HOW" };
        var points = new Option<int?>("--points") { Description = "With --step auto: at most about so many [default: 1000]", HelpName = "N" };
        var format = new Option<string?>("--format") { Description = "csv or ndjson [default: csv]" }.AcceptOnlyFromAmong("csv", "ndjson");
        return cli.Act(
            new Command("export", "Readings of some series, as they were read or in buckets, to the standard output") { series, from, to, step, agg, zone, gaps, points, format },
            run => run.UseDatabaseAsync(database =>
            {
                var now = database.Clock.Now;
                var begin = TimeOptions.Read(run, from, now) ?? now - TimeSpan.FromDays(1);
                var end = TimeOptions.Read(run, to, now) ?? now;
                var questions = run.Get(series)!.Select(name => ReadingParameters.Read(name, begin, end, run.Get(step) ?? "raw", run.Get(agg), run.Get(zone), run.Get(gaps), run.Get(points)) switch
                {
                    { Question: { } question } => question,
                    var (_, mistake) => throw new CommandFault(ExitCode.Misuse, mistake!.TrimEnd('.')),
                }).ToList();
                return ExportAsync(run, database, questions, run.IsJson ? "json" : run.Get(format) ?? "csv");
            }),
            "rondo readings export main-meter/energy_import --from -30d --step 1d",
            "rondo readings export m1/power m2/power --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z --step 1h --agg max --format ndjson");
    }

    /// <summary>The fault of a name that is none.</summary>
    public static CommandFault Unknown(string name, List<string> near) =>
        new(ExitCode.Problem, $"there is no series '{name}'; {(near.Count > 0 ? $"near it are: {string.Join(", ", near)}" : "series are called device/point")}");

    private static async Task<int> ExportAsync(Run run, Database database, List<SeriesQuestion> questions, string format)
    {
        var (isNamed, isFirst) = (questions.Count > 1, true);
        var pages = new List<ReadingPage>();
        foreach (var question in questions)
        {
            var from = question.From;
            for (var isMore = true; isMore;)
            {
                var asked = question with { From = from };
                var (answer, near) = await AskAsync(run, database, asked);
                var page = ReadingPage.Of(answer ?? throw Unknown(question.Series, near));
                pages.Add(page);
                foreach (var line in format == "json" ? [] : ReadingText.Lines([page], format, isNamed).Skip(isFirst || format != "csv" ? 0 : 1))
                {
                    run.Shell.Output.WriteLine(line);
                }

                if (answer.IsPending)
                {
                    run.Warn($"rondo: much of {question.Series} is still to be rolled up, so that buckets may lack some of it (rondo readings rollups status)");
                }

                isFirst = false;
                isMore = answer.Readings.Count == PageSize;
                from = isMore ? new Instant(answer.Readings[^1].At.Micros + 1) : from;
            }
        }

        // Of a series that takes several pages, the pages one after another.
        run.WriteJson(new { series = pages });
        return ExitCode.Ok;
    }

    private static async Task<(SeriesAnswer? Answer, List<string> Near)> AskAsync(Run run, Database database, SeriesQuestion question)
    {
        try
        {
            return await database.ReadAsync(
                "readings.export",
                tx => new SeriesReader(Server.Rollups).Read(tx, question, PageSize) is { } answer ? (answer, []) : ((SeriesAnswer?)null, ReadingQuery.Near(tx, question.Series)),
                run.Stop);
        }
        catch (QuestionRefused refused)
        {
            throw new CommandFault(ExitCode.Misuse, refused.Message);
        }
    }
}
