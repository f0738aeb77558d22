using System.CommandLine;
using System.Globalization;
using Rondo.Readings;
using Rondo.Readings.Quality;
using Rondo.Readings.Queries;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo readings quality</c>.</summary>
internal static class ReadingsQuality
{
    public static Command Create(Cli cli)
    {
        var series = new Argument<string[]>("SERIES") { Description = "One or several, device/point", Arity = new ArgumentArity(1, 100) };
        var from = TimeOptions.From("First day: 2026-01-31T12:00:00Z, -7d [default: -1d]");
        var to = TimeOptions.To("Last day [default: now]");
        var all = new Option<bool>("--all") { Description = "Good days too" };
        return cli.Act(
            new Command("quality", "How good readings are, day by day: expected, present, gaps, outliers, stuck values, negative deltas. Exit code 1 when a day is not good.") { series, from, to, all },
            run => run.UseDatabaseAsync(async database =>
            {
                var (begin, end) = TimeOptions.LastDay(run, from, to, database.Clock.Now);
                var days = new List<DayQuality>();
                foreach (var name in run.Get(series)!)
                {
                    days.AddRange(await ReadAsync(run, database, name, begin, end));
                }

                Write(run, days, run.Get(all));
                return days.TrueForAll(d => d.IsGood) ? ExitCode.Ok : ExitCode.Problem;
            }),
            "rondo readings quality main-meter/energy_import --from -30d",
            "rondo readings quality m1/power m2/power --all --json");
    }

    private static async Task<List<DayQuality>> ReadAsync(Run run, Database database, string name, Instant from, Instant to)
    {
        try
        {
            var (found, near) = await database.ReadAsync(
                "readings.quality", tx => new QualityReader(Server.Rollups).Read(tx, name, from, to) is { } days ? (days, []) : ((List<DayQuality>?)null, ReadingQuery.Near(tx, name)), run.Stop);
            return found ?? throw ReadingsExport.Unknown(name, near);
        }
        catch (QuestionRefused refused)
        {
            throw new CommandFault(ExitCode.Misuse, refused.Message);
        }
    }

    private static void Write(Run run, List<DayQuality> days, bool isAll)
    {
        var shown = days.Where(d => isAll || !d.IsGood).ToList();
        run.WriteTable(
            ["series", "day", "expected", "present", "complete", "gaps", "longest gap", "suspect", "outliers", "negative", "stuck"],
            shown.Select(d => (IReadOnlyList<string?>)
            [
                d.Series, d.Day, d.Expected?.ToString(CultureInfo.InvariantCulture) ?? "-", $"{d.Present}", d.Completeness?.ToString("P2", CultureInfo.InvariantCulture) ?? "-", $"{d.GapCount}",
                d.Gaps.MaxBy(g => g.To - g.From) is { } gap ? $"{gap.From} to {gap.To}" : "-", $"{d.Suspect}", $"{d.Outliers}", $"{d.Negative}", d.Stuck is { } stuck ? $"{stuck.Value:R} from {stuck.From} to {stuck.To}" : "-",
            ]));
        run.Say($"{days.Count(d => d.IsGood):N0} of {days.Count:N0} days are good");
        run.WriteJson(new { days = shown });
    }
}
