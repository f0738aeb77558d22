using System.CommandLine;
using Rondo.Nodes;
using Rondo.Polling.Proof;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo polling validate</c>.</summary>
internal static class PollingValidate
{
    public static Command Create(Cli cli)
    {
        var from = TimeOptions.From("Start of the window [default: the oldest plan]");
        var to = TimeOptions.To("End of the window [default: now]; each group is judged up to its last slot that must have been recorded by then");
        var command = new Command("validate", "Prove that every planned slot has exactly one outcome, or name each hole. Exit code 1 when something is wrong.") { from, to };
        return cli.Act(
            command,
            run => run.UseDatabaseAsync(database => ValidateAsync(run, database, from, to)),
            "rondo polling validate",
            "rondo polling validate --from -1h --json",
            "rondo polling validate --from 2026-01-31T00:00:00Z --to 2026-02-01T00:00:00Z");
    }

    private static async Task<int> ValidateAsync(Run run, Database database, Option<string?> from, Option<string?> to)
    {
        var now = database.Clock.Now;
        var (begin, end) = TimeOptions.Window(run, from, to, now);
        var (result, attended) = await database.ReadLongAsync(
            "polling.validate",
            tx =>
            {
                var isAttended = NodeRegister.All(tx).Any(n => NodeRegister.IsRunning(n, database.Address, tx.Now));
                return (Validator.Run(tx, begin, end, attended: isAttended ? null : Validator.LedgerEnd(tx) ?? begin ?? Instant.Epoch), isAttended);
            },
            run.Stop);
        if (run.IsJson)
        {
            run.WriteJson(new
            {
                result.Expected,
                result.Recorded,
                result.Holes,
                result.Overlaps,
                result.Duplicates,
                result.StrayReadings,
                result.IsClean,
                result.From,
                result.To,
                attended,
                result.Groups,
                result.Outcomes,
                result.Missed,
                hole_list = result.HoleList,
                overlap_list = result.OverlapList,
                stray_list = result.StrayList,
            });
            return result.IsClean ? ExitCode.Ok : ExitCode.Problem;
        }

        run.Say($"{result.From} to {result.To}, {result.Groups} groups");
        if (!attended && (end is null || end > result.To))
        {
            run.Say("No node runs: judged up to the end of the ledger. Slots since then have no outcome yet; the next node that starts records them as missed.");
        }

        run.Say($"expected {result.Expected:N0}, recorded {result.Recorded:N0}, holes {result.Holes:N0}, overlaps {result.Overlaps:N0}, duplicates {result.Duplicates:N0}, stray readings {result.StrayReadings:N0}");
        Counts(run, "outcomes", result.Outcomes);
        Counts(run, "missed", result.Missed);
        Flaws(run, "hole", result.HoleList);
        Flaws(run, "overlap", result.OverlapList);
        Flaws(run, "stray readings", result.StrayList);
        run.Say(result.IsClean ? "Every slot is accounted for, once." : "The ledger does not agree with the plans.");
        return result.IsClean ? ExitCode.Ok : ExitCode.Problem;
    }

    private static void Counts(Run run, string what, IReadOnlyDictionary<string, long> counts)
    {
        if (counts.Count > 0)
        {
            run.Say($"{what}: {string.Join(", ", counts.OrderByDescending(c => c.Value).Select(c => $"{c.Key} {c.Value:N0}"))}");
        }
    }

    private static void Flaws(Run run, string what, IReadOnlyList<Flaw> flaws)
    {
        foreach (var flaw in flaws)
        {
            run.Say($"{what}: {flaw.Device}/{flaw.Group} {flaw.From} to {flaw.To} ({flaw.Slots:N0} {(flaw.Slots == 1 ? "slot" : "slots")})");
        }
    }
}
