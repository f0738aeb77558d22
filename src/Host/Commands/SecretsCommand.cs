using System.CommandLine;
using Rondo.Security;

namespace Rondo.Host.Commands;

/// <summary><c>rondo secrets list|verify|rotate|forget</c>.</summary>
internal static class SecretsCommand
{
    public static Command Create(Cli cli) => new("secrets", "Everything that is encrypted in the database, and the keys it is encrypted by") { List(cli), Verify(cli), Rotate(cli), Forget(cli) };

    private static Command List(Cli cli) => cli.Act(
        new Command("list", "Every secret: whose, when it was set, by which key it is encrypted; never the value"),
        run => run.UseDatabaseAsync(async database =>
        {
            var secrets = await new SecretOperations(database, run.Secrets()).ListAsync(run.Stop);
            run.WriteTable(["owner", "name", "changed", "by", "key"], secrets.Select(s => (IReadOnlyList<string?>)[$"{s.OwnerKind} {s.Owner}", s.Name, s.ChangedAt.ToString(), s.ChangedBy, s.KeyId]));
            run.Say(secrets.Count == 0 ? "no secret. Store one: rondo devices secret set NAME KEY" : $"{secrets.Count} secrets");
            run.WriteJson(new { secrets });
            return ExitCode.Ok;
        }),
        "rondo secrets list");

    private static Command Verify(Cli cli) => cli.Act(
        new Command("verify", "Try to open every secret with this key ring. Exit code 1 when one cannot be."),
        run => run.UseDatabaseAsync(async database =>
        {
            var verdict = await new SecretOperations(database, run.Secrets()).VerifyAsync(run.Stop);
            foreach (var problem in verdict.Problems)
            {
                run.Say($"{problem.OwnerKind} {problem.Owner}/{problem.Name}: {problem.Message}");
            }

            run.Say(verdict.Unreadable == 0 ? $"{verdict.Secrets:N0} secrets; each can be opened" : $"{verdict.Unreadable:N0} of {verdict.Secrets:N0} secrets cannot be opened");
            run.WriteJson(verdict);
            return verdict.Unreadable == 0 ? ExitCode.Ok : ExitCode.Problem;
        }),
        "rondo secrets verify");

    private static Command Rotate(Cli cli)
    {
        var dry = new Option<bool>("--dry-run") { Description = "Only say what would be done" };
        var keyOnly = new Option<bool>("--key-only") { Description = "Make the new key and put nothing under it yet, to copy the key ring to other nodes first; the next rotate goes on" };
        return cli.Act(
            new Command("rotate", "Make a new key and put every secret under it, 100 in a transaction. What was interrupted is finished by the next rotate. Old keys stay in the ring.") { dry, keyOnly },
            run => run.UseDatabaseAsync(async database =>
            {
                var operations = new SecretOperations(database, run.Secrets());
                if (run.Get(dry))
                {
                    var plan = await operations.PreviewAsync(run.Stop);
                    run.Say(plan.IsResumed ? $"an earlier rotation is not finished: {plan.Secrets:N0} secrets would be put under the key {plan.NewKey}" : $"a new key would be made, and {plan.Secrets:N0} secrets put under it");
                    run.WriteJson(new { dry_run = true, plan.OldKey, plan.Secrets, plan.IsResumed });
                    return ExitCode.Ok;
                }

                var done = await operations.RotateAsync(run.Get(keyOnly), (n, of) => run.Say($"{n:N0} of {of:N0}"), run.Stop);
                run.Say(run.Get(keyOnly)
                    ? $"the new key is {done.NewKey}; copy the files secrets-*.key of {run.Secrets().Keys.Folder} to the other nodes, then: rondo secrets rotate"
                    : $"{done.Done:N0} secrets are under the key {done.NewKey}{(done.Unreadable > 0 ? $"; {done.Unreadable:N0} cannot be opened: rondo secrets verify" : "")}");
                run.WriteJson(new { dry_run = false, done.OldKey, done.NewKey, done.Secrets, done.Done, done.Unreadable, done.IsResumed });
                return done.Unreadable == 0 ? ExitCode.Ok : ExitCode.Problem;
            }),
            "rondo secrets rotate",
            "rondo secrets rotate --dry-run");
    }

    private static Command Forget(Cli cli)
    {
        var dry = new Option<bool>("--dry-run") { Description = "Only say which" };
        return cli.Act(
            new Command("forget", "Remove the secrets that cannot be opened with this key ring, when the ring they were stored with is lost. They have to be set anew.") { dry },
            run => run.UseDatabaseAsync(async database =>
            {
                var gone = await new SecretOperations(database, run.Secrets()).ForgetAsync(run.Get(dry), run.Stop);
                foreach (var name in gone.Names)
                {
                    run.Say(name);
                }

                run.Say(run.Get(dry) ? $"{gone.Names.Count} secrets would be removed" : $"{gone.Names.Count} secrets are removed");
                run.WriteJson(new { dry_run = run.Get(dry), secrets = gone.Names });
                return ExitCode.Ok;
            }),
            "rondo secrets forget --dry-run");
    }
}
