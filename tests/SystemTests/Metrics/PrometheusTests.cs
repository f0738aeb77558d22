using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Metrics;

/// <summary>A running Rondo and a running Prometheus.</summary>
public sealed class PrometheusTests
{
    [Fact]
    public async Task A_real_Prometheus_scrapes_a_running_Rondo_by_its_token_and_promtool_finds_nothing_to_mend()
    {
        var (program, tool) = (Tools.Find("prometheus", "prometheus"), Tools.Find("promtool", "prometheus"));
        await using var site = await Site.CreateAsync(DatabaseKind.Sqlite, gateways: 2, units: 2);
        await site.PrepareAsync(site.DeviceFile("200ms"));
        var token = await RondoProcess.TokenAsync(site.Database);
        await using var server = new RondoProcess(["serve", "--database", site.Database, "--roles", "poll,work,api", "--http", "http://127.0.0.1:0"]);
        var at = new Uri((await server.WaitForLineAsync("HTTP API on ")).Split("HTTP API on ")[1].Trim());

        using var client = new HttpClient { BaseAddress = at };
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        var folder = Directory.CreateTempSubdirectory("rondo-prometheus-").FullName;
        try
        {
            var text = Path.Combine(folder, "metrics.txt");
            await File.WriteAllTextAsync(text, await client.GetStringAsync("/metrics"));
            await using (var check = new ChildProcess("/bin/sh", ["-c", $"'{tool}' check metrics < '{text}'"]))
            {
                var code = await check.ExitAsync();
                Assert.True(code == 0 && check.Output.Concat(check.Errors).All(l => l.Length == 0), string.Join('\n', check.Output.Concat(check.Errors)));
            }

            // The one that is shipped, with this server and this token.
            var shipped = await File.ReadAllTextAsync(Path.Combine(RepositoryRoot(), "deploy", "prometheus", "prometheus.yml"));
            Assert.Contains("127.0.0.1:8750", shipped, StringComparison.Ordinal);
            var settings = Path.Combine(folder, "prometheus.yml");
            await File.WriteAllTextAsync(Path.Combine(folder, "rondo.token"), token + "\n");
            await File.WriteAllTextAsync(settings, shipped.Replace("127.0.0.1:8750", at.Authority, StringComparison.Ordinal).Replace("/etc/prometheus/rondo.token", Path.Combine(folder, "rondo.token"), StringComparison.Ordinal)
                .Replace("scrape_interval: 15s", "scrape_interval: 1s", StringComparison.Ordinal).Replace("scrape_timeout: 10s", "scrape_timeout: 1s", StringComparison.Ordinal));
            var port = PrivatePostgres.FreePort();
            await using var prometheus = new ChildProcess(
                program,
                [$"--config.file={settings}", $"--storage.tsdb.path={Path.Combine(folder, "data")}", string.Create(CultureInfo.InvariantCulture, $"--web.listen-address=127.0.0.1:{port}")],
                folder: folder);
            using var asked = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

            await prometheus.UntilAsync(async () => await QueryAsync(asked, "up{job=\"rondo\"}") is 1, "Rondo is up", TimeSpan.FromSeconds(60));
            await prometheus.UntilAsync(async () => await QueryAsync(asked, "rondo_poll_outcomes_total{outcome=\"ok\"}") is > 0, "polls", TimeSpan.FromSeconds(60));
            Assert.Equal(1, await QueryAsync(asked, "rondo_polling_active"));
            Assert.Equal(4, await QueryAsync(asked, "rondo_fleet_groups{state=\"owned\"}"));
            await prometheus.UntilAsync(async () => await QueryAsync(asked, "histogram_quantile(0.99, sum by (le) (rate(rondo_poll_lateness_seconds_bucket[1m])))") is > 0 and < 10, "a percentile", TimeSpan.FromSeconds(60));

            // Everything was taken as it was sent: nothing doubled, nothing dropped.
            Assert.DoesNotContain(prometheus.Output.Concat(prometheus.Errors), l => l.Contains("Error on ingesting", StringComparison.Ordinal) || l.Contains("append failed", StringComparison.Ordinal));
        }
        finally
        {
            await server.StopAsync(TimeSpan.FromSeconds(10));
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<double?> QueryAsync(HttpClient client, string query)
    {
        try
        {
            using var answer = await client.GetAsync("/api/v1/query?query=" + Uri.EscapeDataString(query));
            if (!answer.IsSuccessStatusCode)
            {
                return null;
            }

            using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            var result = json.RootElement.GetProperty("data").GetProperty("result");
            return result.GetArrayLength() == 0 ? null : double.Parse(result[0].GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture);
        }
        catch (Exception fault) when (fault is HttpRequestException or SocketException)
        {
            return null;
        }
    }

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Rondo.slnx")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
