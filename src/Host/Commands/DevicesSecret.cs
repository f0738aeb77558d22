using System.CommandLine;
using Rondo.Polling.Fleet;
using Rondo.Security;

namespace Rondo.Host.Commands;

/// <summary><c>rondo devices secret set|list|remove</c>.</summary>
internal static class DevicesSecret
{
    public static Command Create(Cli cli) => new("secret", "Passwords and keys of a device, encrypted in the database; a value is never shown") { Set(cli), List(cli), Remove(cli) };

    private static Command Set(Cli cli)
    {
        var (device, key) = (Device(), Key());
        return cli.Act(
            new Command("set", "Store a secret of a device, in the place of one that is there. The value comes from standard input, or is asked for on a terminal.") { device, key },
            async run =>
            {
                var (name, secret) = (run.Get(device)!, run.Get(key)!);
                if (SecretBox.MistakeOfName(secret) is { } mistake)
                {
                    throw new CommandFault(ExitCode.Misuse, mistake);
                }

                var value = await SecretInput.ReadAsync(run, $"{secret} of {name}");
                return await run.UseDatabaseAsync(async database =>
                {
                    var change = await DeviceSecrets.SetAsync(database, run.Secrets(), name, secret, value, Actor.OfCommand().ToString(), run.Stop);
                    await RequireAsync(run, database, change);
                    run.Say($"{secret} of {name} is {(change.Before is null ? "stored" : "replaced")}");
                    run.WriteJson(new { device = name, name = secret, change.After!.ChangedAt, is_new = change.Before is null });
                    return ExitCode.Ok;
                });
            },
            "rondo devices secret set router-1 password",
            "rondo devices secret set router-1 password < /run/secrets/router-1");
    }

    private static Command List(Cli cli)
    {
        var device = Device();
        return cli.Act(
            new Command("list", "Which secrets a device has, and when each was set; never the values") { device },
            run => run.UseDatabaseAsync(async database =>
            {
                var secrets = await DeviceSecrets.ListAsync(database, run.Get(device)!, run.Stop) ?? throw await DeviceNames.UnknownAsync(run, database, run.Get(device)!);
                run.WriteTable(["name", "changed", "by"], secrets.Select(s => (IReadOnlyList<string?>)[s.Name, s.ChangedAt.ToString(), s.ChangedBy]));
                run.Say(secrets.Count == 0 ? $"{run.Get(device)} has no secret" : $"{secrets.Count} secrets");
                run.WriteJson(new { secrets = secrets.Select(s => new { s.Name, s.ChangedAt, s.ChangedBy }) });
                return ExitCode.Ok;
            }),
            "rondo devices secret list router-1");
    }

    private static Command Remove(Cli cli)
    {
        var (device, key) = (Device(), Key());
        return cli.Act(
            new Command("remove", "Remove a secret of a device") { device, key },
            run => run.UseDatabaseAsync(async database =>
            {
                var change = await DeviceSecrets.RemoveAsync(database, run.Get(device)!, run.Get(key)!, run.Stop);
                await RequireAsync(run, database, change);
                run.Say($"{change.Name} of {change.Device} is removed");
                run.WriteJson(new { change.Device, change.Name, removed = true });
                return ExitCode.Ok;
            }),
            "rondo devices secret remove router-1 password");
    }

    private static async Task RequireAsync(Run run, Rondo.Storage.Database database, SecretChange change)
    {
        switch (change.Outcome)
        {
            case SecretOutcome.NoDevice:
                throw await DeviceNames.UnknownAsync(run, database, change.Device);
            case SecretOutcome.NoSecret:
                throw new CommandFault(ExitCode.Problem, $"{change.Device} has no secret '{change.Name}'; rondo devices secret list {change.Device} shows which it has");
            case SecretOutcome.TooMany:
                throw new CommandFault(ExitCode.Problem, $"{change.Device} has as many secrets as a device may have (20); remove one first");
            default:
                break;
        }
    }

    private static Argument<string> Device() => new("NAME") { Description = "The device" };

    private static Argument<string> Key() => new("KEY") { Description = "What the secret is called, such as password" };
}
