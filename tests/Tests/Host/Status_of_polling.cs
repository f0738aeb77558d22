using Rondo.Diagnostics;
using Rondo.Polling.Fleet;
using Rondo.Polling.Proof;
using Rondo.Polling.Slots;
using Rondo.Storage;
using Rondo.Tests.Http;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>The numbers of the status report, from a ledger whose content is known.</summary>
public sealed class Status_of_polling : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Folded_hours_and_the_rows_after_them_add_up(string kind)
    {
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        await using var database = await FleetAsync(postgres);
        var now = database.Clock.Now;
        var accounted = now - TimeSpan.FromMinutes(2);
        await database.WriteAsync("test.seed", tx => Seed(tx, now, accounted));

        var status = await database.ReadAsync("test", tx => StatusReader.Read(tx, database.Address, detailed: true, device: null));
        Assert.Equal((true, 0, 2), (status.Enabled, status.RunningNodes, status.Devices));
        Assert.Equal((2, 0, 2), (status.EnabledGroups, status.OwnedGroups, status.PlannedGroups));
        Assert.Equal(0.1 + (1 / 60.0), status.SlotsPerSecond, 6);
        Assert.Equal(2, status.Details.Count);

        var device = status.Details[0];
        Assert.Equal("busy", device.Name);
        Assert.Equal((7 + 50 + 100 + 2, 0, 10 + 1, 50 + 3), (device.Ok, device.Partial, device.Failed, device.Missed));

        // The last hour from the ledger itself: 4 before accounted_to, 60 slots of the gap that began before the hour, 6 after.
        Assert.Equal(6.0 / 70, device.SuccessRate1H!.Value, 6);
        Assert.Equal(102.0 / 116, device.SuccessRate24H!.Value, 6);
        Assert.Equal(152.0 / 216, device.SuccessRate7D!.Value, 6);
        Assert.Equal(accounted + TimeSpan.FromSeconds(50), device.LastSlot);
        Assert.Equal(accounted + TimeSpan.FromSeconds(10), device.LastSuccess);
        Assert.Equal(("timeout", accounted + TimeSpan.FromSeconds(20)), (device.LastError, device.LastErrorAt!.Value));
        Assert.InRange(device.NextSlot!.Value - now, TimeSpan.Zero, TimeSpan.FromSeconds(20));

        // 100 polls of an hour took 1 ms, three after it 8 ms: the median is the former, the last percentile the latter.
        Assert.InRange(device.DurationP50Ms!.Value, 0.9, 1.3);
        Assert.InRange(device.DurationP99Ms!.Value, 7, 10);

        var idle = status.Details[1];
        Assert.Equal(("idle", 0L, null, null), (idle.Name, idle.Ok + idle.Failed + idle.Missed, idle.SuccessRate1H, idle.LastSuccess));
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task The_report_is_judged_by_the_same_reasons_as_health(string kind)
    {
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        await using var database = await FleetAsync(postgres);
        Assert.Equal(["polling.no_node"], (await ReasonsAsync(database)).Select(r => r.Code));

        var server = await HttpFixture.ServerOnAsync(kind == "postgres" ? postgres!.Url : "sqlite:" + _folder.At("rondo.db"));
        await Eventually.TrueAsync(async () => (await ReadAsync(database)).OwnedGroups == 2, "both groups are owned");
        await Devices.SetPollingAsync(database, null, on: false);
        await Eventually.TrueAsync(async () => (await ReadAsync(database)) is { Status: Health.Healthy, PlannedGroups: 0 }, "what is stopped is healthy");

        // A poll that was under way writes the status of its device when it ends, which a device that does not answer takes its time for. From here on nobody but this test does.
        await server.StopAsync();
        await server.DisposeAsync();
        Assert.Empty(await ReasonsAsync(database));

        // Stopped a second ahead of now, with a last slot that may still come: neither is a time to show.
        await database.WriteAsync("test", tx => { tx.Execute(new Sql("t", "update poll_plan set until_at = @at"), new { at = tx.Now + TimeSpan.FromHours(1) }); });
        await database.WriteAsync("test", tx => { tx.Execute(new Sql("t", "update device set status_at = @at"), new { at = tx.Now + TimeSpan.FromMinutes(1) }); });
        var run = new CommandRun(_folder);
        run.Database = postgres?.Url ?? run.Database;
        await run.GoodAsync("polling", "status", "--detailed");
        Assert.Contains("paused now", run.Output, StringComparison.Ordinal);
        Assert.DoesNotMatch(@" -\d| in \d", run.Output);
        Assert.Contains("as it should be", run.Output, StringComparison.Ordinal);

        await database.WriteAsync("test", tx => { tx.Execute(new Sql("t", "update device set status = 'offline' where name = 'busy'")); });
        Assert.Equal([("devices.offline", Health.Degraded)], (await ReasonsAsync(database)).Select(r => (r.Code, r.Severity)));
        Assert.Equal(1, await run.RunAsync("polling", "status"));
        Assert.Contains("degraded: devices.offline: 1 of 1 polled devices are offline", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("as it should be", run.Output, StringComparison.Ordinal);
        Assert.Equal(1, await run.RunAsync("polling", "status", "--json"));
        Assert.Equal("devices.offline", run.Json.GetProperty("reasons")[0].GetProperty("code").GetString());

        await database.WriteAsync("test", tx => { tx.Execute(new Sql("t", "update poll_plan set until_at = null where no = 1")); });
        Assert.Equal(["polling.plan_mismatch", "devices.offline"], (await ReasonsAsync(database)).Select(r => r.Code));
        Assert.Equal(2, await run.RunAsync("polling", "status"));
    }

    private static Task<PollingStatus> ReadAsync(Database database) =>
        database.ReadAsync("test", tx => StatusReader.Read(tx, database.Address, detailed: false, device: null));

    private static async Task<IReadOnlyList<Finding>> ReasonsAsync(Database database) => (await ReadAsync(database)).Reasons;

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task One_device_can_be_asked_for_and_none_of_that_name_is_empty(string kind)
    {
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        await using var database = await FleetAsync(postgres);
        var one = await database.ReadAsync("test", tx => StatusReader.Read(tx, database.Address, detailed: false, device: "idle"));
        Assert.Equal(["idle"], one.Details.Select(d => d.Name));
        Assert.Equal(2, one.Devices);
        Assert.Empty((await database.ReadAsync("test", tx => StatusReader.Read(tx, database.Address, detailed: true, device: "nobody"))).Details);
        Assert.Empty((await database.ReadAsync("test", tx => StatusReader.Read(tx, database.Address, detailed: false, device: null))).Details);
    }

    private static void Seed(Transaction tx, Instant now, Instant accounted)
    {
        var group = tx.First<long>(new Sql("t", "select g.id from poll_group g join device d on d.id = g.device_id where d.name = 'busy'"));
        tx.Execute(new Sql("t", "update poll_plan set from_at = @from, phase_us = @phase where group_id = @group"), new
        {
            group,
            from = now - TimeSpan.FromHours(300),
            phase = accounted.Micros % 10_000_000,
        });
        tx.Execute(new Sql("t", "update poll_group set accounted_to = @accounted where id = @group"), new { group, accounted });

        var took = new Histogram();
        for (var i = 0; i < 100; i++)
        {
            took.Add(1_000);
        }

        var hour = new Instant(now.Micros - (now.Micros % 3_600_000_000));
        Hour(tx, group, hour - TimeSpan.FromHours(200), ok: 7);
        Hour(tx, group, hour - TimeSpan.FromHours(30), ok: 50, missed: 50);
        Hour(tx, group, hour - TimeSpan.FromHours(3), ok: 100, failed: 10, took: took.ToString());

        // Rows that are folded, within the last hour but for the first half of the gap.
        Row(tx, group, now - TimeSpan.FromMinutes(70) + TimeSpan.FromSeconds(5), "missed", "node_down", slots: 120);
        for (var i = 0; i < 4; i++)
        {
            Row(tx, group, now - TimeSpan.FromMinutes(30) + TimeSpan.FromSeconds(10 * i), "ok", null);
        }

        // Rows after accounted_to.
        Row(tx, group, accounted, "ok", null);
        Row(tx, group, accounted + TimeSpan.FromSeconds(10), "ok", null);
        Row(tx, group, accounted + TimeSpan.FromSeconds(20), "failed", "timeout");
        Row(tx, group, accounted + TimeSpan.FromSeconds(30), "missed", "breaker_open", slots: 3);
    }

    private static void Hour(Transaction tx, long group, Instant hour, long ok = 0, long failed = 0, long missed = 0, string took = "") => tx.Execute(
        new Sql("t", "insert into poll_stat (group_id, hour, ok, part, failed, missed, lateness, duration) values (@group, @hour, @ok, 0, @failed, @missed, '', @took)"),
        new { group, hour, ok, failed, missed, took });

    private static void Row(Transaction tx, long group, Instant slot, string outcome, string? reason, int slots = 1) => tx.Execute(
        new Sql("t", """
            insert into poll (slot, group_id, plan_no, slots, outcome, reason, lateness_us, duration_us, detail, lease_no)
            values (@slot, @group, 1, @slots, @outcome, @reason, @late, @took, null, 1)
            """),
        new { slot, group, slots, outcome, reason, late = outcome == "missed" ? (long?)null : 500, took = outcome == "missed" ? (long?)null : 8_000 });

    private async Task<Database> FleetAsync(TestPostgres? postgres)
    {
        var run = new CommandRun(_folder);
        run.Database = postgres?.Url ?? run.Database;
        await run.WithDevicesAsync("""
            devices:
              - { name: busy, address: 10.0.0.20, interval: 10s, profile: sdm120 }
              - { name: idle, address: 10.0.0.21, interval: 60s, profile: sdm120 }
            """);
        var database = Database.Open(DatabaseAddress.TryParse(run.Database, out _)!, DatabaseUse.Command, TimeProvider.System);
        await database.MeasureClockAsync();
        return database;
    }
}
