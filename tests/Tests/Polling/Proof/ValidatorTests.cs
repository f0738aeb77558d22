using Rondo.Polling.Fleet;
using Rondo.Polling.Proof;
using Rondo.Polling.Runtime;
using Rondo.Storage;
using Rondo.Tests.Polling.Ledger;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Polling.Proof;

/// <summary>What is wrong with a ledger is found, counted and named; what is right is not called wrong. The flaws are put there by hand: the product refuses them.</summary>
public sealed class ValidatorTests
{
    private const long Second = 1_000_000;

    [Theory, BothDatabases]
    public async Task Each_hole_is_named_with_its_first_and_last_slot(DatabaseKind kind)
    {
        await using var rig = await RanAsync(kind, seconds: 40, "a", "b");
        var (a, b) = (rig.Group("a"), rig.Group("b"));
        foreach (var (group, n) in new[] { (a, 0), (a, 10), (a, 11), (a, 12), (a, 20), (b, 7) })
        {
            await DeleteAsync(rig, group, group.Slot(n));
        }

        var found = await rig.ValidateAsync();
        Assert.Equal((6, 0, 0, 0), (found.Holes, found.Overlaps, found.Duplicates, found.StrayReadings));
        Assert.Equal(found.Expected, found.Recorded + 6);
        Assert.False(found.IsClean);
        Assert.Equal([At("a", a, 0, 0, 1), At("a", a, 10, 12, 3), At("a", a, 20, 20, 1), At("b", b, 7, 7, 1)], found.HoleList.OrderBy(h => (h.Device, h.From)));
        Assert.Empty(found.OverlapList);
    }

    [Theory, BothDatabases]
    public async Task A_group_without_any_row_is_one_hole(DatabaseKind kind)
    {
        await using var rig = await RanAsync(kind, seconds: 30, "a", "b");
        await rig.Store.ExecuteAsync("delete from poll where group_id = @id", new { id = rig.Group("b").Id });
        await rig.Store.ExecuteAsync("delete from sample where source_id = @id", new { id = rig.Group("b").Shape.SourceId });
        var found = await rig.ValidateAsync();
        var hole = Assert.Single(found.HoleList);
        Assert.Equal(("b", found.Holes, new Instant(rig.Group("b").Slot(0))), (hole.Device, hole.Slots, hole.From));
        Assert.InRange(found.Holes, 20, 25);
    }

    [Theory, BothDatabases]
    public async Task A_slot_that_two_rows_cover_is_an_overlap_also_when_the_gap_began_before_the_window(DatabaseKind kind)
    {
        await using var rig = await RanAsync(kind, seconds: 40, "m");
        var group = rig.Group();
        await rig.Store.ExecuteAsync("update poll set outcome = 'missed', reason = 'late', slots = 4 where slot = @at", new { at = new Instant(group.Slot(10)) });
        await rig.Store.ExecuteAsync("delete from sample where at = @at", new { at = new Instant(group.Slot(10)) });
        var found = await rig.ValidateAsync();
        Assert.Equal((3, 0, 0, 0), (found.Overlaps, found.Holes, found.Duplicates, found.StrayReadings));
        Assert.Equal([At("m", group, 11, 11, 1), At("m", group, 12, 12, 1), At("m", group, 13, 13, 1)], found.OverlapList);
        Assert.False(found.IsClean);
        Assert.Equal(found.Expected, found.Recorded);

        found = await rig.ValidateAsync(new Instant(group.Slot(12)));
        Assert.Equal((2, 0), (found.Overlaps, found.Holes));
        found = await rig.ValidateAsync(new Instant(group.Slot(14)));
        Assert.True(found.IsClean, $"{found}");
    }

    [Theory, BothDatabases]
    public async Task Two_gaps_that_overlap_in_part_overlap_only_there(DatabaseKind kind)
    {
        await using var rig = await RanAsync(kind, seconds: 0, "m");
        var group = rig.Group();
        await rig.RecordAsync(Rows.Missed(rig, group, group.Slot(0), 10), Rows.Missed(rig, group, group.Slot(7), 13));
        rig.Time.Advance(TimeSpan.FromSeconds(60));
        await rig.ClockPassAsync();
        var found = await rig.ValidateAsync(to: new Instant(group.Slot(20)));
        Assert.Equal((20, 20, 3), (found.Expected, found.Recorded, found.Overlaps));
        Assert.Equal([At("m", group, 7, 9, 3)], found.OverlapList);
    }

    [Theory, BothDatabases]
    public Task Whatever_is_taken_from_a_ledger_of_edits_pauses_and_removals_is_named(DatabaseKind kind) => Seed.RunAsync(async random =>
    {
        await using var rig = await RanAsync(kind, seconds: 0);
        for (var step = 0; step < 12; step++)
        {
            string[] names = [.. new[] { "a", "b", "c" }.Where(_ => random.Next(4) > 0)];
            await rig.ApplyAsync([.. names.Select(name => Meters.Meter(name, $"10.0.0.{name[0] - 'a' + 1}:502", seconds: random.Next(1, 4)))]);
            if (names.Length > 0)
            {
                await Devices.SetPollingAsync(rig.Database, names[0], on: random.Next(3) > 0);
            }

            await rig.RunAsync(TimeSpan.FromMilliseconds(random.Next(1, 120) * 100));
        }

        await rig.ProveAsync(TimeSpan.FromSeconds(3));
        var rows = await rig.Store.QueryAsync<Row>("select group_id, slot from poll where slots = 1 order by slot, group_id");
        var newest = rows.GroupBy(row => row.GroupId).ToDictionary(g => g.Key, g => g.Max(row => row.Slot));
        var taken = rows.Where(row => row.Slot < newest[row.GroupId] && random.Next(10) == 0).ToList();
        foreach (var row in taken)
        {
            await rig.Store.ExecuteAsync("delete from poll where group_id = @group and slot = @slot", new { group = row.GroupId, slot = row.Slot });
        }

        var found = await rig.ValidateAsync();
        Assert.Equal((taken.Count, 0, 0), (found.Holes, found.Overlaps, found.Duplicates));
        Assert.Equal(taken.Count, found.HoleList.Sum(hole => hole.Slots));
        Assert.All(taken, row => Assert.Contains(found.HoleList, hole => hole.From <= row.Slot && row.Slot <= hole.To));
        Assert.Equal(found.Expected, found.Recorded + taken.Count);
        var samples = await rig.CountAsync("sample");
        Assert.Equal(samples - await rig.Store.ScalarAsync<int>("select count(*) from poll where outcome = 'ok'"), found.StrayReadings);
    });

    [Theory, BothDatabases]
    public async Task A_row_that_is_on_no_plan_is_counted(DatabaseKind kind)
    {
        await using var rig = await RanAsync(kind, seconds: 10, "a", "b", "c");
        var (a, b) = (rig.Group("a"), rig.Group("b"));
        await Devices.SetPollingAsync(rig.Database, "a", on: false);
        await Devices.RemoveAsync(rig.Database, "b");
        await rig.RunAsync(TimeSpan.FromSeconds(20));
        var clean = await rig.ValidateAsync();
        Assert.True(clean.IsClean, $"{clean}");

        await PutAsync(rig, a, a.Slot(3) + 1);              // between two slots
        await PutAsync(rig, a, a.Slot(20));                 // in a pause
        await PutAsync(rig, b, b.Slot(20));                 // after a removal
        await PutAsync(rig, a, a.Slot(0) - Second);         // before the plan
        await PutAsync(rig, a, a.Slot(21), plan: 9);        // of a plan that never was
        await PutAsync(rig, a, a.Slot(22), group: 999_999); // of a group that never was
        var found = await rig.ValidateAsync(new Instant(a.Slot(0) - (5 * Second)));
        Assert.Equal((6, 0, 0), (found.Duplicates, found.Holes, found.Overlaps));
        Assert.False(found.IsClean);
        Assert.Equal(clean.Recorded, found.Recorded);
        Assert.Equal(clean.Expected, found.Expected);
    }

    [Theory, BothDatabases]
    public async Task A_gap_that_reaches_beyond_its_plan_is_counted(DatabaseKind kind)
    {
        await using var rig = await RanAsync(kind, seconds: 10, "m");
        var group = rig.Group();
        await Devices.SetPollingAsync(rig.Database, "m", on: false);
        await rig.RunAsync(TimeSpan.FromSeconds(20));
        var last = (await rig.LedgerAsync())[^1].Slot;
        await rig.Store.ExecuteAsync("update poll set outcome = 'missed', reason = 'late', slots = 3 where slot = @last", new { last });
        await rig.Store.ExecuteAsync("delete from sample where at = @last", new { last });
        var found = await rig.ValidateAsync();
        Assert.Equal((1, 0, 0), (found.Duplicates, found.Holes, found.Overlaps));
        Assert.Equal(found.Expected, found.Recorded);
    }

    [Theory, BothDatabases]
    public async Task A_gap_counts_only_with_what_lies_in_the_window(DatabaseKind kind)
    {
        await using var rig = await RanAsync(kind, seconds: 0, "m");
        var group = rig.Group();
        await rig.RecordAsync(Rows.Missed(rig, group, group.Slot(0), 100));
        rig.Time.Advance(TimeSpan.FromSeconds(200));
        await rig.ClockPassAsync();
        foreach (var (from, to) in new[] { (0, 100), (10, 20), (0, 1), (99, 100), (50, 100) })
        {
            var found = await rig.ValidateAsync(new Instant(group.Slot(from)), new Instant(group.Slot(to)));
            Assert.True(found.IsClean, $"{from} to {to}: {found}");
            Assert.Equal((to - from, to - from), (found.Expected, found.Missed["late"]));
        }

        var beyond = await rig.ValidateAsync(new Instant(group.Slot(90)), new Instant(group.Slot(110)));
        Assert.Equal((20, 10, 10), (beyond.Expected, beyond.Recorded, beyond.Holes));
        Assert.Equal([At("m", group, 100, 109, 10)], beyond.HoleList);
    }

    [Theory, BothDatabases]
    public async Task The_newest_slots_are_judged_only_when_their_time_is_over_or_the_server_has_stopped(DatabaseKind kind)
    {
        await using var rig = await RanAsync(kind, seconds: 20, "m");
        var group = rig.Group();
        var last = (await rig.LedgerAsync())[^1].Slot;
        await DeleteAsync(rig, group, last.Micros);
        var found = await rig.ValidateAsync();
        Assert.True(found.IsClean, $"{found}");
        found = await rig.Database.ReadAsync("validate", tx => Validator.Run(tx, null, null, final: true));
        Assert.Equal(1, found.Holes);
        await rig.RunAsync(Validator.Grace + TimeSpan.FromSeconds(2));
        found = await rig.ValidateAsync();
        Assert.Equal([new Flaw("m", "main", last, last, 1)], found.HoleList);
    }

    [Theory, BothDatabases]
    public async Task A_poll_that_takes_its_time_after_a_change_to_a_longer_interval_is_no_hole(DatabaseKind kind)
    {
        await using var rig = await RanAsync(kind, seconds: 10, "m");
        await rig.ApplyAsync(Meters.Meter("m", "10.0.0.1:502", seconds: 60));
        rig.Device("10.0.0.1:502").Takes = _ => TimeSpan.FromSeconds(40);
        await EachSecondAsync(rig, 150, () => true);
        Assert.True(rig.Group().Plans[^1].Interval == 60 * Second && rig.Recorder.Totals.Ok > 10);
    }

    [Theory, BothDatabases]
    public async Task Slots_that_wait_behind_a_slow_poll_of_the_plan_before_are_no_holes(DatabaseKind kind)
    {
        await using var rig = await RanAsync(kind, seconds: 0);
        await rig.ApplyAsync(Meters.Meter("m", "10.0.0.1:502", seconds: 60));
        await rig.RunAsync(TimeSpan.FromSeconds(80));
        rig.Device("10.0.0.1:502").Takes = _ => TimeSpan.FromSeconds(50);
        await EachSecondAsync(rig, 60, () => !rig.Group().IsRunning);
        Assert.True(rig.Group().IsRunning);
        await rig.ApplyAsync(Meters.Meter("m", "10.0.0.1:502", seconds: 1));
        await EachSecondAsync(rig, 120, () => true);
        var found = await rig.ValidateAsync();
        Assert.True(found.Missed["busy"] > 20, $"{string.Join(", ", found.Missed)}");

        // Once they have had their time, what is not there is missed.
        await rig.Store.ExecuteAsync("delete from poll where plan_no = 2");
        await rig.Store.ExecuteAsync("delete from sample");
        Assert.True((await rig.ValidateAsync()).Holes > 90);
    }

    [Theory, BothDatabases]
    public async Task A_reading_without_a_poll_that_brought_it_is_stray(DatabaseKind kind)
    {
        await using var rig = await RanAsync(kind, seconds: 30, "a", "b", "c");
        var (a, b) = (rig.Group("a"), rig.Group("b"));
        await rig.Store.ExecuteAsync("delete from poll where group_id = @id and slot = @at", new { id = a.Id, at = new Instant(a.Slot(5)) });
        await rig.Store.ExecuteAsync(
            "update poll set outcome = 'failed', reason = 'timeout' where group_id = @id and slot = @at", new { id = a.Id, at = new Instant(a.Slot(8)) });
        await rig.Store.ExecuteAsync("update sample set at = @to where source_id = @id and at = @at", new { id = b.Shape.SourceId, at = new Instant(b.Slot(3)), to = new Instant(b.Slot(3) + 1) });
        var found = await rig.ValidateAsync();
        Assert.Equal((3, 1), (found.StrayReadings, found.Holes));
        Assert.Equal([At("a", a, 5, 8, 2), new Flaw("b", "main", new Instant(b.Slot(3) + 1), new Instant(b.Slot(3) + 1), 1)], found.StrayList);
        Assert.False(found.IsClean);

        found = await rig.ValidateAsync(new Instant(a.Slot(9)));
        Assert.True(found.IsClean, $"{found}");
        found = await rig.ValidateAsync(to: new Instant(Math.Min(a.Slot(2), b.Slot(2))));
        Assert.True(found.IsClean, $"{found}");
    }

    private static async Task EachSecondAsync(PollingRig rig, int most, Func<bool> goesOn)
    {
        for (var second = 0; second < most && goesOn(); second++)
        {
            await rig.RunAsync(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(500));
            var found = await rig.ValidateAsync();
            Assert.True(found.IsClean, $"after {second} s: {found}\n{string.Join("; ", found.HoleList)}");
        }
    }

    private static Flaw At(string device, ArmedGroup group, int first, int last, long slots) =>
        new(device, "main", new Instant(group.Slot(first)), new Instant(group.Slot(last)), slots);

    private static async Task DeleteAsync(PollingRig rig, ArmedGroup group, long slot)
    {
        await rig.Store.ExecuteAsync("delete from poll where group_id = @id and slot = @at", new { id = group.Id, at = new Instant(slot) });
        await rig.Store.ExecuteAsync("delete from sample where source_id = @id and at = @at", new { id = group.Shape.SourceId, at = new Instant(slot) });
    }

    private static Task PutAsync(PollingRig rig, ArmedGroup owner, long slot, int plan = 1, long? group = null) => rig.Store.ExecuteAsync(
        "insert into poll (slot, group_id, plan_no, slots, outcome, reason, lease_no) values (@at, @group, @plan, 1, 'failed', 'timeout', 1)",
        new { at = new Instant(slot), group = group ?? owner.Id, plan });

    private sealed class Row
    {
        public long GroupId { get; init; }

        public Instant Slot { get; init; }
    }

    private static async Task<PollingRig> RanAsync(DatabaseKind kind, int seconds, params string[] names)
    {
        var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync([.. names.Select((name, i) => Meters.Meter(name, $"10.0.0.{i + 1}:502"))]);
        await rig.RunAsync(TimeSpan.FromSeconds(seconds));
        return rig;
    }
}
