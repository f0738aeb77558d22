using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;
using Rondo.Storage;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Polling.Fleet;

/// <summary>Two who change the fleet at the same time: each decides on what the other has left.</summary>
public sealed class TogetherTests
{
    private readonly FakeTime _time = new();

    [Theory, BothDatabases]
    public async Task Removing_a_device_leaves_alone_what_others_add_and_change_meanwhile(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        await Devices.ApplyAsync(store.Database, [Meters.Meter("a"), Meters.Meter("b", unit: 2)], prune: false, dryRun: false);
        await using var gate = await HeldGate.TakeAsync(store.Database, tx => Apply(tx, Meters.Meter("b", unit: 2, seconds: 7), Meters.Meter("c", unit: 3)));
        var removing = Devices.RemoveAsync(store.Database, "a");
        await gate.LetGoAsync(removing);

        Assert.Equal("a", (await removing).Device?.Name);
        var left = await Devices.ListAsync(store.Database);
        Assert.Equal(["b", "c"], left.Select(device => device.Name));
        Assert.Equal(TimeSpan.FromSeconds(7), left[0].Groups[0].Interval);
    }

    [Theory, BothDatabases]
    public async Task A_parent_is_not_removed_under_a_child_that_comes_meanwhile(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        await Devices.ApplyAsync(store.Database, [Meters.Meter("hall")], prune: false, dryRun: false);
        await using var gate = await HeldGate.TakeAsync(store.Database, tx => Apply(tx, Meters.Meter("meter", unit: 2) with { Parent = "hall" }));
        var removing = Devices.RemoveAsync(store.Database, "hall");
        await gate.LetGoAsync(removing);

        var removal = await removing;
        Assert.Equal((null, "meter"), (removal.Device, removal.Children.Single()));
        Assert.Equal(["hall", "meter"], (await Devices.ListAsync(store.Database)).Select(device => device.Name));
    }

    [Theory, BothDatabases]
    public async Task Of_two_that_disagree_about_a_shared_endpoint_the_later_one_is_told_and_writes_nothing(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        await using var gate = await HeldGate.TakeAsync(store.Database, tx => Apply(tx, Meters.Meter("first")));
        var wish = new FleetWish<string> { Wanted = [Meters.Meter("second", unit: 2) with { Endpoint = new ModbusEndpointSettings { Retries = 3 } }] };
        var late = Devices.ChangeAsync(store.Database, _ => wish, dryRun: false);
        await gate.LetGoAsync(late);

        Assert.Equal("second.endpoint.retries", (await late).Mistakes.Single().Path);
        Assert.Equal(["first"], (await Devices.ListAsync(store.Database)).Select(device => device.Name));
        Assert.Equal("{}", await store.ScalarAsync<string>("select settings from endpoint"));
    }

    [Theory, BothDatabases]
    public async Task Who_changes_a_device_starts_from_what_the_one_before_has_made_of_it(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        await Devices.ApplyAsync(store.Database, [Meters.Meter("m")], prune: false, dryRun: false);
        await using var gate = await HeldGate.TakeAsync(store.Database, tx => Apply(tx, Meters.Meter("m") with { Category = "energy" }));
        var late = Devices.ChangeAsync(store.Database, stored => new FleetWish<string> { Wanted = [stored[0] with { Tags = ["roof"] }] }, dryRun: false);
        await gate.LetGoAsync(late);

        Assert.Equal(["tags"], (await late).Diff.Changed.Single().Fields.Select(field => field.Path));
        var device = (await Devices.ListAsync(store.Database)).Single();
        Assert.Equal(("energy", "roof"), (device.Category, device.Tags.Single()));
    }

    [Theory, BothDatabases]
    public async Task What_is_refused_or_contradicts_writes_nothing_and_disturbs_no_node(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        await Devices.ApplyAsync(store.Database, [Meters.Meter("m")], prune: false, dryRun: false);
        var revision = await store.ScalarAsync<long>("select revision from polling_state");

        Assert.Equal("no", (await Devices.ChangeAsync(store.Database, _ => new FleetWish<string> { Wanted = [Meters.Meter("n")], Refusal = "no" }, dryRun: false)).Refusal);
        var orphan = await Devices.ChangeAsync(store.Database, _ => new FleetWish<string> { Wanted = [Meters.Meter("n") with { Parent = "nobody" }] }, dryRun: false);
        Assert.Equal("n.parent", orphan.Mistakes.Single().Path);
        Assert.Null((await Devices.RemoveAsync(store.Database, "nobody")).Device);
        Assert.Equal(revision, await store.ScalarAsync<long>("select revision from polling_state"));
        Assert.Equal(["m"], (await Devices.ListAsync(store.Database)).Select(device => device.Name));
    }

    /// <summary>A change within a transaction that has the gate.</summary>
    internal static void Apply(Transaction tx, params DeviceSpec[] wanted)
    {
        var stored = StoredFleet.Load(tx);
        FleetApply.Run(tx, stored, FleetDiff.Between(stored.Specs, wanted, prune: false));
    }
}
