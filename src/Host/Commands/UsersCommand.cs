using System.CommandLine;
using Rondo.Security;

namespace Rondo.Host.Commands;

/// <summary><c>rondo users add|list|remove|passwd|rotate|revoke|role</c>.</summary>
internal static class UsersCommand
{
    private const int LongestFile = 4_096;

    public static Command Create(Cli cli) => new("users", "People who sign in with a password") { Add(cli), List(cli), Remove(cli), Passwd(cli), Rotate(cli), Revoke(cli), SetRole(cli) };

    private static Command Add(Cli cli)
    {
        var (name, role, file) = (Named(), TokensCommand.RoleOption(), PasswordFile());
        return cli.Act(
            new Command("add", "Add a user. Without a file a random password is made and printed once.") { name, role, file },
            run => TokensCommand.ChangeAsync(run, async database =>
            {
                var (password, isRandom) = await ReadAsync(run, file);
                var user = await Users(database).AddAsync(run.Get(name)!, TokensCommand.ReadRole(run.Get(role)), password, Actor.OfCommand(), run.Stop);
                Show(run, user, isRandom ? password : null, $"user {user.Name} is added: {user.Role}");
            }),
            "rondo users add anna --role operator",
            "rondo users add anna --role operator --password-file /run/secrets/anna");
    }

    private static Command List(Cli cli) => cli.Act(
        new Command("list", "Every user and its role"),
        run => run.UseDatabaseAsync(async database =>
        {
            var users = await Users(database).ListAsync(run.Stop);
            run.WriteTable(["name", "role", "added", "added by", "changed"], users.Select(u => (IReadOnlyList<string?>)[u.Name, u.Role, u.CreatedAt.ToString(), u.CreatedBy, u.ChangedAt.ToString()]));
            run.Say(users.Count == 0 ? "no user. Add one: rondo users add NAME --role operator" : $"{users.Count} users");
            run.WriteJson(new { users });
            return ExitCode.Ok;
        }),
        "rondo users list");

    private static Command Remove(Cli cli)
    {
        var name = Named();
        return cli.Act(
            new Command("remove", "Remove a user. Running servers obey within a second.") { name },
            run => TokensCommand.ChangeAsync(run, async database =>
            {
                var gone = await Users(database).RemoveAsync(run.Get(name)!, run.Stop);
                Show(run, gone, null, $"user {gone.Name} is removed");
            }),
            "rondo users remove anna");
    }

    private static Command Passwd(Cli cli)
    {
        var (name, file) = (Named(), PasswordFile());
        return cli.Act(
            new Command("passwd", "Give a user another password. Without a file a random one is made and printed once.") { name, file },
            run => TokensCommand.ChangeAsync(run, async database =>
            {
                var (password, isRandom) = await ReadAsync(run, file);
                var user = await Users(database).SetPasswordAsync(run.Get(name)!, password, run.Stop);
                Show(run, user, isRandom ? password : null, $"user {user.Name} has another password");
            }),
            "rondo users passwd anna",
            "rondo users passwd anna --password-file /run/secrets/anna");
    }

    private static Command Rotate(Cli cli)
    {
        var name = Named();
        return cli.Act(
            new Command("rotate", "Put a random password in the place of a user's; it is printed once. Running servers end its sessions within a second.") { name },
            run => TokensCommand.ChangeAsync(run, async database =>
            {
                var password = UserOperations.NewPassword();
                var user = await Users(database).SetPasswordAsync(run.Get(name)!, password, run.Stop);
                Show(run, user, password, $"user {user.Name} has another password");
            }),
            "rondo users rotate anna");
    }

    private static Command Revoke(Cli cli)
    {
        var name = Named();
        return cli.Act(
            new Command("revoke", "End every session of a user and every token it has made. Running servers obey within a second. The user stays: remove it, or rotate its password, to keep it out.") { name },
            run => TokensCommand.ChangeAsync(run, async database =>
            {
                var gone = await Users(database).RevokeAsync(run.Get(name)!, run.Stop);
                run.Say($"user {gone.Name}: {gone.Sessions} sessions ended, {gone.Tokens.Count} tokens revoked{(gone.Tokens.Count == 0 ? "" : ": " + string.Join(", ", gone.Tokens))}");
                run.WriteJson(gone);
            }),
            "rondo users revoke anna");
    }

    private static Command SetRole(Cli cli)
    {
        var name = Named();
        var role = new Argument<string>("ROLE") { Description = "admin, operator, viewer or ingest" };
        return cli.Act(
            new Command("role", "Give a user another role. Running servers obey within a second.") { name, role },
            run => TokensCommand.ChangeAsync(run, async database =>
            {
                var user = await Users(database).SetRoleAsync(run.Get(name)!, TokensCommand.ReadRole(run.Get(role)), run.Stop);
                Show(run, user, null, $"user {user.Name} is {user.Role}");
            }),
            "rondo users role anna viewer");
    }

    private static UserOperations Users(Rondo.Storage.Database database) => new(database, _ => { });

    private static Argument<string> Named() => new("NAME") { Description = "The user" };

    private static Option<string?> PasswordFile() => new("--password-file") { Description = "A file whose first line is the password; not on the command line, where others can see it", HelpName = "FILE" };

    private static async Task<(string Password, bool IsRandom)> ReadAsync(Run run, Option<string?> option)
    {
        if (run.Get(option) is not { } file)
        {
            return (UserOperations.NewPassword(), true);
        }

        if (!File.Exists(file))
        {
            throw new CommandFault(ExitCode.Misuse, $"--password-file: there is no file '{file}'");
        }

        if (new FileInfo(file).Length > LongestFile)
        {
            throw new CommandFault(ExitCode.Misuse, $"--password-file: '{file}' is larger than {LongestFile} bytes; expected a password on its first line");
        }

        using var reader = new StreamReader(file);
        return (await reader.ReadLineAsync(run.Stop) ?? "", false);
    }

    private static void Show(Run run, UserView user, string? password, string said)
    {
        if (password is not null)
        {
            run.Say(password);
        }

        if (password is null)
        {
            run.Say(said);
        }
        else if (!run.IsJson)
        {
            run.Warn(said + ". The password is shown this once");
        }

        run.WriteJson(password is null ? new { user.Name, user.Role } : new { user.Name, user.Role, password });
    }
}
