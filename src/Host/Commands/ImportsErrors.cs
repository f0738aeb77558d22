using System.CommandLine;
using Rondo.Host.Imports;

namespace Rondo.Host.Commands;

/// <summary><c>rondo imports errors</c>.</summary>
internal static class ImportsErrors
{
    public static Command Create(Cli cli)
    {
        var id = ImportsCommand.Number();
        var csv = new Option<bool>("--csv") { Description = "All of them, as a file that can be corrected and handed in again" };
        var after = new Option<long>("--after") { Description = "Behind this one, for the next page", HelpName = "NO" };
        return cli.Act(
            new Command("errors", "The rows of an import that were rejected, with line, column and reason") { id, csv, after },
            run => ImportsCommand.UseAsync(run, async imports =>
            {
                if (await imports.ShowAsync(run.Get(id), run.Stop) is not { Row: var row })
                {
                    throw ImportsCommand.Unknown(run.Get(id));
                }

                if (run.Get(csv))
                {
                    if (run.IsJson)
                    {
                        throw new CommandFault(ExitCode.Misuse, "--csv and --json contradict each other; expected one of them");
                    }

                    await foreach (var part in RejectPages.ReadAsync(imports, row, run.Stop))
                    {
                        await run.Shell.Output.WriteAsync(part);
                    }

                    return ExitCode.Ok;
                }

                var page = await imports.RejectsAsync(row.Id, run.Get(after), run.Stop);
                run.WriteTable(
                    ["no", "line", "column", "value", "reason", "row"],
                    page.Select(r => (IReadOnlyList<string?>)[$"{r.No}", $"{r.Line}", r.Field, r.Value, r.Reason, r.Raw.Length > 60 ? r.Raw[..59] + "…" : r.Raw]));
                var last = page.Count == 0 ? run.Get(after) : page[^1].No;
                run.Say(last < row.Rejected ? $"{page.Count} of {row.Rejected:N0} rejected rows; more: --after {last}" : $"{row.Rejected:N0} rejected rows");
                run.WriteJson(new { import = row.Id, total = row.Rejected, rejects = page, after = last < row.Rejected ? last : (long?)null });
                return ExitCode.Ok;
            }),
            "rondo imports errors 7",
            "rondo imports errors 7 --csv > to-correct.csv");
    }
}
