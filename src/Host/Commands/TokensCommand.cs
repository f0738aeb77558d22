using System.CommandLine;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo tokens add|list|revoke|rotate</c>.</summary>
internal static class TokensCommand
{
    private static readonly TimeSpan _shortest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _longest = TimeSpan.FromDays(36_500);

    public static Command Create(Cli cli) => new("tokens", "Tokens that programs and people use the API with") { Add(cli), List(cli), Revoke(cli), Rotate(cli) };

    /// <summary>A word for a role.</summary>
    public static Option<string> RoleOption() => new("--role") { Description = "admin, operator, viewer or ingest", Required = true, HelpName = "ROLE" };

    /// <summary>The role it names.</summary>
    public static Role ReadRole(string? text) => Roles.TryParse(text, out var role)
        ? role
        : throw new CommandFault(ExitCode.Misuse, $"'{text}' is no role; expected one of {string.Join(", ", Roles.All.Select(r => r.Text()))}");

    /// <summary>Does it, and then tells the running nodes; what is refused becomes a sentence and a code.</summary>
    public static Task<int> ChangeAsync(Run run, Func<Database, Task> change) => run.UseDatabaseAsync(async database =>
    {
        try
        {
            await change(database);
        }
        catch (AccessRefused refused)
        {
            throw new CommandFault(refused.Reason == AccessRefusal.Mistake ? ExitCode.Misuse : ExitCode.Problem, refused.Message);
        }

        await run.HintAsync(database, SecurityModule.Topic);
        return ExitCode.Ok;
    });

    private static Command Add(Cli cli)
    {
        var name = new Argument<string>("NAME") { Description = "How to call it" };
        var role = RoleOption();
        var expires = new Option<string?>("--expires") { Description = "After so long it is worth nothing: 90d, 12h [default: never]", HelpName = "SPAN" };
        var topics = new Option<string?>("--topics") { Description = "Limits it to topics of the feed, with commas; a * at the end stands for any rest", HelpName = "LIST" };
        var devices = new Option<string?>("--devices") { Description = "Limits it to devices, with commas; a * at the end stands for any rest", HelpName = "LIST" };
        var add = new Command("add", "Make a token. It is printed once, and stored nowhere.") { name, role, expires, topics, devices };
        return cli.Act(
            add,
            run => ChangeAsync(run, async database =>
            {
                if (Scopes.TryParse(run.Get(topics), run.Get(devices), out var scopes) is { } mistake)
                {
                    throw new CommandFault(ExitCode.Misuse, mistake);
                }

                Instant? until = run.Get(expires) is { } span ? database.Clock.Now + TimeOptions.Span("--expires", span, _shortest, _longest) : null;
                var token = new NewToken(run.Get(name)!, ReadRole(run.Get(role)), until, scopes);
                Show(run, await new TokenOperations(database, _ => { }).AddAsync(token, Actor.OfCommand(), run.Stop));
            }),
            "rondo tokens add dashboard --role viewer",
            "rondo tokens add grafana --role viewer --expires 90d",
            "rondo tokens add site-7 --role viewer --devices 'site-7-*' --json");
    }

    private static Command List(Cli cli)
    {
        var all = new Option<bool>("--all") { Description = "The revoked ones too" };
        return cli.Act(
            new Command("list", "Every token: role, expiry, last use; never the secret") { all },
            run => run.UseDatabaseAsync(async database =>
            {
                var tokens = await new TokenOperations(database, _ => { }).ListAsync(run.Get(all), run.Stop);
                run.WriteTable(
                    ["name", "token", "role", "state", "limited to", "expires", "last used", "made by"],
                    tokens.Select(t => (IReadOnlyList<string?>)
                    [
                        t.Name, $"rondo_{t.Prefix}…", t.Role, t.State, Limits(t), t.ExpiresAt?.ToString() ?? "never", t.LastUsedAt?.ToString() ?? "never", t.CreatedBy,
                    ]));
                run.Say(tokens.Count == 0 ? "no token. Make one: rondo tokens add NAME --role viewer" : $"{tokens.Count} tokens");
                run.WriteJson(new { tokens });
                return ExitCode.Ok;
            }),
            "rondo tokens list",
            "rondo tokens list --all --json");
    }

    private static Command Revoke(Cli cli)
    {
        var name = new Argument<string>("NAME") { Description = "The token" };
        return cli.Act(
            new Command("revoke", "Make a token worth nothing. Running servers obey within a second, and close what was opened with it.") { name },
            run => ChangeAsync(run, async database =>
            {
                var gone = await new TokenOperations(database, _ => { }).RevokeAsync(run.Get(name)!, run.Stop);
                run.Say($"token {gone.Name} (rondo_{gone.Prefix}…) is revoked");
                run.WriteJson(gone);
            }),
            "rondo tokens revoke dashboard");
    }

    private static Command Rotate(Cli cli)
    {
        var name = new Argument<string>("NAME") { Description = "The token" };
        return cli.Act(
            new Command("rotate", "Put a new secret in the place of a token's. The old one is worth nothing from then on; role, expiry and limits stay.") { name },
            run => ChangeAsync(run, async database => Show(run, await new TokenOperations(database, _ => { }).RotateAsync(run.Get(name)!, Actor.OfCommand(), run.Stop))),
            "rondo tokens rotate dashboard");
    }

    private static void Show(Run run, IssuedToken issued)
    {
        var token = issued.Token;
        run.Say(issued.Text);
        if (!run.IsJson)
        {
            // Beside the result, so that the token alone can be caught by a script.
            run.Warn($"token {token.Name}: {token.Role}{(token.ExpiresAt is { } at ? $", until {at}" : "")}. It is shown this once; use it as: Authorization: Bearer TOKEN");
        }

        run.WriteJson(new { token.Name, token.Role, token.Prefix, token.ExpiresAt, token.Topics, token.Devices, token = issued.Text });
    }

    private static string Limits(TokenView token) => token.Topics.Count + token.Devices.Count == 0
        ? "-"
        : string.Join("; ", new[] { ("topics", token.Topics), ("devices", token.Devices) }.Where(l => l.Item2.Count > 0).Select(l => $"{l.Item1} {string.Join(',', l.Item2)}"));
}
