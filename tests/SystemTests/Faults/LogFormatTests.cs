using System.Text.Json;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Faults;

/// <summary>What a real server writes to standard error, in each format.</summary>
public sealed class LogFormatTests
{
    [Fact]
    public async Task A_server_logs_one_JSON_object_a_line_from_its_first_to_its_last()
    {
        await using var site = await Site.CreateAsync(DatabaseKind.Sqlite, 1);
        await site.CommandAsync("database", "migrate");
        await using var server = new RondoProcess(["serve", "--roles", "work", "--log-format", "json", "--database", site.Database]);
        await server.UntilAsync(() => Task.FromResult(Lines(server).Any(l => Number(l, "event_id") == 1005)), "it is ready");
        await site.CommandAsync("jobs", "enqueue", "noop", "--args", """{"fails": 1}""", "--correlation", "order-4711");
        await server.UntilAsync(() => Task.FromResult(Lines(server).Any(l => Number(l, "event_id") == 5002)), "an attempt fails");
        Assert.Equal(0, await server.StopAsync());
        var lines = Lines(server);
        Assert.Equal(["Started", "Ready", "Stopping", "Stopped"], lines.Select(l => l.GetProperty("event").GetString()).Intersect(["Started", "Ready", "Stopping", "Stopped"]));
        var node = lines.Single(l => Number(l, "event_id") == 1001).GetProperty("values").GetProperty("node").GetString();
        Assert.All(lines, l => Assert.Equal(node, l.GetProperty("node").GetString()));
        var failed = lines.Single(l => Number(l, "event_id") == 5002);
        Assert.Equal(("warn", "rondo.jobs", "AttemptFailed"), (failed.GetProperty("level").GetString(), failed.GetProperty("category").GetString(), failed.GetProperty("event").GetString()));
        Assert.Equal(1, failed.GetProperty("values").GetProperty("attempt").GetInt32());
        var scope = failed.GetProperty("scope");
        Assert.Equal(("default", "noop", 1, "order-4711"), (scope.GetProperty("queue").GetString(), scope.GetProperty("kind").GetString(), scope.GetProperty("attempt").GetInt32(), scope.GetProperty("correlation_id").GetString()));
        Assert.Matches("^[0-9a-f]{32}$", scope.GetProperty("trace_id").GetString());
    }

    [Fact]
    public async Task Jobs_that_are_worked_off_without_a_server_log_as_it_was_told()
    {
        await using var site = await Site.CreateAsync(DatabaseKind.Sqlite, 1);
        await site.CommandAsync("database", "migrate");
        await site.CommandAsync("jobs", "enqueue", "noop", "--args", """{"fails": 1}""");
        await using var work = new RondoProcess(["work", "--once", "--log-format", "json", "--database", site.Database]);
        Assert.Equal(0, await work.ExitAsync());
        Assert.Equal("AttemptFailed", Lines(work).Single(l => Number(l, "event_id") == 5002).GetProperty("event").GetString());
    }

    [Theory]
    [InlineData(null, "8:1234", "^<6>rondo\\[1001\\] ")]
    [InlineData("systemd", null, "^<6>rondo\\[1001\\] ")]
    [InlineData(null, null, "^[0-9]{4}-[0-9-]{5}T[0-9:.]{12}Z info: rondo\\[1001\\] ")]
    [InlineData("pretty", "8:1234", "^[0-9]{4}-[0-9-]{5}T[0-9:.]{12}Z info: rondo\\[1001\\] ")]
    public async Task A_server_logs_as_it_was_told_or_as_suits_whoever_reads(string? set, string? journal, string expected)
    {
        await using var site = await Site.CreateAsync(DatabaseKind.Sqlite, 1);
        await using var server = new RondoProcess(
            ["serve", "--roles", "work", "--database", site.Database], new Dictionary<string, string?> { ["RONDO_LOG_FORMAT"] = set, ["JOURNAL_STREAM"] = journal });
        await server.UntilAsync(() => Task.FromResult(server.Errors.Any(l => l.Contains("Ready", StringComparison.Ordinal))), "it is ready");
        Assert.Equal(0, await server.StopAsync());
        Assert.Contains(server.Errors, line => System.Text.RegularExpressions.Regex.IsMatch(line, expected));
    }

    private static JsonElement[] Lines(ChildProcess server) => [.. server.Errors.Select(line => JsonDocument.Parse(line).RootElement)];

    private static int Number(JsonElement line, string name) => line.GetProperty(name).GetInt32();
}
