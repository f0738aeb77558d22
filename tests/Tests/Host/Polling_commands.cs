using Rondo.Polling.Proof;
using Rondo.Simulators.Modbus;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>Start, stop, prove and read, with and without a server, on both databases.</summary>
public sealed class Polling_commands : IDisposable
{
    private const string Meter = "devices: [ { name: meter, address: \"127.0.0.1:1\", interval: 1s, profile: sdm120 } ]";
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Without_a_node_the_wish_is_stored_and_said_to_be_unheard()
    {
        var run = await new CommandRun(_folder).WithDevicesAsync(Meter);
        Assert.Equal(1, await run.RunAsync("polling", "stop"));
        Assert.Contains("no node runs", run.Output, StringComparison.Ordinal);
        await run.GoodAsync("polling", "status", "--json");
        Assert.False(run.Json.GetProperty("enabled").GetBoolean());
        Assert.Equal(1, await run.RunAsync("polling", "start", "--json"));
        Assert.False(run.Json.GetProperty("obeyed").GetBoolean());
        Assert.Equal(1, await run.RunAsync("polling", "start", "metre"));
        Assert.Contains("there is no device 'metre'; near it are: meter", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Enabled_without_a_node_is_not_as_it_should_be()
    {
        var run = await new CommandRun(_folder).WithDevicesAsync(Meter);
        Assert.Equal(2, await run.RunAsync("polling", "status"));
        Assert.Contains("critical: polling.no_node: 1 groups are enabled, but no node runs", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("as it should be", run.Output, StringComparison.Ordinal);
        Assert.Equal(2, await run.RunAsync("polling", "status", "--json"));
        Assert.Equal("critical", run.Json.GetProperty("status").GetString());
        Assert.Equal(1, await run.RunAsync("nodes", "list"));
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_server_obeys_and_what_it_read_can_be_shown_and_proved(string kind)
    {
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        await using var simulator = await ModbusSimulator.StartAsync(new(), TimeProvider.System);
        var run = new CommandRun(_folder);
        run.Database = postgres?.Url ?? run.Database;
        await run.WithDevicesAsync($"devices: [ {{ name: meter, address: \"{simulator.Endpoints[0]}\", interval: 200ms, profile: sdm630, points: [voltage_l1] }} ]");
        using var stop = new CancellationTokenSource();
        var server = new CommandRun(_folder) { Database = run.Database };
        var serving = Task.Run(() => server.RunAsync(stop.Token, "serve", "--roles", "poll", "--json"));
        await Eventually.TrueAsync(
            async () => !serving.IsCompleted && await run.RunAsync("polling", "status", "--device", "meter", "--json") == 0 && run.Json.GetProperty("details")[0].GetProperty("ok").GetInt64() >= 3,
            "three polls");

        await run.GoodAsync("nodes", "list");
        Assert.Contains("1 running", run.Output, StringComparison.Ordinal);
        await run.GoodAsync("polling", "stop", "meter", "--json");
        Assert.True(run.Json.GetProperty("obeyed").GetBoolean());
        await Eventually.TrueAsync(
            async () => await run.RunAsync("polling", "status", "--device", "meter", "--json") == 0 && run.Json.GetProperty("details")[0] is var d
                && d.GetProperty("status").GetString() == "paused" && d.GetProperty("next_slot").ValueKind == System.Text.Json.JsonValueKind.Null,
            "paused, nothing planned");
        await run.GoodAsync("polling", "start", "meter");
        Assert.Contains("obeyed by the running node", run.Output, StringComparison.Ordinal);
        await run.GoodAsync("polling", "audit");
        Assert.Contains("found 0, cleaned 0", run.Output, StringComparison.Ordinal);

        await stop.CancelAsync();
        Assert.Equal(0, await serving);
        var said = server.Output.Trim().Split('\n').Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(["ready", "stopped"], said.Select(line => line.GetProperty("state").GetString()));
        Assert.Equal(1, said[0].GetProperty("groups").GetInt32());
        Assert.Equal(1, await run.RunAsync("nodes", "list"));
        await run.GoodAsync("polling", "validate", "--json");
        Assert.Equal(0, run.Json.GetProperty("holes").GetInt64() + run.Json.GetProperty("overlaps").GetInt64() + run.Json.GetProperty("duplicates").GetInt64());
        Assert.Equal(run.Json.GetProperty("expected").GetInt64(), run.Json.GetProperty("recorded").GetInt64());

        await run.GoodAsync("readings", "show", "meter/voltage_l1", "--limit", "2", "--format", "csv");
        Assert.Matches(@"^at,value,quality\n\S+Z,2\d\d[.\d]*,good\n\S+Z,2\d\d[.\d]*,good\n$", run.Output);
        await run.GoodAsync("readings", "show", "meter/voltage_l1", "--from", "-1h", "--json");
        Assert.True(run.Json.GetProperty("readings").GetArrayLength() >= 3);
        Assert.Equal("V", run.Json.GetProperty("unit").GetString());
        Assert.Equal(1, await run.RunAsync("readings", "show", "meter/voltage"));
        Assert.Contains("near it are: meter/voltage_l1", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_server_on_the_same_file_is_refused_with_the_holder()
    {
        var run = new CommandRun(_folder);
        await run.GoodAsync("database", "migrate");
        await using var held = Database.Open(DatabaseAddress.TryParse(run.Database, out _)!, DatabaseUse.Server, TimeProvider.System);
        Assert.Equal(1, await run.RunAsync("serve"));
        Assert.Contains($"already served by process {Environment.ProcessId}", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hole_makes_validate_end_with_1_and_is_named()
    {
        var run = await new CommandRun(_folder).WithDevicesAsync(Meter);
        await using (var database = Database.Open(DatabaseAddress.TryParse(run.Database, out _)!, DatabaseUse.Command, TimeProvider.System))
        {
            await database.WriteAsync("test", tx => { tx.Execute(new Sql("t", "update poll_plan set from_at = @from"), new { from = tx.Now - TimeSpan.FromMinutes(1) }); });
        }

        // Nobody has polled yet, and nobody runs: whoever starts will record what is missing.
        Assert.Equal(0, await run.RunAsync("polling", "validate"));
        Assert.Contains("No node runs", run.Output, StringComparison.Ordinal);

        await using (var database = Database.Open(DatabaseAddress.TryParse(run.Database, out _)!, DatabaseUse.Command, TimeProvider.System))
        {
            await database.WriteAsync("test", tx =>
            {
                var (phase, interval) = tx.First<(long, long)>(new Sql("p", "select phase_us, interval_us from poll_plan"));
                var now = tx.Now.Micros;
                var slot = new Instant(now - ((now - phase) % interval));
                tx.Execute(new Sql("r", "insert into poll (slot, group_id, plan_no, slots, outcome, reason, lease_no) select @slot, id, 1, 1, 'failed', 'timeout', 1 from poll_group"), new { slot });
            });
        }

        Assert.Equal(1, await run.RunAsync("polling", "validate"));
        Assert.Contains("hole: meter/main", run.Output, StringComparison.Ordinal);
        Assert.Equal(1, await run.RunAsync("polling", "validate", "--json"));
        Assert.True(run.Json.GetProperty("expected").GetInt64() == run.Json.GetProperty("holes").GetInt64() + 1, run.Output);
        Assert.Equal(1, run.Json.GetProperty("recorded").GetInt64());
        Assert.False(run.Json.GetProperty("attended").GetBoolean());
    }

    [Fact]
    public async Task Devices_that_were_never_polled_are_validated_over_a_window_of_today()
    {
        var run = await new CommandRun(_folder).WithDevicesAsync(Meter);
        await run.GoodAsync("polling", "validate", "--json");
        var (from, to) = (run.Json.GetProperty("from").GetDateTime(), run.Json.GetProperty("to").GetDateTime());
        Assert.True(from <= to && from > DateTime.UtcNow.AddDays(-1), $"{from} to {to}");
        Assert.True(run.Json.GetProperty("is_clean").GetBoolean());
        await run.GoodAsync("polling", "validate", "--from", "-1h", "--json");
        Assert.True(run.Json.GetProperty("from").GetDateTime() <= run.Json.GetProperty("to").GetDateTime(), run.Output);
        await run.GoodAsync("polling", "audit", "--dry-run", "--json");
        Assert.True(run.Json.GetProperty("is_dry_run").GetBoolean());
    }

    [Fact]
    public async Task Migrate_says_what_it_does_and_a_dry_run_makes_no_file()
    {
        var run = new CommandRun(_folder);
        await run.GoodAsync("database", "migrate", "--dry-run", "--json");
        Assert.Equal(run.Json.GetProperty("total").GetInt32(), run.Json.GetProperty("migrations").GetArrayLength());
        Assert.False(File.Exists(_folder.At("rondo.db")));
        await run.GoodAsync("database", "migrate");
        await run.GoodAsync("database", "migrate", "--json");
        Assert.Equal(0, run.Json.GetProperty("migrations").GetArrayLength());
    }

    [Fact]
    public void The_status_report_as_json_uses_the_names_of_the_manual()
    {
        var json = Rondo.Host.Commands.Json.Write(new PollingStatus { Details = [new DevicePolling { SuccessRate1H = 1, SuccessRate24H = 0.5 }] });
        foreach (var name in new[] { "enabled_groups", "owned_groups", "planned_groups", "slots_per_second", "success_rate_1h", "success_rate_24h", "success_rate_7d", "lateness_p99_ms", "consecutive_failures" })
        {
            Assert.Contains($"\"{name}\":", json, StringComparison.Ordinal);
        }
    }
}
