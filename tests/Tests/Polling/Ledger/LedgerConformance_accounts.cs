using Rondo.Drivers;
using Rondo.Polling.Ledger;
using Rondo.Polling.Runtime;
using Rondo.Polling.Slots;
using Rondo.Storage;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Polling.Ledger;

/// <summary>How far the ledger is complete, and what the hours count up to there; the same on both databases.</summary>
public sealed class LedgerConformance_accounts
{
    private static readonly TimeSpan _minute = TimeSpan.FromMinutes(1);

    [Theory, BothDatabases]
    public Task Accounted_to_never_passes_a_slot_without_a_row_whatever_the_database_does(DatabaseKind kind) => Seed.RunAsync(async random =>
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("a", "10.0.0.1:502"), Meters.Meter("b", "10.0.0.2:502"));
        ArmedGroup[] groups = [rig.Group("a"), rig.Group("b")];
        var next = new int[2];
        var before = new long[2];
        var moves = 0;
        for (var step = 0; step < 60; step++)
        {
            var mood = random.Next(4);
            rig.Database.Before = name => mood == 0 ? SteeredDatabase.Away(name) : null;
            rig.Database.After = name => mood == 1 ? SteeredDatabase.Away(name) : null;
            for (var n = random.Next(5); n > 0; n--)
            {
                var g = random.Next(2);
                var row = RandomRow(rig, groups[g], groups[g].Slot(next[g]), random);
                next[g] += row.Slots;
                rig.Recorder.Add(row);
            }

            await rig.RecordAsync();
            (rig.Database.Before, rig.Database.After) = (null, null);
            for (var g = 0; g < 2; g++)
            {
                var accounted = await rig.AccountedToAsync(groups[g]);
                Assert.InRange(accounted, before[g], await EndOfPrefixAsync(rig, groups[g]));
                moves += accounted > before[g] ? 1 : 0;
                before[g] = accounted;
            }

            rig.Time.Advance(TimeSpan.FromSeconds(random.Next(20)));
        }

        Assert.True(moves > 10, $"it moved {moves} times");
        await rig.RecordAsync();
        await rig.Recorder.FlushAsync(default);
        for (var g = 0; g < 2; g++)
        {
            Assert.Equal(groups[g].Slot(next[g] - 1) + 1, await rig.AccountedToAsync(groups[g]));
        }

        Assert.Equal((0, 0, 0), (rig.Recorder.Totals.Duplicates, rig.Recorder.Totals.OffPlan, rig.Recorder.Totals.Lost));
        await HoursAgreeAsync(rig);
    });

    [Theory, BothDatabases]
    public async Task Accounted_to_moves_at_most_every_30_seconds_and_covers_what_earlier_batches_committed(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m"));
        var group = rig.Group();
        group.Account.AdvancedAt = rig.Time.GetTimestamp();
        var start = await rig.AccountedToAsync(group);
        for (var n = 0; n < 70; n++)
        {
            await rig.RecordAsync(Rows.Read(rig, group, group.Slot(n)));
            var expected = n < 30 ? start : n < 60 ? group.Slot(29) + 1 : group.Slot(59) + 1;
            Assert.Equal(expected, await rig.AccountedToAsync(group));
            rig.Time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Theory, BothDatabases]
    public async Task An_account_that_somebody_else_moved_is_left_alone_and_so_are_its_hours(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("a", "10.0.0.1:502"), Meters.Meter("b", "10.0.0.2:502"));
        var (a, b) = (rig.Group("a"), rig.Group("b"));
        await rig.RecordAsync(Rows.Read(rig, a, a.Slot(0)), Rows.Read(rig, b, b.Slot(0)));
        var moved = a.Slot(5);
        await rig.Store.ExecuteAsync("update poll_group set accounted_to = @at where id = @id", new { at = new Instant(moved), id = a.Id });
        rig.Time.Advance(Account.AdvanceEvery);
        await rig.RecordAsync(Rows.Read(rig, a, a.Slot(1)), Rows.Read(rig, b, b.Slot(1)));
        Assert.Equal(moved, await rig.AccountedToAsync(a));
        Assert.Equal(b.Slot(0) + 1, await rig.AccountedToAsync(b));
        Assert.Equal([b.Id], await rig.Store.QueryAsync<long>("select group_id from poll_stat"));
        Assert.Equal(4, await rig.CountAsync("poll"));
    }

    [Theory, BothDatabases]
    public async Task A_gap_over_hours_gives_each_hour_its_share(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m", seconds: 7));
        var group = rig.Group();
        await rig.RecordAsync(Rows.Read(rig, group, group.Slot(0)), Rows.Missed(rig, group, group.Slot(1), 2_000), Rows.Failed(rig, group, group.Slot(2_001)));
        await rig.Recorder.FlushAsync(default);
        Assert.Equal(4, await rig.CountAsync("poll_stat"));
        Assert.Equal(2_000, await rig.Store.ScalarAsync<long>("select cast(sum(missed) as bigint) from poll_stat"));
        await HoursAgreeAsync(rig);
    }

    [Theory, BothDatabases]
    public Task The_hours_say_what_the_ledger_says_over_edits_and_restarts(DatabaseKind kind) => Seed.RunAsync(async random =>
    {
        await using var first = await PollingRig.StartAsync(kind);
        var rig = first;
        for (var life = 0; life < 5; life++)
        {
            await rig.ApplyAsync(Meters.Meter("a", "10.0.0.1:502", seconds: random.Next(1, 4) * 60), Meters.Meter("b", "10.0.0.2:502", seconds: 120));
            for (var part = 0; part < 4; part++)
            {
                var fault = random.Next(3) == 0 ? ReadFault.Closed : ReadFault.None;
                var session = rig.Device("10.0.0.1:502");
                (session.Answer, session.RefusedPoint) = (_ => fault, random.Next(3) - 1);
                await rig.RunAsync(_minute * random.Next(1, 25), _minute);
            }

            if (random.Next(2) == 0)
            {
                await rig.Recorder.FlushAsync(default);
            }

            rig = await rig.RestartAsync();
            rig.Time.Advance(_minute * random.Next(0, 150));
            await rig.ClockPassAsync();
        }

        await rig.FleetPassAsync();
        await rig.RunAsync(_minute * 10, _minute);
        await rig.Recorder.FlushAsync(default);
        await HoursAgreeAsync(rig);
        var validation = await rig.ValidateAsync();
        Assert.True(validation.IsClean, $"{validation}");
        Assert.True(validation.Missed.GetValueOrDefault("node_down") > 0 || validation.Expected > 100, $"{validation}");
    });

    private static PollOutcome RandomRow(PollingRig rig, ArmedGroup group, long slot, Random random) => random.Next(5) switch
    {
        0 => Rows.Failed(rig, group, slot),
        1 => Rows.Missed(rig, group, slot, random.Next(1, 900)),
        2 => Rows.Read(rig, group, slot, [1, null, 3]),
        _ => Rows.Read(rig, group, slot),
    };

    /// <summary>Just after the last slot up to which every slot has a row.</summary>
    private static async Task<long> EndOfPrefixAsync(PollingRig rig, ArmedGroup group)
    {
        var end = group.Slot(0);
        foreach (var line in (await rig.LedgerAsync()).Where(l => l.Device == group.Device.Name))
        {
            if (line.Slot.Micros == end)
            {
                end += line.Slots * group.Plans[0].Interval;
            }
        }

        return end;
    }

    /// <summary>Counts of each group and hour are those of its ledger rows, a gap's slots each in its own hour.</summary>
    private static async Task HoursAgreeAsync(PollingRig rig)
    {
        const long Hour = 3_600_000_000;
        var plans = (await rig.Store.QueryAsync<PlanLine>("""
            select d.name as device, p.no, p.interval_us from poll_plan p join poll_group g on g.id = p.group_id join device d on d.id = g.device_id
            """)).ToDictionary(p => (p.Device, p.No), p => p.IntervalUs);
        var expected = new SortedDictionary<(string Device, long Hour), long[]>();
        foreach (var line in await rig.LedgerAsync())
        {
            for (var n = 0; n < line.Slots; n++)
            {
                var slot = line.Slot.Micros + (n * plans[(line.Device, line.PlanNo)]);
                var key = (line.Device, slot - (slot % Hour));
                expected.TryAdd(key, new long[4]);
                expected[key][(int)OutcomeWords.Parse(line.Outcome)]++;
            }
        }

        var stored = await rig.Store.QueryAsync<HourLine>("""
            select d.name as device, s.hour, s.ok, s.part, s.failed, s.missed, s.duration
            from poll_stat s join poll_group g on g.id = s.group_id join device d on d.id = g.device_id order by d.name, s.hour
            """);
        Assert.Equal(
            expected.Select(e => $"{e.Key.Device} {new Instant(e.Key.Hour)} {string.Join(' ', e.Value)}"),
            stored.Select(s => $"{s.Device} {s.Hour} {s.Ok} {s.Part} {s.Failed} {s.Missed}"));
        Assert.All(stored, s => Assert.Equal(s.Ok + s.Part + s.Failed, CountOf(s.Duration)));
    }

    private static long CountOf(string histogram)
    {
        var durations = new Histogram();
        durations.Merge(histogram);
        return durations.Count;
    }

    private sealed class PlanLine
    {
        public string Device { get; init; } = "";

        public int No { get; init; }

        public long IntervalUs { get; init; }
    }

    private sealed class HourLine
    {
        public string Device { get; init; } = "";

        public Instant Hour { get; init; }

        public long Ok { get; init; }

        public long Part { get; init; }

        public long Failed { get; init; }

        public long Missed { get; init; }

        public string Duration { get; init; } = "";
    }
}
