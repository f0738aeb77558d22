using Rondo.Security;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Host;

/// <summary>Users and tokens from the command line, on both databases.</summary>
public sealed class Access_commands : CommandTests
{
    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Tokens_are_made_shown_once_listed_rotated_and_revoked(string kind)
    {
        var run = await StartAsync(kind);
        await run.GoodAsync("tokens", "add", "dash", "--role", "viewer", "--expires", "90d", "--devices", "site-*", "--json");
        var text = run.Json.GetProperty("token").GetString()!;
        Assert.StartsWith("rondo_" + run.Json.GetProperty("prefix").GetString(), text);
        await run.GoodAsync("tokens", "add", "plain", "--role", "admin");
        Assert.Equal(58, run.Output.Trim().Length);
        Assert.Contains("Authorization: Bearer", run.Error);
        await run.GoodAsync("tokens", "list", "--json");
        Assert.DoesNotContain(text, run.Output);
        Assert.Equal(["dash", "plain"], run.Json.GetProperty("tokens").EnumerateArray().Select(t => t.GetProperty("name").GetString()));
        await run.GoodAsync("tokens", "list");
        Assert.Contains("devices site-*", run.Output);

        await run.GoodAsync("tokens", "rotate", "dash", "--json");
        Assert.NotEqual(text, run.Json.GetProperty("token").GetString());
        await run.GoodAsync("tokens", "revoke", "dash");
        Assert.Equal(1, await run.RunAsync("tokens", "revoke", "dash"));
        Assert.Contains("no token 'dash'", run.Error);
        Assert.Equal(1, await run.RunAsync("tokens", "add", "plain", "--role", "viewer"));
        await run.GoodAsync("tokens", "list", "--all", "--json");
        Assert.Equal(3, run.Json.GetProperty("tokens").GetArrayLength());
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Users_are_added_with_a_password_of_theirs_or_a_random_one(string kind)
    {
        var run = await StartAsync(kind);
        await run.GoodAsync("users", "add", "anna", "--role", "operator", "--json");
        Assert.True(run.Json.GetProperty("password").GetString()!.Length >= 20);
        var file = run.Folder.Write("password", "a password of my own\n");
        await run.GoodAsync("users", "add", "ben", "--role", "viewer", "--password-file", file, "--json");
        Assert.False(run.Json.TryGetProperty("password", out _));
        await run.GoodAsync("users", "role", "ben", "operator");
        await run.GoodAsync("users", "passwd", "ben", "--password-file", file);
        await run.GoodAsync("users", "list", "--json");
        Assert.Equal(["anna operator", "ben operator"], run.Json.GetProperty("users").EnumerateArray().Select(u => $"{u.GetProperty("name")} {u.GetProperty("role")}"));
        Assert.DoesNotContain("password", run.Output);
        await run.GoodAsync("users", "remove", "anna");
        Assert.Equal(1, await run.RunAsync("users", "passwd", "anna"));
        Assert.Equal(1, await run.RunAsync("users", "add", "ben", "--role", "viewer"));
        Assert.Equal(64, await run.RunAsync("users", "add", "carl", "--role", "viewer", "--password-file", run.Folder.Write("short", "kurz")));
    }
}
