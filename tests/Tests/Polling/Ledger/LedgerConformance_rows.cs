using Rondo.Polling.Fleet;
using Rondo.Polling.Slots;
using Rondo.Storage;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Polling.Ledger;

/// <summary>What a batch leaves behind, the same on both databases.</summary>
public sealed class LedgerConformance_rows
{
    [Theory, BothDatabases]
    public async Task A_batch_is_one_write_of_ledger_rows_samples_and_statuses(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, "a", "b", "c");
        var (a, b, c) = (rig.Group("a"), rig.Group("b"), rig.Group("c"));
        var writes = new List<string>();
        rig.Database.Before = name => Note(writes, name);
        var answered = Rows.Read(rig, a, a.Slot(0), [1.5, -2, 1e-9]);
        (answered.WritesStatus, answered.Status, answered.Failures) = (true, DeviceStatus.Online, 0);
        var failed = Rows.Failed(rig, b, b.Slot(0));
        (failed.WritesStatus, failed.Status, failed.Failures, failed.BreakerUntil) = (true, DeviceStatus.Offline, 7, b.Slot(9));
        await rig.RecordAsync(answered, failed, Rows.Missed(rig, c, c.Slot(0), 3), Rows.Read(rig, a, a.Slot(1)));
        Assert.Equal(["polling.record"], writes);
        rig.Database.Before = null;

        var ledger = await rig.LedgerAsync();
        Assert.Equal(["a ok", "a ok", "b failed timeout", "c missed late x3"], ledger.Select(l => $"{l}").Order());
        Assert.Equal([1.5, -2, 1e-9], await rig.SampleAsync(a, a.Slot(0)));
        Assert.Equal([0, 1, 2], await rig.SampleAsync(a, a.Slot(1)));
        Assert.Equal(2, await rig.CountAsync("sample"));
        Assert.Equal(
            [$"a online 0 {new Instant(a.Slot(0))} ", $"b offline 7 {new Instant(b.Slot(0))} {new Instant(b.Slot(9))}"],
            (await rig.Store.QueryAsync<DeviceLine>("select name, status, failures, status_at, breaker_until from device where name <> 'c' order by name")).Select(d => $"{d}"));
        Assert.Equal("unknown", await rig.Store.ScalarAsync<string>("select status from device where name = 'c'"));
        Assert.Equal((2, 0, 1, 3), (rig.Recorder.Totals.Ok, rig.Recorder.Totals.Partial, rig.Recorder.Totals.Failed, rig.Recorder.Totals.Missed));
        Assert.Equal(6, rig.Recorder.Totals.Points);

        Assert.All(ledger, l => Assert.Equal((1, a.Worker.LeaseNo), (l.PlanNo, l.LeaseNo)));
        Assert.All(ledger, l => Assert.Equal(l.Outcome == "missed" ? (null, null) : (1_000L, 2_000L), (l.LatenessUs, l.DurationUs)));
    }

    /// <summary>Its node knew of the pause when the poll ended, and somebody resumed the device before the batch was written.</summary>
    [Theory, BothDatabases]
    public async Task A_poll_that_ended_while_its_device_was_paused_does_not_pause_it_again(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, "m");
        var group = rig.Group();
        var row = Rows.Failed(rig, group, group.Slot(0));
        (row.WritesStatus, row.Status, row.Failures) = (true, DeviceStatus.Paused, 1);
        await rig.RecordAsync(row);
        Assert.Equal(1, await rig.CountAsync("poll"));
        Assert.Equal("unknown", await rig.Store.ScalarAsync<string>("select status from device"));
    }

    [Theory, BothDatabases]
    public async Task When_one_part_of_a_batch_cannot_be_written_none_of_it_is(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, "m");
        var group = rig.Group();
        foreach (var (n, table, column) in new[] { (0, "device", "failures"), (1, "sample", "vals") })
        {
            var row = Rows.Read(rig, group, group.Slot(n));
            (row.WritesStatus, row.Status, row.Failures) = (true, DeviceStatus.Online, n);
            await rig.Store.ExecuteAsync($"alter table {table} rename column {column} to gone");
            await rig.RecordAsync(row);
            Assert.Equal(n + 1, rig.Faults.Count);
            Assert.Equal((n, n), (await rig.CountAsync("poll"), await rig.CountAsync("sample")));
            Assert.Equal(n == 0 ? "unknown" : "online", await rig.Store.ScalarAsync<string>("select status from device"));
            Assert.Equal((n, 1), (rig.Recorder.Totals.Ok, rig.Recorder.Waiting));

            await rig.Store.ExecuteAsync($"alter table {table} rename column gone to {column}");
            await rig.RecordAsync();
            Assert.Equal((n + 1, n + 1), (await rig.CountAsync("poll"), await rig.CountAsync("sample")));
            Assert.Equal(n, await rig.Store.ScalarAsync<int>("select failures from device"));
            Assert.Equal((n + 1, 0), (rig.Recorder.Totals.Ok, rig.Recorder.Waiting));
        }
    }

    [Theory, BothDatabases]
    public async Task What_failed_or_was_missed_has_no_sample(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, "m");
        var group = rig.Group();
        await rig.RecordAsync(Rows.Read(rig, group, group.Slot(0)), Rows.Failed(rig, group, group.Slot(1)), Rows.Missed(rig, group, group.Slot(2), 1));
        Assert.Equal(["m ok", "m failed timeout", "m missed late"], (await rig.LedgerAsync()).Select(l => $"{l}"));
        Assert.NotNull(await rig.SampleAsync(group, group.Slot(0)));
        Assert.Null(await rig.SampleAsync(group, group.Slot(1)));
        Assert.Null(await rig.SampleAsync(group, group.Slot(2)));
    }

    [Theory, BothDatabases]
    public async Task A_partial_poll_keeps_null_where_it_failed_and_says_which_points_and_why(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, "m");
        var group = rig.Group();
        var row = Rows.Read(rig, group, group.Slot(0), [7.25, null, null]);
        row.Result.Faults[2] = Rondo.Drivers.ReadFault.Rejected;
        row.Result.Code = 2;
        await rig.RecordAsync(row, Rows.Read(rig, group, group.Slot(1), [null, 8, 9]));

        Assert.Equal([7.25, null, null], await rig.SampleAsync(group, group.Slot(0)));
        Assert.Equal([null, 8, 9], await rig.SampleAsync(group, group.Slot(1)));
        var ledger = await rig.LedgerAsync();
        Assert.Equal(["m partial timeout", "m partial timeout"], ledger.Select(l => $"{l}"));
        Assert.Equal(["p1 timeout, p2 rejected (2)", "p0 timeout"], ledger.Select(l => l.Detail));
        Assert.Equal([7.25, 8, 9], (await rig.Store.QueryAsync<double>("select value from reading order by at, series")));
        Assert.Equal(3, rig.Recorder.Totals.Points);
    }

    [Theory, BothDatabases]
    public async Task The_place_of_a_retired_point_stays_empty(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, "m");
        var meter = Meters.Meter("m");
        await rig.ApplyAsync(meter with { Groups = [meter.Groups[0] with { Points = [meter.Groups[0].Points[0], meter.Groups[0].Points[2]] }] });
        var group = rig.Group();
        Assert.Equal(2, group.Shape.Plan.PointCount);
        await rig.RecordAsync(Rows.Read(rig, group, group.Slot(0), [10, 30]), Rows.Read(rig, group, group.Slot(1), [null, 31]));
        Assert.Equal([10, null, 30], await rig.SampleAsync(group, group.Slot(0)));
        Assert.Equal([null, null, 31], await rig.SampleAsync(group, group.Slot(1)));
        Assert.Equal("p0 timeout", (await rig.LedgerAsync())[1].Detail);
        await rig.RecordAsync(Rows.Read(rig, group, group.Slot(2), [12, null]));
        Assert.Equal("p2 timeout", (await rig.LedgerAsync())[2].Detail);
    }

    [Theory, BothDatabases]
    public async Task A_gap_is_one_row_for_all_its_slots(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, "m");
        var group = rig.Group();
        await rig.RecordAsync(Rows.Read(rig, group, group.Slot(0)), Rows.Missed(rig, group, group.Slot(1), 5_000), Rows.Read(rig, group, group.Slot(5_001)));
        Assert.Equal(["m ok", "m missed late x5000", "m ok"], (await rig.LedgerAsync()).Select(l => $"{l}"));
        Assert.Equal((2, 5_000), (rig.Recorder.Totals.Ok, rig.Recorder.Totals.Missed));
        rig.Time.Advance(TimeSpan.FromSeconds(5_020));
        await rig.ClockPassAsync();
        var validation = await rig.ValidateAsync(to: new Instant(group.Slot(5_001) + 1));
        Assert.True(validation.IsClean, $"{validation}");
        Assert.Equal(5_002, validation.Expected);
    }

    [Theory, BothDatabases]
    public async Task A_gap_that_reaches_beyond_the_end_its_plan_got_meanwhile_is_cut_there(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, "m");
        var group = rig.Group();
        var (first, plan) = (group.Slot(0), group.Plans[0]);
        rig.Time.Advance(TimeSpan.FromSeconds(10));
        await rig.ClockPassAsync();
        await Devices.SetPollingAsync(rig.Database, "m", on: false);
        var until = (await rig.Store.ScalarAsync<Instant>("select until_at from poll_plan")).Micros;
        await rig.RecordAsync(Rows.Missed(rig, group, first, 1_000));
        var slots = (await rig.LedgerAsync()).Single().Slots;
        Assert.Equal((plan with { Until = until }).Count(first, long.MaxValue), slots);
        Assert.InRange(slots, 5, 20);
        Assert.Equal(slots, rig.Recorder.Totals.Missed);
    }

    private static StorageFault? Note(List<string> writes, string name)
    {
        writes.Add(name);
        return null;
    }

    private static async Task<PollingRig> StartAsync(DatabaseKind kind, params string[] names)
    {
        var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync([.. names.Select((name, i) => Meters.Meter(name, $"10.0.0.{i + 1}:502"))]);
        return rig;
    }

    private sealed class DeviceLine
    {
        public string Name { get; init; } = "";

        public string Status { get; init; } = "";

        public int Failures { get; init; }

        public Instant StatusAt { get; init; }

        public Instant? BreakerUntil { get; init; }

        public override string ToString() => $"{Name} {Status} {Failures} {StatusAt} {BreakerUntil}";
    }
}
