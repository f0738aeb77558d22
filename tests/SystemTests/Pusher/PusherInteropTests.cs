using System.Diagnostics;
using System.Text.Json;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Pusher;

/// <summary>A front-end of Laravel Echo and a back-end of Pusher, with the real packages, against a real server.</summary>
public sealed class PusherInteropTests
{
    private const string Id = "3";
    private const string Key = "rondo-interop-key";
    private const string Secret = "7ad3773142a6692b25b8";
    private static readonly TimeSpan _install = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Laravel_Echo_hears_what_a_command_and_a_back_end_publish_until_its_token_is_revoked()
    {
        var folder = Directory.CreateTempSubdirectory("rondo-echo-");
        try
        {
            var node = await InstallAsync(folder.FullName);
            await using var site = await Site.CreateAsync(DatabaseKind.Sqlite, 1);
            await site.PrepareAsync(site.DeviceFile("200ms"));
            var (admin, viewer) = (await RondoProcess.TokenAsync(site.Database, "admin"), await RondoProcess.TokenAsync(site.Database));
            var device = await site.ReadAsync(tx => tx.First<long>(new Sql("test.device", "select id from device")));
            var file = Path.Combine(folder.FullName, "pusher.secret");
            await File.WriteAllTextAsync(file, Secret + "\n");
            SetMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            await using var server = Serve(site, file);
            var address = await ReadyAsync(server);
            await using var client = new ChildProcess(node, ["echo.js"], new Dictionary<string, string?>
            {
                ["RONDO_PORT"] = $"{address.Port}", ["RONDO_ADMIN"] = admin, ["RONDO_VIEWER"] = viewer, ["RONDO_DEVICE"] = $"{device}",
                ["PUSHER_APP_ID"] = Id, ["PUSHER_APP_KEY"] = Key, ["PUSHER_APP_SECRET"] = Secret,
            }, folder.FullName);

            await client.WaitForLineAsync("\"subscribed\"");
            Assert.Equal(403, (await SaidAsync(client, "refused")).GetProperty("status").GetInt32());
            Assert.Equal("meter-1-1", (await SaidAsync(client, "readings")).GetProperty("device").GetString());
            await site.CommandAsync("live", "publish", "admin-notifications", "payment.processed", "--data", """{"amount": 50}""");
            Assert.Equal("""{"amount":50,"test":true}""", (await HeardAsync(client, "payment.processed")).GetRawText());
            Assert.Equal(200, (await SaidAsync(client, "published")).GetProperty("status").GetInt32());
            Assert.Equal("""{"amount":100}""", (await HeardAsync(client, "order.paid")).GetRawText());
            Assert.Equal("""{"id":7}""", (await HeardAsync(client, "OrderShipped")).GetRawText());
            Assert.Equal(1, (await SaidAsync(client, "channels")).GetProperty("channels").GetProperty("private-admin-notifications").GetProperty("subscription_count").GetInt32());
            Assert.Equal(401, (await SaidAsync(client, "forged")).GetProperty("status").GetInt32());
            Assert.DoesNotContain(client.Output, l => l.Contains("viewer-subscribed", StringComparison.Ordinal));

            // It was published before the others, with the socket_id of this very client.
            Assert.DoesNotContain(client.Output, l => l.Contains("not.for.me", StringComparison.Ordinal));

            var revoked = Stopwatch.GetTimestamp();
            await site.CommandAsync("tokens", "revoke", "test-admin");
            Assert.Equal(4009, (await SaidAsync(client, "error")).GetProperty("code").GetInt32());
            Assert.InRange(Stopwatch.GetElapsedTime(revoked).TotalSeconds, 0, 5);

            // The range of the code keeps it away.
            await client.UntilAsync(() => Task.FromResult(Lines(client, "state").Any(s => s.GetProperty("state").GetString() == "disconnected")), "the end of the connection");
            Assert.DoesNotContain(Secret, string.Join('\n', server.Output.Concat(server.Errors)), StringComparison.Ordinal);
            Assert.Equal(0, await server.StopAsync());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Its signature says whose it is, which pusher-js hands on as it was given.</summary>
    [Fact]
    public async Task Laravel_Echo_asks_another_node_for_its_signatures_than_it_is_connected_to()
    {
        var folder = Directory.CreateTempSubdirectory("rondo-echo-");
        try
        {
            var node = await InstallAsync(folder.FullName);
            await using var site = await Site.CreateAsync(DatabaseKind.Postgres, 1);
            await site.PrepareAsync(site.DeviceFile("200ms"));
            var (admin, viewer) = (await RondoProcess.TokenAsync(site.Database, "admin"), await RondoProcess.TokenAsync(site.Database));
            var file = Path.Combine(folder.FullName, "pusher.secret");
            await File.WriteAllTextAsync(file, Secret + "\n");
            SetMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            await using var one = Serve(site, file);
            await using var other = Serve(site, file);
            var (connected, asked) = (await ReadyAsync(one), await ReadyAsync(other));
            await using var client = new ChildProcess(node, ["echo.js"], new Dictionary<string, string?>
            {
                ["RONDO_PORT"] = $"{connected.Port}", ["RONDO_AUTH_PORT"] = $"{asked.Port}", ["RONDO_ADMIN"] = admin, ["RONDO_VIEWER"] = viewer, ["RONDO_DEVICE"] = "1",
                ["PUSHER_APP_ID"] = Id, ["PUSHER_APP_KEY"] = Key, ["PUSHER_APP_SECRET"] = Secret,
            }, folder.FullName);
            await client.WaitForLineAsync("\"subscribed\"");
            Assert.Equal(403, (await SaidAsync(client, "refused")).GetProperty("status").GetInt32());
            await site.CommandAsync("tokens", "revoke", "test-admin");
            Assert.Equal(4009, (await SaidAsync(client, "error")).GetProperty("code").GetInt32());
            Assert.Equal((0, 0), (await one.StopAsync(), await other.StopAsync()));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_secret_that_others_can_read_is_refused_and_never_shown()
    {
        var folder = Directory.CreateTempSubdirectory("rondo-echo-");
        try
        {
            var file = Path.Combine(folder.FullName, "pusher.secret");
            await File.WriteAllTextAsync(file, Secret);
            SetMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
            var variables = new Dictionary<string, string?> { ["RONDO_PUSHER_ID"] = Id, ["RONDO_PUSHER_KEY"] = Key, ["RONDO_PUSHER_SECRET"] = "file:" + file };
            await using var server = new RondoProcess(["serve", "--http", "http://127.0.0.1:0", "--database", "sqlite:" + Path.Combine(folder.FullName, "rondo.db")], variables);
            Assert.Equal(64, await server.ExitAsync());
            Assert.Contains($"chmod 600 {file}", string.Join('\n', server.Errors), StringComparison.Ordinal);
            variables["RONDO_PUSHER_SECRET"] = Secret;
            await using var shown = new RondoProcess(["config", "show", "--json"], variables);
            Assert.Equal(0, await shown.ExitAsync());
            Assert.Contains("pusher.secret", string.Join('\n', shown.Output), StringComparison.Ordinal);
            Assert.DoesNotContain(Secret, string.Join('\n', shown.Output.Concat(shown.Errors)), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static RondoProcess Serve(Site site, string secretFile) => new(
        ["serve", "--http", "http://127.0.0.1:0", "--json", "--database", site.Database],
        new Dictionary<string, string?> { ["RONDO_PUSHER_ID"] = Id, ["RONDO_PUSHER_KEY"] = Key, ["RONDO_PUSHER_SECRET"] = "file:" + secretFile });

    private static async Task<Uri> ReadyAsync(RondoProcess server) =>
        new(JsonDocument.Parse(await server.WaitForLineAsync("\"ready\"")).RootElement.GetProperty("http").GetString()!);

    private static void SetMode(string file, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, mode);
        }
    }

    /// <summary>The packages of package-lock.json, and nothing else, in a folder of the test's own; returns node.</summary>
    private static async Task<string> InstallAsync(string folder)
    {
        var (node, npm) = (Tools.Find("node", "nodejs"), Tools.Find("npm", "npm"));
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Pusher", "client")))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        await using var install = new ChildProcess(npm, ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"], folder: folder);
        var code = await install.ExitAsync(_install);
        Tools.Require(code == 0, $"laravel-echo, pusher-js and pusher (npm ci ended with {code}: {string.Join(' ', install.Errors.TakeLast(3))})");
        return node;
    }

    private static async Task<JsonElement> SaidAsync(ChildProcess client, string what)
    {
        await client.UntilAsync(() => Task.FromResult(Lines(client, what).Any()), $"a line that says {what}");
        return Lines(client, what).First();
    }

    private static async Task<JsonElement> HeardAsync(ChildProcess client, string name)
    {
        await client.UntilAsync(() => Task.FromResult(Heard().Any()), $"the event {name}");
        return Heard().First().GetProperty("data");

        IEnumerable<JsonElement> Heard() => Lines(client, "heard").Where(l => l.GetProperty("name").GetString() == name);
    }

    private static IEnumerable<JsonElement> Lines(ChildProcess client, string what) =>
        client.Output.Where(l => l.StartsWith('{')).Select(l => JsonDocument.Parse(l).RootElement).Where(l => l.GetProperty("what").GetString() == what);
}
