using System.CommandLine;
using System.Globalization;
using Rondo.Readings;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo readings show</c>.</summary>
internal static class ReadingsCommand
{
    public static Command Create(Cli cli)
    {
        var series = new Argument<string>("SERIES") { Description = "device/point, for example main-meter/power_total" };
        var from = TimeOptions.From("Start of the window: 2026-01-31T12:00:00Z, -1h, -7d [default: the newest readings]");
        var to = TimeOptions.To("End of the window [default: now]");
        var limit = new Option<int>("--limit") { Description = "Most readings shown", DefaultValueFactory = _ => 100, HelpName = "N" };
        var format = new Option<string?>("--format") { Description = "table, csv or json [default: table]" }.AcceptOnlyFromAmong("table", "csv", "json");
        var show = new Command("show", "Readings of a series, oldest first; without --from the newest ones") { series, from, to, limit, format };
        cli.Act(
            show,
            run => run.UseDatabaseAsync(database => ShowAsync(run, database, run.Get(series)!, (from, to), run.Get(limit), run.Get(format) ?? (run.IsJson ? "json" : "table"))),
            "rondo readings show main-meter/power_total",
            "rondo readings show main-meter/energy_import --from -1d --format csv --limit 100000");
        return new Command("readings", "What was read") { show, ReadingsExport.Create(cli), ReadingsStats.Create(cli), ReadingsRollups.Create(cli), ReadingsQuality.Create(cli), ReadingsPrune.Create(cli), ReadingsSwap.Create(cli), ReadingsFindings.Create(cli) };
    }

    private static async Task<int> ShowAsync(Run run, Database database, string name, (Option<string?> From, Option<string?> To) window, int limit, string format)
    {
        if (run.IsJson && format != "json")
        {
            throw new CommandFault(ExitCode.Misuse, $"--format {format} and --json contradict each other; expected one of them");
        }

        if (limit is < 1 or > 10_000_000)
        {
            throw new CommandFault(ExitCode.Misuse, $"--limit: {limit} is out of range; expected 1 to 10000000");
        }

        var now = database.Clock.Now;
        var from = TimeOptions.Read(run, window.From, now);
        var to = TimeOptions.Read(run, window.To, now) ?? now + TimeSpan.FromSeconds(1);
        if (from > to)
        {
            throw new CommandFault(ExitCode.Misuse, $"--from {from} is after --to {to}; expected a window that begins before it ends");
        }

        var (series, readings, near) = await database.ReadAsync(
            "readings.show",
            tx => ReadingQuery.Find(tx, name) is not { } found ? (null, [], ReadingQuery.Near(tx, name))
                : (found, from is { } begin ? ReadingQuery.Range(tx, name, begin, to, limit) : ReadingQuery.Newest(tx, name, to, limit), new List<string>()),
            run.Stop);
        if (series is null)
        {
            throw new CommandFault(ExitCode.Problem, $"there is no series '{name}'; {(near.Count > 0 ? $"near it are: {string.Join(", ", near)}" : "series are called device/point")}");
        }

        Write(run, series, readings, format);
        if (readings.Count == limit)
        {
            run.Warn($"rondo: these are the {(from is null ? "newest" : "first")} {limit:N0}; there may be more (--limit)");
        }

        return ExitCode.Ok;
    }

    private static void Write(Run run, SeriesRow series, List<Reading> readings, string format)
    {
        var output = run.Shell.Output;
        switch (format)
        {
            case "json":
                output.WriteLine(Json.Write(new { series = series.Name, series.Unit, series.Kind, readings = readings.Select(r => new { r.At, r.Value, r.Quality }) }));
                break;
            case "csv":
                output.WriteLine("at,value,quality");
                foreach (var reading in readings)
                {
                    output.WriteLine($"{reading.At},{reading.Value.ToString("R", CultureInfo.InvariantCulture)},{reading.Quality}");
                }

                break;
            default:
                run.WriteTable(
                    ["at", "value", "unit", "quality"],
                    readings.Select(r => (IReadOnlyList<string?>)[r.At.ToString(), r.Value.ToString("R", CultureInfo.InvariantCulture), series.Unit, r.Quality]));
                run.Say($"{readings.Count:N0} readings of {series.Name}");
                break;
        }
    }
}
