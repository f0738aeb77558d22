using System.CommandLine;
using Rondo.Polling.Proof;

namespace Rondo.Host.Commands;

/// <summary><c>rondo polling audit</c>.</summary>
internal static class PollingAudit
{
    public static Command Create(Cli cli)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would be cleaned" };
        var command = new Command(
            "audit",
            "Find and clean what should not be: ownership of dead nodes, stale breakers, rows of removed groups. Exit code 1 when something is left that was not cleaned.")
        {
            dryRun,
        };
        return cli.Act(
            command,
            run => run.UseDatabaseAsync(async database =>
            {
                var report = await Auditor.RunAsync(database, run.Get(dryRun), "", run.Stop);
                if (report.Cleaned > 0)
                {
                    await run.HintAsync(database);
                }

                foreach (var item in report.Items)
                {
                    run.Say($"{item.Code}: {item.Message}{(item.Cleaned ? " (cleaned)" : "")}");
                }

                run.Say($"found {report.Found}, cleaned {report.Cleaned}{(report.IsDryRun ? " (dry run)" : "")}");
                run.WriteJson(new { report.Found, report.Cleaned, report.IsDryRun, report.Items });
                return report.Found == report.Cleaned ? ExitCode.Ok : ExitCode.Problem;
            }),
            "rondo polling audit --dry-run",
            "rondo polling audit");
    }
}
