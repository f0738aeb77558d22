using System.CommandLine;
using System.Globalization;
using Rondo.Readings;
using Rondo.Readings.Swaps;

namespace Rondo.Host.Commands;

/// <summary><c>rondo readings swap</c>.</summary>
internal static class ReadingsSwap
{
    public static Command Create(Cli cli)
    {
        var series = new Argument<string>("SERIES") { Description = "A counter, device/point" };
        var at = new Option<string?>("--at") { Description = "From when on readings are the new meter's: 2026-01-31T12:00:00Z, -2h [default: list what was declared]", HelpName = "TIME" };
        var start = new Option<double?>("--start") { Description = "What the new meter began with [default: its first reading]", HelpName = "VALUE" };
        var end = new Option<double?>("--end") { Description = "What the old meter had at the end [default: its last reading]", HelpName = "VALUE" };
        var remove = new Option<bool>("--remove") { Description = "Take back what was declared for --at" };
        return cli.Act(
            new Command("swap", "Declare that the meter behind a counter was exchanged: what it rose by across that is what both meters counted, not a reset") { series, at, start, end, remove },
            run => run.UseDatabaseAsync(async database =>
            {
                var name = run.Get(series)!;
                var when = TimeOptions.Read(run, at, database.Clock.Now);
                if (when is null && (run.Get(start) ?? run.Get(end)) is null && !run.Get(remove))
                {
                    var swaps = await database.ReadAsync("readings.swaps", tx => ReadingQuery.Find(tx, name) is null ? (List<MeterSwap>?)null : MeterSwaps.List(tx, name), run.Stop);
                    Write(run, swaps ?? throw await UnknownAsync(run, database, name));
                    return ExitCode.Ok;
                }

                if (when is not { } instant)
                {
                    throw new CommandFault(ExitCode.Misuse, "--at is missing; expected when the meter was exchanged");
                }

                var change = await database.WriteAsync(
                    "readings.swap", tx => run.Get(remove) ? MeterSwaps.Remove(tx, name, instant) : MeterSwaps.Declare(tx, name, instant, run.Get(end), run.Get(start)), run.Stop);
                if (change.IsUnknown)
                {
                    throw run.Get(remove) ? new CommandFault(ExitCode.Problem, $"no swap of {name} was declared for {instant}") : await UnknownAsync(run, database, name);
                }

                if (change.Refusal is { } refusal)
                {
                    throw new CommandFault(ExitCode.Problem, $"nothing was declared: {refusal}");
                }

                run.Say($"the swap of {name} at {instant} is {(change.IsRemoved ? "taken back" : "declared")}; its buckets follow within seconds");
                run.WriteJson(change.Swap!);
                return ExitCode.Ok;
            }),
            "rondo readings swap main-meter/energy_import --at 2026-03-01T09:30:00Z --end 84211.7 --start 0",
            "rondo readings swap main-meter/energy_import",
            "rondo readings swap main-meter/energy_import --at 2026-03-01T09:30:00Z --remove");
    }

    private static async Task<CommandFault> UnknownAsync(Run run, Storage.Database database, string name) =>
        ReadingsExport.Unknown(name, await database.ReadAsync("readings.swaps", tx => ReadingQuery.Near(tx, name), run.Stop));

    private static void Write(Run run, List<MeterSwap> swaps)
    {
        run.WriteTable(["at", "old meter ended with", "new meter began with", "declared"], swaps.Select(s => (IReadOnlyList<string?>)[s.At.ToString(), Number(s.OldEnd, "its last reading"), Number(s.NewStart, "its first reading"), s.DeclaredAt.ToString()]));
        run.WriteJson(new { swaps });
    }

    private static string Number(double? value, string other) => value?.ToString("R", CultureInfo.InvariantCulture) ?? other;
}
