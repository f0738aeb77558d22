using Rondo.Storage;

namespace Rondo.Tests.Host;

/// <summary>What commands change is written down and sealed without a server, on both databases.</summary>
public sealed class Audit_commands : CommandTests
{
    private const string Devices = "devices:\n  - { name: m1, address: \"127.0.0.1:1\", unit: 1, profile: sdm630, interval: 1h, points: [voltage_l1] }\n";

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Every_command_that_changes_something_is_written_down_sealed_and_verified(string kind)
    {
        var run = await StartAsync(kind);
        await run.GoodAsync("audit", "verify");
        await run.GoodAsync("devices", "apply", run.Folder.Write("d.yaml", Devices), "--dry-run");
        await run.GoodAsync("devices", "apply", run.Folder.Write("d.yaml", Devices));
        await run.RunAsync("polling", "stop", "m1");
        await run.RunAsync("polling", "stop");
        await run.GoodAsync("devices", "remove", "m1");
        await run.GoodAsync("queues", "pause", "q");
        await run.GoodAsync("workers", "scale", "q", "3");
        await run.GoodAsync("schedules", "add", "s", "--kind", "noop", "--every", "1h", "--args", """{"takes_ms":1}""");
        await run.GoodAsync("schedules", "run", "s", "--json");
        var id = run.Json.GetProperty("id").GetInt64();
        await run.GoodAsync("schedules", "remove", "s");
        await run.GoodAsync("jobs", "enqueue", "noop", "--args", """{"takes_ms":123}""", "--delay", "1h", "--json");
        var enqueued = run.Json.GetProperty("id").GetInt64();
        await run.GoodAsync("jobs", "cancel", $"{id}");
        await run.GoodAsync("jobs", "retry", "--all", "--state", "cancelled");
        await run.GoodAsync("live", "publish", "global", "trial");
        await run.GoodAsync("users", "add", "anna", "--role", "viewer", "--json");
        var password = run.Json.GetProperty("password").GetString()!;
        await run.GoodAsync("users", "passwd", "anna");
        await run.GoodAsync("users", "rotate", "anna", "--json");
        var rotated = run.Json.GetProperty("password").GetString()!;
        Assert.NotEqual(password, rotated);
        await run.GoodAsync("users", "revoke", "anna", "--json");
        Assert.Equal((0, 0), (run.Json.GetProperty("sessions").GetInt32(), run.Json.GetProperty("tokens").GetArrayLength()));
        Assert.Equal(1, await run.RunAsync("users", "revoke", "nobody"));
        Assert.Contains("there is no user 'nobody'", run.Error);
        await run.GoodAsync("tokens", "add", "t", "--role", "viewer", "--json");
        var token = run.Json.GetProperty("token").GetString()!;
        await run.GoodAsync("tokens", "rotate", "t");
        await run.GoodAsync("tokens", "revoke", "t");
        await run.GoodAsync("audit", "list", "--json");
        Assert.Equal(
            [
                "tokens.change t", "tokens.change t", "tokens.change t", "users.change anna", "users.change anna", "users.change anna", "live.publish global", "jobs.retry", $"jobs.cancel {id}", $"jobs.enqueue {enqueued}", "schedules.change s", "schedules.run s", "schedules.change s",
                "queues.change q", "queues.change q", "devices.remove m1", "polling.stop ", "polling.stop m1", "devices.add m1",
            ],
            run.Json.GetProperty("changes").EnumerateArray().Select(c => c.GetProperty("action").GetString() is "jobs.retry" ? "jobs.retry" : $"{c.GetProperty("action")} {c.GetProperty("subject")}"));
        Assert.All(run.Json.GetProperty("changes").EnumerateArray(), c => Assert.Equal(($"command {Environment.UserName}", Environment.MachineName), (c.GetProperty("actor").GetString(), c.GetProperty("from").GetString())));
        Assert.DoesNotContain(token[15..], run.Output);
        Assert.DoesNotContain(password, run.Output);
        Assert.DoesNotContain(rotated, run.Output);
        Assert.Equal("""{"kind":"noop"}""", run.Json.GetProperty("changes").EnumerateArray().Single(c => c.GetProperty("action").GetString() == "jobs.enqueue").GetProperty("after").GetRawText().Replace(" ", "", StringComparison.Ordinal));
        Assert.DoesNotContain("123", run.Json.GetProperty("changes").EnumerateArray().Single(c => c.GetProperty("action").GetString() == "jobs.enqueue").GetProperty("after").GetRawText());
        await run.GoodAsync("audit", "verify", "--json");
        Assert.Equal((19, 0, 19), (run.Json.GetProperty("rows").GetInt32(), run.Json.GetProperty("waiting").GetInt32(), run.Json.GetProperty("anchored").GetInt32()));
        await run.GoodAsync("audit", "export", "--after", "10");
        Assert.Equal(9, run.Output.Trim().Split('\n').Length);
        Assert.DoesNotContain(token[15..], run.Output);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Without_the_right_key_ring_nothing_is_changed_and_what_to_do_is_said(string kind)
    {
        var run = await StartAsync(kind);
        await run.GoodAsync("queues", "pause", "q");
        var keys = run.Variables["RONDO_KEYS_FOLDER"];
        run.Variables["RONDO_KEYS_FOLDER"] = run.Folder.At("other");
        Assert.Equal(1, await run.RunAsync("queues", "resume", "q"));
        Assert.Contains("keys.folder", run.Error);
        Assert.Equal(2, await run.RunAsync("audit", "verify"));
        run.Variables["RONDO_KEYS_FOLDER"] = run.Folder.Write("no-folder", "");
        Assert.Equal(1, await run.RunAsync("queues", "resume", "q"));
        Assert.Contains("key ring", run.Error);
        run.Variables["RONDO_KEYS_FOLDER"] = keys;
        await run.GoodAsync("queues", "list", "--json");
        Assert.True(run.Json.GetProperty("queues").EnumerateArray().Single(q => q.GetProperty("queue").GetString() == "q").GetProperty("is_paused").GetBoolean());
        await run.GoodAsync("audit", "verify");
    }

    [Fact]
    public async Task What_work_does_by_itself_is_proved_by_the_key_ring_of_the_settings()
    {
        var run = await StartAsync("sqlite");
        await run.GoodAsync("work", "--once");
        await using (var database = Database.Open(DatabaseAddress.TryParse(run.Database!, out _)!, DatabaseUse.Command, TimeProvider.System))
        {
            // As if it had ended without a word; that its process is gone is seen by its number.
            await database.WriteAsync("test", tx => { tx.Execute(new Sql("test", "update node set state = 'live', ended_at = null, pid = 2147483000")); });
        }

        await run.GoodAsync("work", "--once");
        await run.GoodAsync("queues", "pause", "q");
        await run.GoodAsync("audit", "list", "--json");
        Assert.Equal(["queues.change", "nodes.bury"], run.Json.GetProperty("changes").EnumerateArray().Select(c => c.GetProperty("action").GetString()));
        await run.GoodAsync("audit", "verify");
    }
}
