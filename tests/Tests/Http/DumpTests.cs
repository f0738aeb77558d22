using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Rondo.Host;
using Rondo.Host.Http;
using Rondo.Jobs;
using Rondo.Jobs.Calls;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>Whoever has a copy of the database has none of the secrets in it.</summary>
public sealed class DumpTests
{
    private const string Password = "correct horse battery";
    private const string DeviceSecret = "router-Passwort-§-17";
    private const string SigningKey = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjExample0123456";

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_dump_of_the_database_the_log_and_the_answers_have_none_of_the_secrets(string kind)
    {
        using var folder = new TempFolder();
        using var logs = new CapturedLogs();
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        var (answers, secrets) = (new StringBuilder(), new List<string> { Password, DeviceSecret, SigningKey, "another wrong password" });
        Assert.True(SigningSecret.TryParse("whsec_" + SigningKey[..44].PadRight(44, 'A'), out var signing, out var problem), problem);
        Assert.True(CallTarget.TryParse("127.0.0.1", out var here));
        await using var server = await Server.StartAsync(
            DatabaseAddress.TryParse(postgres?.Url ?? "sqlite:" + folder.At("rondo.db"), out _)!, ["work"], new Rondo.Polling.PollingOptions(), TimeProvider.System, logs, CancellationToken.None,
            new ServerOptions { Jobs = new JobsOptions { Http = new HttpCallOptions { Allow = [here], Secrets = [signing] } } });
        await using var api = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://127.0.0.1:0"), Logs = logs }, CancellationToken.None);
        using var client = await HttpFixture.ClientAsync(server, api);
        secrets.Add(client.DefaultRequestHeaders.Authorization!.Parameter![15..]);
        await SayAsync(HttpMethod.Post, "/api/users", new { name = "anna", role = "admin", password = Password });
        secrets.Add((await SayAsync(HttpMethod.Post, "/api/tokens", new { name = "t", role = "viewer" }, isKept: false)).GetProperty("token").GetString()![15..]);
        secrets.Add((await SayAsync(HttpMethod.Post, "/api/users", new { name = "ben", role = "viewer" }, isKept: false)).GetProperty("password").GetString()!);
        using (var browser = new HttpClient { BaseAddress = api.Address })
        {
            using var signedIn = await browser.PostAsJsonAsync("/api/session", new { name = "anna", password = Password });
            secrets.Add(signedIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0].Split('=')[1][15..]);
            answers.Append(await (await browser.PostAsJsonAsync("/api/session", new { name = "anna", password = "another wrong password" })).Content.ReadAsStringAsync());
        }

        await SayAsync(HttpMethod.Post, "/api/devices", new { name = "r1", address = "127.0.0.1:1", groups = Array.Empty<string>() });
        await SayAsync(HttpMethod.Put, "/api/devices/r1/secrets/password", new { value = DeviceSecret });
        await SayAsync(HttpMethod.Put, "/api/devices/r1/secrets/password", new { value = DeviceSecret + new string('x', 20_000) });
        await SayAsync(HttpMethod.Put, "/api/devices/r2/secrets/password", new { value = DeviceSecret });
        await SayAsync(HttpMethod.Put, "/api/devices/r1/secrets/Bad Name", new { value = DeviceSecret });
        await SayAsync(HttpMethod.Put, "/api/devices/r1/secrets/key", new { valu = DeviceSecret });
        var job = (await SayAsync(HttpMethod.Post, "/api/jobs", new { kind = "http", args = new { url = api.Address + "health/live", method = "GET" } })).GetProperty("id").GetInt64();
        await Eventually.TrueAsync(async () => (await server.JobOperations.ShowAsync(job))?.Job.State == "done", "it was called, signed");
        await Eventually.TrueAsync(async () => (await client.GetStringAsync("/api/audit")).Contains("r1/password"), "it is sealed");
        foreach (var path in new[] { "/api/audit", "/api/devices/r1", "/api/devices/r1/secrets", "/api/devices/r1/secrets/password", "/api/users", "/api/tokens?all=true", $"/api/jobs/{job}", "/api/health" })
        {
            answers.Append(await (await client.GetAsync(path)).Content.ReadAsStringAsync());
        }

        var dump = postgres is null
            ? await RunAsync("cat", Directory.GetFiles(folder.Path, "rondo.db*"))
            : await RunAsync(PgDump(), ["--dbname", postgres.Url]);

        // What is to be found is: so the search works.
        Assert.All(new[] { "r1", "anna", "devices.secret.set" }, known => Assert.Contains(known, dump));
        Assert.Equal(DeviceSecret, await server.Database.ReadAsync("test", tx => server.Secrets.Open(tx, SecretOwner.Device("r1"), "password")));
        foreach (var shape in secrets.SelectMany(Shapes))
        {
            Assert.DoesNotContain(shape, dump);
            Assert.DoesNotContain(shape, answers.ToString());
            Assert.DoesNotContain(logs.Lines, line => line.Contains(shape, StringComparison.Ordinal));
        }

        await server.StopAsync();

        async Task<JsonElement> SayAsync(HttpMethod method, string path, object body, bool isKept = true)
        {
            using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body) };
            using var answer = await client.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            if (isKept)
            {
                answers.Append(text);
            }

            return JsonDocument.Parse(text).RootElement;
        }
    }

    /// <summary>As it is, in hexadecimal, and in base64 wherever it begins in what was encoded.</summary>
    private static IEnumerable<string> Shapes(string secret)
    {
        var bytes = Encoding.UTF8.GetBytes(secret);
        yield return secret;
        yield return Encoding.Latin1.GetString(bytes);
        yield return Convert.ToHexString(bytes);
        yield return Convert.ToHexStringLower(bytes);
        for (var before = 0; before < 3; before++)
        {
            // Only characters that none of the neighbours has a part in.
            var inner = Convert.ToBase64String([.. new byte[before], .. bytes])[(before == 0 ? 0 : 4)..].TrimEnd('=');
            inner = inner[..(inner.Length / 4 * 4)];
            yield return inner;
            yield return inner.Replace('+', '-').Replace('/', '_');
        }
    }

    private static string PgDump() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetFiles("/usr/lib/postgresql", "pg_dump", SearchOption.AllDirectories).Order(StringComparer.Ordinal).LastOrDefault() ?? "pg_dump"
        : "pg_dump";

    // By another process, also for files: to open and close those of SQLite in this one would take away its locks.
    private static async Task<string> RunAsync(string tool, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, StandardOutputEncoding = Encoding.Latin1 })!;
        var errors = process.StandardError.ReadToEndAsync();
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors);
        return text;
    }
}
