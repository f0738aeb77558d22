using System.CommandLine;
using System.Globalization;
using Rondo.Readings;
using Rondo.Readings.Queries;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo readings stats</c>.</summary>
internal static class ReadingsStats
{
    public static Command Create(Cli cli)
    {
        var series = new Argument<string[]>("SERIES") { Description = "One or several, device/point", Arity = new ArgumentArity(1, 100) };
        var from = TimeOptions.From("Start: 2026-01-31T12:00:00Z, -1h, -7d [default: -1d]");
        var to = TimeOptions.To("End [default: now]");
        return cli.Act(
            new Command("stats", "What all readings of a time come to; whole hours") { series, from, to },
            run => run.UseDatabaseAsync(async database =>
            {
                var (begin, end) = TimeOptions.LastDay(run, from, to, database.Clock.Now);
                var found = await database.ReadAsync("readings.stats", tx => run.Get(series)!.Select(name => Read(tx, name, begin, end)).ToList(), run.Stop);
                run.WriteTable(
                    ["series", "unit", "readings", "complete", "mean", "lowest", "highest", "sum", "delta", "across holes"],
                    found.Select(f => (IReadOnlyList<string?>)
                    [
                        f.Answer.Series.Name, f.Answer.Series.Unit, $"{f.Total?.Count ?? 0}", f.Answer.Completeness?.ToString("P2", CultureInfo.InvariantCulture) ?? "-", Text(f.Total?.Avg), Text((decimal?)f.Total?.Min), Text((decimal?)f.Total?.Max),
                        Text(f.Total?.Sum), Text(f.Total?.Delta), Text(f.Total?.DeltaUnallocated),
                    ]));
                run.WriteJson(new
                {
                    series = found.Select(f => new { series = f.Answer.Series.Name, f.Answer.Series.Unit, f.Answer.Series.Kind, f.Answer.From, f.Answer.To, f.Answer.Expected, f.Answer.Completeness, f.Answer.IsPending, f.Total }),
                });
                return ExitCode.Ok;
            }),
            "rondo readings stats main-meter/power_total --from -7d");
    }

    private static (SeriesAnswer Answer, Bucket? Total) Read(Transaction tx, string name, Instant from, Instant to) =>
        new SeriesReader(Server.Rollups).Total(tx, name, from, to, null) ?? throw ReadingsExport.Unknown(name, ReadingQuery.Near(tx, name));

    private static string Text(decimal? value) => value?.ToString("0.######", CultureInfo.InvariantCulture) ?? "-";
}
