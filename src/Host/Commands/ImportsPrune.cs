using System.CommandLine;
using Rondo.Imports;

namespace Rondo.Host.Commands;

/// <summary><c>rondo imports prune</c>.</summary>
internal static class ImportsPrune
{
    /// <summary>Longest time that can be asked for, days.</summary>
    public const int MostDays = 3_650;

    public static Command Create(Cli cli)
    {
        var days = new Option<int>("--days") { Description = $"That ended more than so many days ago; 0 to {MostDays}", Required = true, HelpName = "N" };
        var dry = new Option<bool>("--dry-run") { Description = "Only say what would go" };
        var verbose = new Option<bool>("--verbose") { Description = "Name the imports and the files" };
        return cli.Act(
            new Command("prune", "Let go of imports that are done, dead or cancelled for long, with their files, and of files no import names. Their values stay; they can not be taken back (undo) any more.") { days, dry, verbose },
            run =>
            {
                var kept = run.Get(days);
                return kept is < 0 or > MostDays
                    ? throw new CommandFault(ExitCode.Misuse, $"--days: {kept} will not do; expected 0 to {MostDays}")
                    : ImportsCommand.UseAsync(run.Labelled("imports.prune", $"--days {kept}"), imports => PruneAsync(run, imports, TimeSpan.FromDays(kept), run.Get(dry), run.Get(verbose)));
            },
            "rondo imports prune --days 30 --dry-run --verbose",
            "rondo imports prune --days 30");
    }

    private static async Task<int> PruneAsync(Run run, ImportOperations imports, TimeSpan kept, bool isDryRun, bool isVerbose)
    {
        PruneReport report;
        try
        {
            report = await imports.PruneAsync(kept, isDryRun, run.Stop);
        }
        catch (ImportRefused refused)
        {
            throw new CommandFault(ExitCode.Problem, refused.Message);
        }

        var (total, are) = (report.States.Sum(s => s.Imports), isDryRun ? "would be let go of" : "are let go of");
        run.Say($"{ImportsCommand.Text(total)} imports that ended before {report.Before} {are}; {ImportsCommand.Text(report.Active)} are not ended and stay");
        if (total > 0)
        {
            run.WriteTable(["state", "imports", "bytes"], report.States.Select(s => (IReadOnlyList<string?>)[s.State, ImportsCommand.Text(s.Imports), ImportsCommand.Text(s.Bytes)]));
        }

        run.Say(report.FilesKept is { } why
            ? $"no file was looked at: {why}"
            : $"{Tally(report.Files)} that no import needs any more and {Tally(report.Orphans)} that no import named {are}");
        if (report.Details > 0)
        {
            run.Say($"{ImportsCommand.Text(report.Details)} rows of errors, rejected rows and of whose values are whose are deleted");
        }

        if (report.WithoutFile > 0)
        {
            run.Say($"{ImportsCommand.Text(report.WithoutFile)} imports have no file in the folder: they can be taken back, but not be run again{(isVerbose ? ": " + string.Join(", ", report.WithoutFileIds) : "")}");
        }

        if (isVerbose)
        {
            run.WriteTable(["id", "state", "ended", "bytes", "file"], report.Imports.Select(i => (IReadOnlyList<string?>)[$"{i.Id}", i.State, i.FinishedAt.ToString(), ImportsCommand.Text(i.Bytes), i.File]));
            foreach (var orphan in report.OrphanNames)
            {
                run.Say($"no import names {orphan}");
            }
        }

        run.WriteJson(isVerbose ? report : report with { Imports = [], OrphanNames = [], WithoutFileIds = [] });
        return ExitCode.Ok;
    }

    private static string Tally(FileTally files) => $"{ImportsCommand.Text(files.Count)} files ({ImportsCommand.Text(files.Bytes)} bytes)";
}
