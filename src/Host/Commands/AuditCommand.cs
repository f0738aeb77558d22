using System.CommandLine;
using Rondo.Security;

namespace Rondo.Host.Commands;

/// <summary><c>rondo audit list|verify|export|accept|rotate-key</c>.</summary>
internal static class AuditCommand
{
    private const int Most = 10_000;
    private const int Piece = 1_000;

    public static Command Create(Cli cli) => new("audit", "Who changed what, and the proof that nobody has changed that") { List(cli), Verify(cli), Export(cli), Accept(cli), RotateKey(cli) };

    private static Command List(Cli cli)
    {
        var action = new Option<string?>("--action") { Description = "What was done, or how it begins: queues.", HelpName = "TEXT" };
        var actor = new Option<string?>("--actor") { Description = "By whom: the name of a token, a user, or of whoever ran a command", HelpName = "NAME" };
        var subject = new Option<string?>("--subject") { Description = "To what", HelpName = "NAME" };
        var before = new Option<long?>("--before") { Description = "Numbers below this one, for the next page", HelpName = "NO" };
        var limit = new Option<int>("--limit") { Description = $"At most so many, up to {Most}", DefaultValueFactory = _ => 50 };
        return cli.Act(
            new Command("list", "Changes, the newest first") { action, actor, subject, before, limit },
            run => run.UseDatabaseAsync(async database =>
            {
                var most = run.Get(limit);
                if (most is < 1 or > Most)
                {
                    throw new CommandFault(ExitCode.Misuse, $"--limit: {most} will not do; expected 1 to {Most}");
                }

                var filter = new AuditFilter { Action = run.Get(action), Actor = run.Get(actor), Subject = run.Get(subject), Before = run.Get(before) };
                var rows = await AuditTrail.ListAsync(database, filter, most, run.Stop);
                run.WriteTable(
                    ["no", "at", "who", "from", "what", "to", "before", "after"],
                    rows.Select(r => (IReadOnlyList<string?>)[$"{r.No}", r.At.ToString(), $"{r.ActorKind} {r.ActorName}", r.ActorFrom, r.Action, r.Subject, Short(r.BeforeJson), Short(r.AfterJson)]));
                run.Say(rows.Count == most ? $"{rows.Count} changes; more: --before {rows[^1].No}" : $"{rows.Count} changes");
                run.WriteJson(new { changes = rows.Select(AuditView.Of), before = rows.Count == most ? rows[^1].No : (long?)null });
                return ExitCode.Ok;
            }),
            "rondo audit list",
            "rondo audit list --action devices. --actor anna --json");
    }

    private static Command Verify(Cli cli) => cli.Act(
        new Command("verify", "Prove that no change was altered, removed, put in or cut off at the end. Exit code 2 when one was. Needs the key ring of whoever seals the trail."),
        run => run.UseDatabaseAsync(async database =>
        {
            var verdict = await run.Trail().VerifyAsync(database, run.Stop);
            foreach (var finding in verdict.Findings)
            {
                run.Say($"{finding.Code}: {finding.Message}");
            }

            run.Say(verdict.IsClean
                ? $"{verdict.Rows:N0} changes, each as it was sealed{(verdict.Anchored is { } no ? $", up to number {no} as it is kept outside the database" : "")}; {verdict.Waiting} wait to be sealed"
                : $"the audit trail does not hold: {verdict.Findings.Count} findings in {verdict.Rows:N0} changes");
            run.WriteJson(new { verdict.IsClean, verdict.Rows, verdict.Waiting, verdict.Anchored, verdict.Findings });
            return verdict.IsClean ? ExitCode.Ok : ExitCode.Critical;
        }),
        "rondo audit verify",
        "rondo audit verify --json");

    private static Command Export(Cli cli)
    {
        var after = new Option<long>("--after") { Description = "Numbers above this one", HelpName = "NO" };
        return cli.Act(
            new Command("export", "Every change as JSON, one a line, the oldest first, with its proof and seal: for an archive elsewhere") { after },
            run => run.UseDatabaseAsync(async database =>
            {
                var last = run.Get(after);
                while (await AuditTrail.PageAsync(database, last, Piece, run.Stop) is { Count: > 0 } page)
                {
                    foreach (var row in page)
                    {
                        await run.Shell.Output.WriteLineAsync(Json.Write(row));
                    }

                    last = page[^1].No;
                }

                return ExitCode.Ok;
            }),
            "rondo audit export > audit.jsonl",
            "rondo audit export --after 4711 >> audit.jsonl");
    }

    private static Command Accept(Cli cli)
    {
        var reason = new Option<string>("--reason") { Description = "Why; it is written into the trail", Required = true, HelpName = "TEXT" };
        return cli.Act(
            new Command("accept", "Go on with the trail as it is, after the database was restored from a copy: what was sealed later is given up, and the trail says so") { reason },
            run => run.UseDatabaseAsync(async database =>
            {
                await run.Trail().AcceptAsync(database, Actor.OfCommand(), run.Get(reason)!, run.Stop);
                run.Say("the trail is sealed and anchored as it is. See: rondo audit verify");
                run.WriteJson(new { accepted = true });
                return ExitCode.Ok;
            }),
            "rondo audit accept --reason 'restored from the backup of Sunday'");
    }

    private static Command RotateKey(Cli cli)
    {
        var reason = new Option<string?>("--reason") { Description = "Why; it is written into the trail", HelpName = "TEXT" };
        var keyOnly = new Option<bool>("--key-only") { Description = "Make the key and put it into the ring, not into force, to copy the ring to other nodes first; the next rotate-key takes it" };
        return cli.Act(
            new Command("rotate-key", "Put another key into force for the rows to come. The old one stays in the ring, for the rows that it has sealed.") { reason, keyOnly },
            run => run.UseDatabaseAsync(async database =>
            {
                var trail = run.Trail();
                if (run.Get(keyOnly))
                {
                    var next = await trail.PrepareKeyAsync(database, run.Stop);
                    run.Say($"the key {next} waits in {run.Secrets().Keys.Folder}; copy audit-next.key to the other nodes, then: rondo audit rotate-key --reason TEXT");
                    run.WriteJson(new { next });
                    return ExitCode.Ok;
                }

                var why = run.Get(reason) is { Length: > 0 } text ? text : throw new CommandFault(ExitCode.Misuse, "audit rotate-key: why? expected --reason TEXT, which is written into the trail");
                var (from, to) = await trail.RotateKeyAsync(database, Actor.OfCommand(), why, run.Stop);
                run.Say($"the key {to} is in force; {from} stays in the ring. See: rondo audit verify");
                run.WriteJson(new { from, to });
                return ExitCode.Ok;
            }),
            "rondo audit rotate-key --reason 'who had it has left'");
    }

    private static string? Short(string? json) => json is { Length: > 60 } ? json[..59] + "…" : json;
}
