using System.CommandLine;
using System.Globalization;
using Rondo.Host.Imports;
using Rondo.Imports;

namespace Rondo.Host.Commands;

/// <summary><c>rondo imports corrections</c>.</summary>
internal static class ImportsCorrections
{
    public static Command Create(Cli cli)
    {
        var id = ImportsCommand.Number();
        var csv = new Option<bool>("--csv") { Description = "All of them, as a file" };
        var limit = new Option<int>("--limit") { Description = $"At most so many, up to {ImportOperations.PageSize}", DefaultValueFactory = _ => 100 };
        var after = new Option<string?>("--after") { Description = "Behind this place, for the next page", HelpName = "PLACE" };
        return cli.Act(
            new Command("corrections", "The values that an import replaced: old and new, whose they were, and whether they were replaced again") { id, csv, limit, after },
            run => ImportsCommand.UseAsync(run, imports => ShowAsync(run, imports, run.Get(id), run.Get(csv), run.Get(limit), run.Get(after))),
            "rondo imports corrections 7",
            "rondo imports corrections 7 --csv > replaced.csv");
    }

    private static async Task<int> ShowAsync(Run run, ImportOperations imports, long id, bool isCsv, int limit, string? after)
    {
        CorrectionPlace from = default;
        if (after is not null && !CorrectionPlace.TryParse(after, out from))
        {
            throw new CommandFault(ExitCode.Misuse, $"--after: '{after}' will not do; expected what the page before said, such as 12-1767225600000000");
        }

        if (limit is < 1 or > ImportOperations.PageSize)
        {
            throw new CommandFault(ExitCode.Misuse, $"--limit: {limit} will not do; expected 1 to {ImportOperations.PageSize}");
        }

        if (isCsv && run.IsJson)
        {
            throw new CommandFault(ExitCode.Misuse, "--csv and --json contradict each other; expected one of them");
        }

        if (await imports.FindAsync(id, run.Stop) is null)
        {
            throw ImportsCommand.Unknown(id);
        }

        if (isCsv)
        {
            await foreach (var part in CorrectionView.FileAsync(imports, id, run.Stop))
            {
                await run.Shell.Output.WriteAsync(part);
            }

            return ExitCode.Ok;
        }

        var page = await imports.CorrectionsAsync(id, from, limit, run.Stop);
        var next = page.Count == limit ? CorrectionPlace.Of(page[^1]).ToString() : null;
        var shown = page.ConvertAll(CorrectionView.Of);
        run.WriteTable(
            ["series", "at", "old", "quality", "of import", "new", "quality", "replaced at", "again by"],
            shown.Select(c => (IReadOnlyList<string?>)[c.Series, c.At.ToString(), Number(c.OldValue), c.OldQuality, $"{c.FormerImport}", Number(c.NewValue), c.NewQuality, c.CorrectedAt.ToString(), $"{c.ReplacedBy}"]));
        run.Say(next is null ? $"{page.Count} values" : $"{page.Count} values; more: --after {next}");
        run.WriteJson(new { import = id, corrections = shown, after = next });
        return ExitCode.Ok;
    }

    private static string Number(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";
}
