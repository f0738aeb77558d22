using System.CommandLine;
using System.Globalization;
using Rondo.Readings.Quality;

namespace Rondo.Host.Commands;

/// <summary><c>rondo readings findings</c>.</summary>
internal static class ReadingsFindings
{
    private const int Most = 10_000;

    public static Command Create(Cli cli)
    {
        var from = TimeOptions.From("Days that begin from then on: 2026-01-31T12:00:00Z, -7d [default: -3d, and older ones that were judged since]");
        var to = TimeOptions.To("… until then [default: now]");
        return cli.Act(
            new Command("findings", "What the daily look found to say against readings (setting readings.quality_at). Exit code 1 when there is something.") { from, to },
            run => run.UseDatabaseAsync(async database =>
            {
                var now = database.Clock.Now;
                var (begin, end) = (TimeOptions.Read(run, from, now), TimeOptions.Read(run, to, now) ?? now);
                var found = await database.ReadAsync("readings.findings", tx => FindingStore.List(tx, begin, end, Most), run.Stop);
                run.WriteTable(
                    ["day from", "series", "expected", "present", "gaps", "suspect", "outliers", "stuck", "negative", "came again"],
                    found.Select(f => (IReadOnlyList<string?>)
                    [
                        f.Day.ToString(), f.Series, f.Expected?.ToString(CultureInfo.InvariantCulture) ?? "-", $"{f.Present}", $"{f.Gaps}", $"{f.Suspect}", $"{f.Outliers}", $"{f.Stuck}", $"{f.Negative}", $"{f.Duplicates}",
                    ]));
                run.Say(found.Count == 0 ? "nothing was found" : $"{found.Count:N0} days of series are not good; more about one: rondo readings quality SERIES --from DAY");
                run.WriteJson(new { findings = found });
                return found.Count == 0 ? ExitCode.Ok : ExitCode.Problem;
            }),
            "rondo readings findings",
            "rondo readings findings --from -30d --json");
    }
}
