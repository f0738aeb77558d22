using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;
using Rondo.Storage;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Polling.Fleet;

/// <summary>What is stored of a configuration, what of it changes, and what is never lost.</summary>
public sealed class FleetTests
{
    private readonly FakeTime _time = new();

    [Theory, BothDatabases]
    public async Task Applying_the_same_again_changes_nothing(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        DeviceSpec[] fleet =
        [
            Meters.Meter("plain"),
            Meters.Meter("full", "gw.example:1502", 17, 60, 12) with
            {
                Endpoint = new ModbusEndpointSettings { Framing = ModbusFraming.Rtu, Retries = 2, SettleDelay = TimeSpan.FromMilliseconds(30) },
                Category = "energy",
                Tags = ["b", "a"],
                Parent = "plain",
                Groups =
                [
                    Meters.Group("one", 0.25) with { Timeout = TimeSpan.FromMilliseconds(100), MaxLateness = TimeSpan.FromMilliseconds(20) },
                    Meters.Group("two", 86400, 1, "q") with { Align = true, Enabled = false },
                ],
            },
            Meters.Meter("off", "10.0.0.9:502") with { Enabled = false },
        ];
        Assert.Equal(3, (await ApplyAsync(store, fleet)).Added.Count);
        var before = await DumpAsync(store);
        _time.Advance(TimeSpan.FromMinutes(5));
        for (var n = 0; n < 2; n++)
        {
            var again = await ApplyAsync(store, fleet);
            Assert.True(again.IsEmpty, string.Join(", ", again.Changed.SelectMany(change => change.Fields)));
            Assert.Equal(3, again.Unchanged);
            Assert.Equal(before, await DumpAsync(store));
        }

        Assert.True((await ApplyAsync(store, [.. await Devices.ListAsync(store.Database)])).IsEmpty, "what is listed is what was applied");
    }

    [Theory, BothDatabases]
    public async Task A_dry_run_says_what_would_happen_and_changes_nothing_at_all(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        await ApplyAsync(store, [Meters.Meter("a"), Meters.Meter("b", unit: 2)]);
        var before = await DumpAsync(store);
        var revision = await store.ScalarAsync<long>("select revision from polling_state");
        DeviceSpec[] wanted = [Meters.Meter("a", seconds: 5), Meters.Meter("c", unit: 3)];
        var said = await Devices.ApplyAsync(store.Database, wanted, prune: true, dryRun: true);
        Assert.Equal((1, 1, 1), (said.Added.Count, said.Changed.Count, said.Removed.Count));
        Assert.Equal(before, await DumpAsync(store));
        Assert.Equal(revision, await store.ScalarAsync<long>("select revision from polling_state"));
        var done = await ApplyAsync(store, wanted);
        Assert.Equal(said.Changed.Single().Fields, done.Changed.Single().Fields);
    }

    [Theory, BothDatabases]
    public async Task Without_prune_nobody_is_removed(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        await ApplyAsync(store, [Meters.Meter("a"), Meters.Meter("b", unit: 2)]);
        var diff = await Devices.ApplyAsync(store.Database, [Meters.Meter("c", unit: 3)], prune: false, dryRun: false);
        Assert.Equal(2, diff.Kept);
        Assert.Equal(["a", "b", "c"], (await Devices.ListAsync(store.Database)).Select(device => device.Name));
        Assert.Equal(["a", "b"], (await ApplyAsync(store, [Meters.Meter("c", unit: 3)])).Removed.Select(device => device.Name));
    }

    [Theory, BothDatabases]
    public async Task Another_interval_address_or_setting_keeps_the_series(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        var meter = Meters.Meter("m");
        await ApplyAsync(store, [meter]);
        var series = await SeriesAsync(store);
        var ids = await store.QueryAsync<long>("select id from device union all select id from poll_group union all select id from point order by 1");
        foreach (var changed in new[]
        {
            Meters.Meter("m", seconds: 7),
            Meters.Meter("m", "10.9.9.9:502", 44, 7),
            Meters.Meter("m", "10.9.9.9:502", 44, 7) with { Endpoint = new ModbusEndpointSettings { Framing = ModbusFraming.Rtu } },
            Meters.Meter("m", "10.9.9.9:502", 44, 7) with { Category = "x", Tags = ["t"], Enabled = false },
            meter with { Groups = [meter.Groups[0] with { Points = [.. meter.Groups[0].Points.Reverse()] }] },
        })
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            await ApplyAsync(store, [changed]);
            Assert.Equal(series, await SeriesAsync(store));
            Assert.Equal(ids, await store.QueryAsync<long>("select id from device union all select id from poll_group union all select id from point order by 1"));
            Assert.Equal(SpecJson.Write(changed.Endpoint), SpecJson.Write((await Devices.ListAsync(store.Database)).Single().Endpoint));
        }
    }

    [Theory, BothDatabases]
    public async Task A_point_that_comes_back_gets_a_new_place_and_its_old_history_stays_under_its_name(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        var meter = Meters.Meter("m");
        var without = meter with { Groups = [meter.Groups[0] with { Points = [meter.Groups[0].Points[0], meter.Groups[0].Points[2]] }] };
        await ApplyAsync(store, [meter]);
        await ApplyAsync(store, [without]);
        await ApplyAsync(store, [meter]);
        Assert.Equal(
            ["m/p0 0 used", "m/p1 1 retired", "m/p1 3 used", "m/p2 2 used"],
            await store.QueryAsync<string>("select name || ' ' || ordinal || case when retired_at is null then ' used' else ' retired' end from series order by name, ordinal"));
        Assert.Equal(["p0 0", "p1 3", "p2 2"], await store.QueryAsync<string>("select name || ' ' || ordinal from point where removed_at is null order by name"));
    }

    [Theory, BothDatabases]
    public async Task A_point_may_move_to_another_group_under_its_name(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        var (one, two) = (Meters.Group("one", points: 2), Meters.Group("two", prefix: "q", points: 2));
        var meter = Meters.Meter("m") with { Groups = [one, two] };
        await ApplyAsync(store, [meter]);
        await ApplyAsync(store, [meter with { Groups = [one with { Points = [one.Points[0], two.Points[1]] }, two with { Points = [two.Points[0], one.Points[1]] }] }]);
        Assert.Equal(4, await store.ScalarAsync<int>("select count(*) from series where retired_at is null"));
        Assert.Equal(2, await store.ScalarAsync<int>("select count(*) from series where retired_at is not null"));
    }

    [Theory, BothDatabases]
    public async Task Two_devices_may_swap_their_addresses_and_a_name_may_be_used_again(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        await ApplyAsync(store, [Meters.Meter("a", "10.0.0.1:502"), Meters.Meter("b", "10.0.0.2:502")]);
        await ApplyAsync(store, [Meters.Meter("a", "10.0.0.2:502"), Meters.Meter("b", "10.0.0.1:502")]);
        Assert.Equal(2, await store.ScalarAsync<int>("select count(*) from endpoint"));
        await ApplyAsync(store, [Meters.Meter("b", "10.0.0.1:502")]);
        await ApplyAsync(store, [Meters.Meter("a", "10.0.0.3:502"), Meters.Meter("b", "10.0.0.1:502")]);
        Assert.Equal(2, await store.ScalarAsync<int>("select count(*) from device where name = 'a'"));
        Assert.Equal(3, await store.ScalarAsync<int>("select count(*) from series where name like 'a/%' and retired_at is null"));
    }

    [Theory, BothDatabases]
    public async Task Removing_a_device_ends_its_plans_and_keeps_its_ledger_and_readings(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("a"), Meters.Meter("b", unit: 2));
        await rig.RunAsync(TimeSpan.FromSeconds(5));
        Assert.Equal("a", (await Devices.RemoveAsync(rig.Database, "a")).Device?.Name);
        Assert.Null((await Devices.RemoveAsync(rig.Database, "a")).Device);
        Assert.Equal(["b"], (await Devices.ListAsync(rig.Database)).Select(device => device.Name));
        await rig.RunAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(1, await rig.Store.ScalarAsync<int>("select count(*) from poll_plan where until_at is null"));
        Assert.InRange(await rig.Store.ScalarAsync<int>("select count(*) from poll l join poll_group g on g.id = l.group_id join device d on d.id = g.device_id where d.name = 'a'"), 5, 7);
        Assert.InRange(await rig.Store.ScalarAsync<int>("select count(*) from reading where series = 'a/p0'"), 5, 7);
        await rig.ProveAsync(TimeSpan.FromSeconds(1));
    }

    [Theory, BothDatabases]
    public async Task An_apply_that_fails_changes_nothing(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        await ApplyAsync(store, [Meters.Meter("a"), Meters.Meter("b", unit: 2)]);
        var before = await DumpAsync(store);
        var twice = Meters.Meter("c", unit: 3);
        DeviceSpec[] bad = [Meters.Meter("a", seconds: 9), twice with { Groups = [twice.Groups[0], twice.Groups[0]] }];
        await Assert.ThrowsAnyAsync<Exception>(() => ApplyAsync(store, bad));
        Assert.Equal(before, await DumpAsync(store));
    }

    [Theory, BothDatabases]
    public async Task An_edit_takes_effect_a_second_later_and_no_two_plans_overlap(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        for (var n = 1; n <= 5; n++)
        {
            await ApplyAsync(store, [Meters.Meter("m", seconds: n)]);
            _time.Advance(TimeSpan.FromMilliseconds(n * 300));
        }

        await Devices.SetPollingAsync(store.Database, "m", on: false);
        _time.Advance(TimeSpan.FromSeconds(10));
        var resumed = store.Database.Clock.Now;
        await Devices.SetPollingAsync(store.Database, "m", on: true);
        var from = await store.QueryAsync<Instant>("select from_at from poll_plan order by no");
        var until = await store.QueryAsync<Instant?>("select until_at from poll_plan order by no");
        Assert.Equal(6, from.Count);
        Assert.Equal(resumed + TimeSpan.FromSeconds(1), from[^1]);
        Assert.Null(until[^1]);
        for (var n = 1; n < from.Count; n++)
        {
            Assert.True(until[n - 1] <= from[n]);
            Assert.True(until[n - 1] >= from[n - 1]);
        }
    }

    [Theory, BothDatabases]
    public async Task Random_configurations_one_after_the_other_are_each_stored_whole(DatabaseKind kind)
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        await using var store = await TestStore.CreateAsync(kind, _time);
        var model = new SortedDictionary<string, DeviceSpec>(StringComparer.Ordinal);
        var stopped = new HashSet<string>();
        for (var step = 0; step < 30; step++)
        {
            var wanted = Enumerable.Range(0, random.Next(0, 6)).Select(_ => RandomDevice(random)).DistinctBy(device => device.Name).ToArray();
            var prune = random.Next(2) == 0;
            var gone = prune ? model.Keys.Except(wanted.Select(device => device.Name)).ToArray() : [];
            await Devices.ApplyAsync(store.Database, wanted, prune, dryRun: false);
            foreach (var name in gone)
            {
                model.Remove(name);
                stopped.Remove(name);
            }

            foreach (var device in wanted)
            {
                model[device.Name] = device;
            }

            if (random.Next(3) == 0 && model.Count > 0)
            {
                var name = model.Keys.ElementAt(random.Next(model.Count));
                var on = random.Next(2) == 0;
                await Devices.SetPollingAsync(store.Database, name, on);
                _ = on ? stopped.Remove(name) : stopped.Add(name);
            }

            var difference = FleetDiff.Between(await Devices.ListAsync(store.Database), [.. model.Values], prune: true);
            Assert.True(difference.IsEmpty, $"seed {seed}, step {step}: {string.Join(", ", difference.Changed.SelectMany(change => change.Fields))}");
            var planned = model.Values.Where(device => device.Enabled && !stopped.Contains(device.Name))
                .SelectMany(device => device.Groups.Where(group => group.Enabled).Select(group => $"{device.Name}/{group.Name} {group.Interval.TotalMilliseconds:0}"));
            Assert.Equal(
                planned.Order(StringComparer.Ordinal),
                (await store.QueryAsync<string>("""
                    select d.name || '/' || g.name || ' ' || (p.interval_us / 1000) from poll_plan p join poll_group g on g.id = p.group_id join device d on d.id = g.device_id
                    where p.until_at is null
                    """)).Order(StringComparer.Ordinal));
            Assert.Equal(
                model.Values.Sum(device => device.Groups.Sum(group => group.Points.Count)),
                await store.ScalarAsync<int>("select count(*) from series where retired_at is null"));
            _time.Advance(TimeSpan.FromMilliseconds(random.Next(0, 3_000)));
        }
    }

    private static DeviceSpec RandomDevice(Random random)
    {
        var name = $"d{random.Next(6)}";
        return Meters.Meter(name, $"10.0.0.{random.Next(3)}:502", (byte)random.Next(1, 9)) with
        {
            Category = random.Next(2) == 0 ? "" : "energy",
            Enabled = random.Next(4) > 0,
            Groups = [.. Enumerable.Range(0, random.Next(0, 4)).Select(_ => random.Next(4)).Distinct().Select(g =>
                Meters.Group($"g{g}", random.Next(1, 20), 1, $"g{g}p") with
                {
                    Align = random.Next(3) == 0,
                    Enabled = random.Next(4) > 0,
                    Points = [.. Enumerable.Range(0, 5).Where(_ => random.Next(2) == 0).Append(5).Select(p => Meters.Point($"g{g}p{p}", random.Next(100)))],
                })],
        };
    }

    private static Task<FleetDiff> ApplyAsync(TestStore store, DeviceSpec[] fleet) => Devices.ApplyAsync(store.Database, fleet, prune: true, dryRun: false);

    private static Task<List<string>> SeriesAsync(TestStore store) =>
        store.QueryAsync<string>("select id || ' ' || name || ' ' || ordinal || ' ' || (retired_at is null) from series order by id");

    /// <summary>Everything that a configuration is made of, but for the revision, which counts attempts.</summary>
    private static async Task<string[]> DumpAsync(TestStore store) =>
    [
        .. await store.QueryAsync<string>("select id || ' ' || driver || ' ' || address || ' ' || settings from endpoint order by id"),
        .. await store.QueryAsync<string>("select id || ' ' || endpoint_id || ' ' || name || ' ' || address || ' ' || settings || ' ' || category || ' ' || tags || ' ' || coalesce(parent, '') || ' ' || enabled || ' ' || stopped || ' ' || (removed_at is null) || ' ' || status from device order by id"),
        .. await store.QueryAsync<string>("select id || ' ' || device_id || ' ' || source_id || ' ' || name || ' ' || interval_us || ' ' || phase_us || ' ' || enabled || ' ' || (removed_at is null) from poll_group order by id"),
        .. await store.QueryAsync<string>("select id || ' ' || group_id || ' ' || series_id || ' ' || ordinal || ' ' || position || ' ' || name || ' ' || settings || ' ' || (removed_at is null) from point order by id"),
        .. await store.QueryAsync<string>("select group_id || ' ' || no || ' ' || interval_us || ' ' || phase_us || ' ' || (until_at is null) from poll_plan order by group_id, no"),
        .. await SeriesAsync(store),
    ];
}
