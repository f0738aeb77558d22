using Rondo.Drivers;
using Rondo.Polling.Configuration;
using Rondo.Storage;

namespace Rondo.Tests.Polling.Runtime;

/// <summary>When slots fire, in which order, and what becomes of those that cannot.</summary>
public sealed class AgendaTests
{
    private const string Line = "10.0.0.1:502";

    [Fact]
    public async Task Slots_keep_to_their_grid_however_long_answers_take()
    {
        await using var rig = await PollingRig.StartAsync(DatabaseKind.Sqlite);
        await rig.ApplyAsync(Meters.Meter("m"));
        rig.Device(Line).Takes = _ => TimeSpan.FromMilliseconds(370);
        var step = TimeSpan.FromMilliseconds(130);
        await rig.RunAsync(TimeSpan.FromMinutes(3), step);

        var plan = rig.Armory.Groups.Values.Single().Plans.Single();
        var reads = rig.Device(Line).Reads.Select(read => rig.Database.Clock.At(read.At).Micros).ToArray();
        Assert.InRange(reads.Length, 178, 180);
        var slots = reads.Select(at => plan.LastUpTo(at)!.Value).ToArray();
        Assert.All(slots.Zip(slots.Skip(1)), pair => Assert.Equal(plan.Interval, pair.Second - pair.First));
        Assert.All(reads.Zip(slots), pair => Assert.InRange(pair.First - pair.Second, 0, step.Ticks / 10));
        Assert.Empty((await rig.ProveAsync(TimeSpan.FromSeconds(1))).Missed);
    }

    [Fact]
    public async Task Polls_of_one_group_never_overlap_and_the_slots_in_between_are_missed_busy()
    {
        await using var rig = await PollingRig.StartAsync(DatabaseKind.Sqlite);
        await rig.ApplyAsync(Meters.Meter("m"));
        var device = rig.Device(Line);
        device.IgnoresDeadline = true;
        device.Takes = _ => TimeSpan.FromMilliseconds(2_450);
        await rig.RunAsync(TimeSpan.FromSeconds(60));
        device.Takes = _ => TimeSpan.Zero;

        await rig.ProveAsync(TimeSpan.FromSeconds(3));
        Assert.All(device.Reads.Take(15).Zip(device.Reads.Skip(1)), pair => Assert.True(pair.Second.At - pair.First.At >= TimeSpan.FromMilliseconds(2_450).Ticks));
        Assert.InRange(await MissedAsync(rig, "busy"), 20, 50);
    }

    [Fact]
    public async Task A_slot_that_does_not_get_its_turn_within_its_lateness_is_missed_late_once()
    {
        await using var rig = await PollingRig.StartAsync(DatabaseKind.Sqlite);
        await rig.ApplyAsync(
            Aligned("talker", 1, 1),
            Aligned("patient", 2, 10),
            Aligned("strict", 3, 10) with { Groups = [Group(10) with { MaxLateness = TimeSpan.FromMilliseconds(300) }] });
        rig.Device(Line).Takes = unit => TimeSpan.FromMilliseconds(unit == 1 ? 700 : 0);
        await rig.RunAsync(TimeSpan.FromSeconds(61));

        Assert.Equal(["strict missed late 6 1"], await LedgerAsync(rig, "outcome = 'missed'"));
        Assert.Equal(0, rig.Device(Line).Reads.Count(read => read.Unit == 3));
        Assert.Equal(6, rig.Device(Line).Reads.Count(read => read.Unit == 2));
        await rig.ProveAsync(TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData(100, "m missed late 5 5")] // the newest is too late as well
    [InlineData(900, "m missed late 4 4")] // the newest still runs
    public async Task Slots_that_a_stall_passed_over_are_missed_late_in_one_row(int latenessMs, string expected)
    {
        await using var rig = await PollingRig.StartAsync(DatabaseKind.Sqlite);
        await rig.ApplyAsync(Aligned("m", 1, 1) with { Groups = [Group(1) with { MaxLateness = TimeSpan.FromMilliseconds(latenessMs) }] });
        await rig.RunAsync(TimeSpan.FromSeconds(4));
        rig.Time.Advance(TimeSpan.FromMilliseconds(5_400));
        await rig.TurnAsync();

        Assert.Equal([expected], await LedgerAsync(rig, "outcome = 'missed'"));
        await rig.ProveAsync(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task After_slots_were_fired_others_gather_for_4_ms_and_one_that_comes_alone_is_not_kept()
    {
        var together = TimeSpan.FromMilliseconds(4);
        await using var rig = await PollingRig.StartAsync(DatabaseKind.Sqlite);
        await rig.ApplyAsync([.. Enumerable.Range(1, 200).Select(unit => Meters.Meter($"m{unit}", Line, (byte)unit))]);
        await rig.RunAsync(TimeSpan.FromSeconds(2));
        var soon = 0;
        for (var step = 0; step < 50; step++)
        {
            rig.Time.Advance(TimeSpan.FromMilliseconds(20));
            var before = rig.Agenda.Fired;
            var sleep = await rig.FireAsync();
            Assert.True(rig.Agenda.Fired == before || sleep >= together, $"{sleep} after {rig.Agenda.Fired - before} slots");
            soon += await rig.FireAsync() < together ? 1 : 0;
        }

        Assert.InRange(soon, 5, 50);
        await rig.TurnAsync();
    }

    [Fact]
    public async Task What_waits_at_an_endpoint_goes_earliest_deadline_first()
    {
        await using var rig = await PollingRig.StartAsync(DatabaseKind.Sqlite);
        var holder = Aligned("holder", 1, 1) with { Groups = [Group(1) with { MaxLateness = TimeSpan.FromMilliseconds(900) }] };
        await rig.ApplyAsync(Aligned("slow", 4, 20), Aligned("fast", 2, 5), Aligned("middle", 3, 10), holder);
        var device = rig.Device(Line);
        device.IgnoresDeadline = true;
        await rig.RunAsync(TimeSpan.FromMilliseconds(18_500));
        device.Takes = unit => TimeSpan.FromMilliseconds(unit == 1 ? 1_500 : 0);
        await rig.RunAsync(TimeSpan.FromSeconds(1));
        Assert.True(device.IsHeld, "somebody speaks while the others come up");
        device.Takes = _ => TimeSpan.Zero;
        var before = device.Reads.Count;
        await rig.RunAsync(TimeSpan.FromSeconds(3));

        Assert.Equal([1, 2, 3, 4], device.Reads.Skip(before).Select(read => (int)read.Unit).Distinct());
    }

    [Fact]
    public async Task One_dead_unit_costs_its_endpoint_one_probe_for_each_step_of_its_back_off()
    {
        await using var rig = await PollingRig.StartAsync(DatabaseKind.Sqlite);
        var dead = Aligned("dead", 1, 1) with { Groups = [Group(1) with { Timeout = TimeSpan.FromMilliseconds(150) }] };
        await rig.ApplyAsync([dead, .. Enumerable.Range(2, 4).Select(unit => Aligned($"healthy{unit}", (byte)unit, 1))]);
        var device = rig.Device(Line);
        device.Answer = unit => unit == 1 ? ReadFault.Timeout : ReadFault.None;
        await rig.RunAsync(TimeSpan.FromMinutes(5));

        // Two tries before the third failure opens the breaker; from then on each delay is at least half its step.
        var probes = device.Reads.Where(read => read.Unit == 1).Select(read => TimeSpan.FromTicks(read.At)).Skip(2).ToArray();
        var delays = probes.Zip(probes.Skip(1), (a, b) => b - a).ToArray();
        for (var step = 0; step < delays.Length; step++)
        {
            Assert.True(delays[step] >= TimeSpan.FromSeconds(Math.Min(60, 2 * Math.Pow(2, step)) / 2), $"probe {step + 1} came {delays[step]} after the one before");
        }

        Assert.InRange(delays.Length, 7, 14);
        Assert.Equal([], await LedgerAsync(rig, "outcome <> 'ok' and d.name <> 'dead'"));
        Assert.InRange(device.Reads.Count(read => read.Unit == 5), 298, 300);
        await rig.ProveAsync(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Whoever_asks_how_much_is_armed_while_slots_fire_hears_all_of_it()
    {
        await using var rig = await PollingRig.StartAsync(DatabaseKind.Sqlite);
        await rig.ApplyAsync(Meters.Meter("m"));
        var now = rig.Now.Micros;
        var firing = Task.Run(() =>
        {
            for (var second = 1; second <= 20_000; second++)
            {
                rig.Agenda.Fire(now + (second * 1_000_000L), jumpedTo: long.MinValue, mayWork: false);
            }
        });
        var heard = new HashSet<int>();
        while (!firing.IsCompleted)
        {
            heard.Add(rig.Agenda.Count);
        }

        await firing;
        Assert.Equal([1], heard);
    }

    private static Task<long> MissedAsync(PollingRig rig, string reason) =>
        rig.Store.ScalarAsync<long>("select coalesce(sum(slots), 0) from poll where reason = @reason", new { reason });

    /// <summary>Device, outcome, reason, slots, and in the largest row.</summary>
    private static Task<List<string>> LedgerAsync(PollingRig rig, string where) => rig.Store.QueryAsync<string>($"""
        select d.name || ' ' || outcome || ' ' || coalesce(reason, '') || ' ' || sum(slots) || ' ' || max(slots)
        from poll l join poll_group g on g.id = l.group_id join device d on d.id = g.device_id
        where {where} group by d.name, outcome, reason order by 1
        """);

    private static DeviceSpec Aligned(string name, byte unit, double seconds) => Meters.Meter(name, Line, unit) with { Groups = [Group(seconds)] };

    private static GroupSpec Group(double seconds) => Meters.Group(seconds: seconds) with { Align = true };
}
