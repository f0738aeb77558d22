namespace Rondo.Tests.Host;

/// <summary>Secrets of devices by command, on both databases.</summary>
public sealed class Secrets_commands : CommandTests
{
    private const string Devices = "devices:\n  - { name: m1, address: \"127.0.0.1:1\", unit: 1, profile: sdm630, interval: 1h, points: [voltage_l1] }\n";
    private const string Value = "hunter2-hunter2";

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task A_secret_is_stored_listed_rotated_and_removed_and_its_value_is_never_shown(string kind)
    {
        var run = await StartAsync(kind);
        run.Variables["RONDO_KEYS_FOLDER"] = run.Folder.At("ring");
        await run.GoodAsync("devices", "apply", run.Folder.Write("d.yaml", Devices));
        var said = "";
        await DoAsync("secrets", "list");
        Assert.Contains("no secret", run.Output);
        run.Input = Value + "\n";
        await DoAsync("devices", "secret", "set", "m1", "password");
        await DoAsync("devices", "secret", "set", "m1", "password", "--json");
        Assert.False(run.Json.GetProperty("is_new").GetBoolean());
        await DoAsync("devices", "secret", "list", "m1");
        await DoAsync("devices", "show", "m1", "--json");
        await DoAsync("secrets", "list", "--json");
        var before = run.Json.GetProperty("secrets")[0].GetProperty("key_id").GetString();
        await DoAsync("secrets", "verify");
        await DoAsync("secrets", "rotate", "--dry-run", "--json");
        Assert.Equal(1, run.Json.GetProperty("secrets").GetInt32());
        await DoAsync("secrets", "rotate");
        await DoAsync("secrets", "list", "--json");
        Assert.NotEqual(before, run.Json.GetProperty("secrets")[0].GetProperty("key_id").GetString());
        await DoAsync("secrets", "verify", "--json");
        Assert.Equal((1, 0), (run.Json.GetProperty("secrets").GetInt32(), run.Json.GetProperty("unreadable").GetInt32()));
        await DoAsync("devices", "secret", "remove", "m1", "password");
        await DoAsync("audit", "list", "--json");
        Assert.Equal(
            ["devices.secret.remove m1/password", "secrets.reencrypt ", "secrets.rotate ", "devices.secret.set m1/password", "devices.secret.set m1/password", "devices.add m1"],
            run.Json.GetProperty("changes").EnumerateArray().Select(c => $"{c.GetProperty("action")} {c.GetProperty("subject")}"));
        await DoAsync("audit", "verify");
        Assert.DoesNotContain(Value, said);

        async Task DoAsync(params string[] arguments)
        {
            await run.GoodAsync(arguments);
            said += run.Output + run.Error;
        }
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task What_cannot_be_done_is_said_with_what_to_do(string kind)
    {
        var run = await StartAsync(kind);
        run.Variables["RONDO_KEYS_FOLDER"] = run.Folder.At("ring");
        await run.GoodAsync("devices", "apply", run.Folder.Write("d.yaml", Devices));
        run.Input = Value;
        Assert.Equal(1, await run.RunAsync("devices", "secret", "set", "m2", "password"));
        Assert.Contains("no device 'm2'", run.Error);
        Assert.Equal(64, await run.RunAsync("devices", "secret", "set", "m1", "Pass Word"));
        Assert.Equal(1, await run.RunAsync("devices", "secret", "remove", "m1", "password"));
        run.Input = "";
        Assert.Equal(64, await run.RunAsync("devices", "secret", "set", "m1", "password"));
        Assert.Contains("empty", run.Error);
        run.Input = new string('x', 20_000);
        Assert.Equal(64, await run.RunAsync("devices", "secret", "set", "m1", "password"));
        Assert.DoesNotContain("xxx", run.Error);

        // With a ring that has its audit key but not the key of the secrets.
        run.Input = Value;
        await run.GoodAsync("devices", "secret", "set", "m1", "password");
        foreach (var file in Directory.GetFiles(run.Folder.At("ring"), "secrets-*.key"))
        {
            File.Delete(file);
        }

        Assert.Equal(1, await run.RunAsync("secrets", "verify"));
        Assert.Contains("secrets-*.key", run.Output);
        Assert.Equal(1, await run.RunAsync("devices", "secret", "set", "m1", "other"));
        Assert.Contains("secrets forget", run.Error);
        await run.GoodAsync("secrets", "forget");
        await run.GoodAsync("devices", "secret", "set", "m1", "password");
        await run.GoodAsync("secrets", "verify");
    }
}
