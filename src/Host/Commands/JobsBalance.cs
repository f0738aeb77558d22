using System.CommandLine;
using Rondo.Jobs;

namespace Rondo.Host.Commands;

/// <summary><c>rondo jobs balance</c>.</summary>
internal static class JobsBalance
{
    public static Command Create(Cli cli)
    {
        var off = new Option<bool>("--write-off") { Description = "Declare what is missing to be lost, so that it is no reason any more" };
        return cli.Act(
            new Command("balance", "Prove that every job that was accepted has ended, waits or runs, or name those that are nowhere. Exit code 2 when some are.") { off },
            run => JobsCommand.UseAsync(run, (jobs, _) => BalanceAsync(run, jobs, run.Get(off))),
            "rondo jobs balance",
            "rondo jobs balance --write-off");
    }

    private static async Task<int> BalanceAsync(Run run, JobOperations jobs, bool writesOff)
    {
        int? writtenOff = null;
        if (writesOff)
        {
            // What is written off is named before.
            Say(run, await jobs.BalanceAsync(run.Stop));
            writtenOff = await jobs.WriteOffAsync(run.Stop);
            run.Say($"{writtenOff:N0} jobs are written off");
        }

        var report = await jobs.BalanceAsync(run.Stop);
        Say(run, report);
        run.WriteJson(new
        {
            report.At, report.From, report.Accepted, report.Ended, report.Open, report.Owed, report.Missing, report.Doubled, report.IsBalanced, report.Gaps, written_off = writtenOff,
        });
        return report.IsBalanced ? ExitCode.Ok : ExitCode.Critical;
    }

    private static void Say(Run run, BalanceReport report)
    {
        run.Say($"since {report.From}: {report.Accepted:N0} accepted, {report.Ended:N0} of them ended, {report.Open:N0} wait or run; from before {report.Owed:N0} are open");
        foreach (var gap in report.Gaps)
        {
            var ids = string.Join(", ", gap.Ids) + (gap.Count > gap.Ids.Count ? ", …" : "");
            run.Say($"{(gap.IsDoubled ? "in two places" : "missing")}: {gap.Count:N0} of kind {gap.Kind}, accepted in the minute from {gap.From}: {ids}");
        }

        run.Say(report.IsBalanced ? "balanced: nothing is missing" : $"NOT balanced: {report.Missing:N0} are missing, {report.Doubled:N0} are in two places");
    }
}
