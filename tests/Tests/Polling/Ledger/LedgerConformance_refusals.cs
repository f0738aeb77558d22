using Rondo.Nodes;
using Rondo.Polling;
using Rondo.Polling.Fleet;
using Rondo.Polling.Runtime;
using Rondo.Polling.Slots;
using Rondo.Storage;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Polling.Ledger;

/// <summary>What must not become a row does not, is counted, and takes nothing else with it; the same on both databases.</summary>
public sealed class LedgerConformance_refusals
{
    [Theory, BothDatabases]
    public async Task The_second_outcome_of_a_slot_is_a_duplicate_in_a_later_batch(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var group = rig.Group("a");
        var (one, two) = (group.Slot(0), group.Slot(1));
        await rig.RecordAsync(Rows.Failed(rig, group, one), Rows.Read(rig, group, two, [1, 2, 3]));
        await rig.RecordAsync(Rows.Read(rig, group, one, [4, 5, 6]), Rows.Failed(rig, group, two), Rows.Read(rig, group, group.Slot(2)));
        Assert.Equal(["a failed timeout", "a ok", "a ok"], (await rig.LedgerAsync()).Select(l => $"{l}"));
        Assert.Null(await rig.SampleAsync(group, one));
        Assert.Equal([1, 2, 3], await rig.SampleAsync(group, two));
        Assert.Equal((2, 2, 1), (rig.Recorder.Totals.Duplicates, rig.Recorder.Totals.Ok, rig.Recorder.Totals.Failed));
    }

    [Theory, BothDatabases]
    public async Task The_second_outcome_of_a_slot_is_a_duplicate_in_the_same_batch(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var group = rig.Group("a");
        var (one, two, three) = (group.Slot(0), group.Slot(1), group.Slot(2));
        await rig.RecordAsync(
            Rows.Failed(rig, group, one), Rows.Read(rig, group, one, [1, 2, 3]),
            Rows.Read(rig, group, two, [4, 5, 6]), Rows.Failed(rig, group, two),
            Rows.Read(rig, group, three, [7, null, 9]), Rows.Read(rig, group, three, [0, 0, 0]), Rows.Missed(rig, group, three, 1));
        Assert.Equal(["a failed timeout", "a ok", "a partial timeout"], (await rig.LedgerAsync()).Select(l => $"{l}"));
        Assert.Null(await rig.SampleAsync(group, one));
        Assert.Equal([4, 5, 6], await rig.SampleAsync(group, two));
        Assert.Equal([7, null, 9], await rig.SampleAsync(group, three));
        Assert.Equal((4, 1, 1, 1), (rig.Recorder.Totals.Duplicates, rig.Recorder.Totals.Ok, rig.Recorder.Totals.Partial, rig.Recorder.Totals.Failed));
    }

    [Theory, BothDatabases]
    public Task Whatever_comes_first_in_a_large_batch_is_what_stays(DatabaseKind kind) => Seed.RunAsync(async random =>
    {
        await using var rig = await StartAsync(kind);
        ArmedGroup[] groups = [rig.Group("a"), rig.Group("b")];
        var first = new Dictionary<(string Device, long Slot), string>();
        var rows = new List<PollOutcome>();
        for (var i = 0; i < 900; i++)
        {
            var group = groups[random.Next(2)];
            var slot = group.Slot(random.Next(250));
            var value = random.Next(3) == 0 ? (double?)null : i;
            rows.Add(value is null ? Rows.Failed(rig, group, slot) : Rows.Read(rig, group, slot, [value, value, value]));
            first.TryAdd((group.Device.Name, slot), value is null ? "failed" : $"{value}");
        }

        await rig.RecordAsync([.. rows]);
        var stored = await rig.Store.QueryAsync<Stored>("""
            select d.name as device, p.slot, p.outcome, (select r.value from reading r where r.at = p.slot and r.series = d.name || '/p0') as value
            from poll p join poll_group g on g.id = p.group_id join device d on d.id = g.device_id
            """);
        Assert.Empty(rig.Faults);
        Assert.Equal(
            first.Select(f => $"{f.Key.Device} {f.Key.Slot} {f.Value}").Order(),
            stored.Select(s => $"{s.Device} {s.Slot.Micros} {(s.Outcome == "failed" ? $"failed{s.Value}" : $"{s.Value}")}").Order());
        Assert.Equal(900 - first.Count, rig.Recorder.Totals.Duplicates);
    });

    [Theory, BothDatabases]
    public async Task A_first_outcome_that_is_refused_leaves_its_slot_to_the_second(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var group = rig.Group("a");
        var other = group.Plans[0] with { No = 99 };
        await rig.RecordAsync(Rows.Read(rig, group, group.Slot(0), [1, 1, 1], other), Rows.Read(rig, group, group.Slot(0), [2, 2, 2]));
        Assert.Equal([2, 2, 2], await rig.SampleAsync(group, group.Slot(0)));
        Assert.Equal((1, 1, 0), (rig.Recorder.Totals.Ok, rig.Recorder.Totals.OffPlan, rig.Recorder.Totals.Duplicates));
    }

    [Theory, BothDatabases]
    public async Task An_outcome_off_its_plan_is_refused_and_counted(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var group = rig.Group("a");
        var plan = group.Plans[0];
        rig.Time.Advance(TimeSpan.FromSeconds(5));
        await rig.ClockPassAsync();
        await Devices.SetPollingAsync(rig.Database, "a", on: false);
        var until = (await rig.Store.ScalarAsync<Instant>("select until_at from poll_plan where until_at is not null")).Micros;
        var last = (plan with { Until = until }).LastUpTo(long.MaxValue - 1)!.Value;
        await rig.RecordAsync(
            Rows.Read(rig, group, group.Slot(0) + 1),
            Rows.Read(rig, group, group.Slot(0) - plan.Interval),
            Rows.Read(rig, group, last + plan.Interval),
            Rows.Missed(rig, group, last + plan.Interval, 4),
            Rows.Read(rig, group, group.Slot(1), plan: plan with { No = 2 }),
            Rows.Read(rig, group, last));
        Assert.Equal([new Instant(last)], (await rig.LedgerAsync()).Select(l => l.Slot));
        Assert.Equal(1, await rig.CountAsync("sample"));
        Assert.Equal((5, 1, 0), (rig.Recorder.Totals.OffPlan, rig.Recorder.Totals.Ok, rig.Recorder.Totals.Duplicates));
    }

    [Theory, BothDatabases]
    public async Task Rows_of_an_endpoint_that_is_no_longer_ours_are_fenced_and_the_others_are_written(DatabaseKind kind)
    {
        foreach (var loss in new[] { "lease_no = lease_no + 1", "owner = 'another'", "owner = null" })
        {
            await using var rig = await StartAsync(kind);
            var (a, b) = (rig.Group("a"), rig.Group("b"));
            await rig.Store.ExecuteAsync($"update endpoint set {loss} where address = '10.0.0.1:502'");
            var late = Rows.Read(rig, a, a.Slot(0));
            (late.WritesStatus, late.Status) = (true, DeviceStatus.Online);
            await rig.RecordAsync(late, Rows.Missed(rig, a, a.Slot(1), 9), Rows.Read(rig, b, b.Slot(0)));
            Assert.Equal(["b ok"], (await rig.LedgerAsync()).Select(l => $"{l}"));
            Assert.Equal(1, await rig.CountAsync("sample"));
            Assert.Equal((2, 1, 0), (rig.Recorder.Totals.Fenced, rig.Recorder.Totals.Ok, rig.Recorder.Totals.Missed));
            Assert.Equal("unknown", await rig.Store.ScalarAsync<string>("select status from device where name = 'a'"));
            Assert.True(a.Device.IsStatusStale);
            Assert.False(b.Device.IsStatusStale);
        }
    }

    [Theory, BothDatabases]
    public async Task A_batch_of_an_incarnation_that_was_declared_dead_writes_nothing_and_is_counted(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var (a, b) = (rig.Group("a"), rig.Group("b"));
        await rig.RecordAsync(Rows.Read(rig, a, a.Slot(0)));
        var accounted = await rig.AccountedToAsync(a);
        rig.Time.Advance(TimeSpan.FromSeconds(40));
        await rig.Database.WriteAsync("bury", tx => { NodeRegister.Bury(tx, rig.Node.Id); });
        var told = Told(rig);
        var late = Rows.Read(rig, a, a.Slot(1));
        (late.WritesStatus, late.Status) = (true, DeviceStatus.Online);
        await rig.RecordAsync(late, Rows.Missed(rig, b, b.Slot(0), 5), Rows.Failed(rig, a, a.Slot(2)));
        Assert.Equal(["a ok"], (await rig.LedgerAsync()).Select(l => $"{l}"));
        Assert.Equal(1, await rig.CountAsync("sample"));
        Assert.Equal("unknown", await rig.Store.ScalarAsync<string>("select status from device where name = 'a'"));
        Assert.Equal((true, false), (a.Device.IsStatusStale, b.Device.IsStatusStale));
        Assert.Equal(accounted, await rig.AccountedToAsync(a));
        Assert.Equal((3, 1, 0), (rig.Recorder.Totals.Fenced, rig.Recorder.Totals.Ok, rig.Recorder.Waiting));
        Assert.Equal([new RefusedOutcomes(rig.Node.Id, 3)], told);
        Assert.Empty(rig.Faults);
    }

    [Theory, BothDatabases]
    public async Task What_waits_when_somebody_else_hears_that_the_incarnation_is_dead_is_refused_and_counted_too(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var (a, b) = (rig.Group("a"), rig.Group("b"));
        rig.Recorder.Add(Rows.Read(rig, a, a.Slot(0)));
        var told = Told(rig);
        rig.Recorder.RefuseRest();
        Assert.Equal((0, 1), (rig.Recorder.Totals.Fenced, rig.Recorder.Waiting));

        await rig.Database.WriteAsync("bury", tx => { NodeRegister.Bury(tx, rig.Node.Id); });
        Assert.False(rig.Node.Renew());
        rig.Recorder.Add(Rows.Missed(rig, b, b.Slot(0), 5));
        rig.Recorder.RefuseRest();
        Assert.Equal((2, 0), (rig.Recorder.Totals.Fenced, rig.Recorder.Waiting));
        Assert.Equal([new RefusedOutcomes(rig.Node.Id, 2)], told);
        Assert.Empty(await rig.LedgerAsync());
    }

    /// <summary>What is said of refusals, for whoever writes it down.</summary>
    private static List<object?> Told(PollingRig rig)
    {
        var told = new List<object?>();
        rig.Database.Within = (name, result) =>
        {
            if (name == "nodes.refused")
            {
                told.Add(result);
            }

            return null;
        };
        return told;
    }

    [Theory, BothDatabases]
    public async Task A_batch_whose_answer_was_lost_is_recorded_and_not_a_duplicate(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var (a, b) = (rig.Group("a"), rig.Group("b"));
        await rig.RecordAsync(Rows.Read(rig, b, b.Slot(0), [5, 5, 5]));
        rig.Database.After = SteeredDatabase.Away;
        await rig.RecordAsync(Rows.Read(rig, a, a.Slot(0)), Rows.Missed(rig, a, a.Slot(1), 3));
        Assert.Equal((1, 2), (rig.Faults.Count, rig.Recorder.Waiting));
        Assert.Equal(1, rig.Recorder.Totals.Ok);
        rig.Database.After = null;
        await rig.RecordAsync();
        Assert.Equal(["a missed late x3", "a ok", "b ok"], (await rig.LedgerAsync()).Select(l => $"{l}").Order());
        Assert.Equal((2, 3, 0, 0), (rig.Recorder.Totals.Ok, rig.Recorder.Totals.Missed, rig.Recorder.Totals.Duplicates, rig.Recorder.Waiting));
    }

    [Theory, BothDatabases]
    public async Task Values_that_the_database_will_never_take_make_a_failed_poll_and_hold_up_nobody(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var (a, b) = (rig.Group("a"), rig.Group("b"));
        var bad = new Instant(a.Slot(1));
        await NeverTakeAsync(rig, bad);
        await rig.RecordAsync([.. Enumerable.Range(0, 3).SelectMany(n => new[] { Rows.Read(rig, a, a.Slot(n)), Rows.Read(rig, b, b.Slot(n)) })]);
        Assert.Equal(["a failed protocol", "a ok", "a ok", "b ok", "b ok", "b ok"], (await rig.LedgerAsync()).Select(l => $"{l}").Order());
        Assert.Null(await rig.SampleAsync(a, bad.Micros));
        Assert.Equal(5, await rig.CountAsync("sample"));
        Assert.Equal((5, 1, 0, 0), (rig.Recorder.Totals.Ok, rig.Recorder.Totals.Failed, rig.Recorder.Totals.Lost, rig.Recorder.Waiting));
        Assert.Empty(rig.Faults);
    }

    [Theory, BothDatabases]
    public async Task Values_that_the_database_will_never_take_hold_up_nothing_of_a_device_that_moved_to_nobodys_endpoint_either(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var a = rig.Group("a");
        await NeverTakeAsync(rig, new Instant(a.Slot(1)));
        await Devices.ApplyAsync(rig.Database, [Meters.Meter("a", "10.0.0.3:502"), Meters.Meter("b", "10.0.0.2:502")], prune: true, dryRun: false);

        // On PostgreSQL the first row takes the endpoint along, and the second undoes it.
        await rig.RecordAsync([.. Enumerable.Range(0, 3).Select(n => Rows.Read(rig, a, a.Slot(n)))]);
        Assert.Equal(["a ok", "a failed protocol", "a ok"], (await rig.LedgerAsync()).Select(l => $"{l}"));
        Assert.Equal((2, 1, 0, 0), (rig.Recorder.Totals.Ok, rig.Recorder.Totals.Failed, rig.Recorder.Totals.Fenced, rig.Recorder.Waiting));
        Assert.Empty(rig.Faults);
    }

    [Theory, BothDatabases]
    public async Task A_row_that_the_database_will_never_take_is_counted_as_lost_and_holds_up_nobody(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind);
        var (a, b) = (rig.Group("a"), rig.Group("b"));
        await rig.RecordAsync(Rows.Read(rig, a, a.Slot(0)), Rows.Missed(rig, b, b.Slot(0), 0), Rows.Read(rig, a, a.Slot(1)));
        Assert.Equal(["a ok", "a ok"], (await rig.LedgerAsync()).Select(l => $"{l}"));
        Assert.Equal((2, 1, 0), (rig.Recorder.Totals.Ok, rig.Recorder.Totals.Lost, rig.Recorder.Waiting));
        Assert.Empty(rig.Faults);
    }

    /// <summary>No sample of this instant is ever stored.</summary>
    private static Task NeverTakeAsync(PollingRig rig, Instant at) => rig.Store.ExecuteAsync(rig.Database.Address.Kind == DatabaseKind.Sqlite
        ? $"create trigger picky before insert on sample when new.at = {at.Micros} begin select raise(abort, 'never'); end"
        : $"alter table sample add constraint picky check (at <> '{at.ToDateTime():O}')");

    private static async Task<PollingRig> StartAsync(DatabaseKind kind)
    {
        var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("a", "10.0.0.1:502"), Meters.Meter("b", "10.0.0.2:502"));
        return rig;
    }

    private sealed class Stored
    {
        public string Device { get; init; } = "";

        public Instant Slot { get; init; }

        public string Outcome { get; init; } = "";

        public double? Value { get; init; }
    }
}
