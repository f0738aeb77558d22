using FsCheck;
using FsCheck.Fluent;
using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;
using Xunit;

namespace Rondo.Tests.Polling.Configuration;

/// <summary>What applying a file does, and how busy it makes the endpoints.</summary>
public class Fleet_difference
{
    [Fact]
    public void The_same_file_again_changes_nothing()
    {
        var text = Manual_page.Blocks()[0];
        var diff = FleetDiff.Between(DeviceFile.Parse(text, "f").Devices, DeviceFile.Parse(text, "f").Devices, prune: true);
        Assert.True(diff.IsEmpty);
        Assert.Equal(203, diff.Unchanged);
    }

    [Fact]
    public void Storing_and_reading_back_is_no_difference_and_order_is_none_either() =>
        Prop.ForAll(Spec_generators.Specs().ToArbitrary(), device =>
        {
            var turned = device with
            {
                Tags = device.Tags.Reverse().ToArray(),
                Groups = device.Groups.Reverse().Select(group => group with { Points = group.Points.Reverse().ToArray() }).ToArray(),
            };
            return FleetDiff.Between([device], [turned], prune: true) is { IsEmpty: true, Unchanged: 1 };
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Added_changed_kept_and_removed()
    {
        DeviceSpec[] stored = [Fleet.Device("a"), Fleet.Device("b"), Fleet.Device("c")];
        DeviceSpec[] wanted = [Fleet.Device("d"), Fleet.Device("b", "10.0.0.2:502"), Fleet.Device("a")];
        var diff = FleetDiff.Between(stored, wanted, prune: false);
        Assert.Equal(("d", "b", 0, 1, 1), (diff.Added.Single().Name, diff.Changed.Single().After.Name, diff.Removed.Count, diff.Unchanged, diff.Kept));
        var pruned = FleetDiff.Between(stored, wanted, prune: true);
        Assert.Equal(("c", 0), (pruned.Removed.Single().Name, pruned.Kept));
    }

    [Fact]
    public void Every_change_is_told_by_its_field()
    {
        var before = Fleet.Device("a", "10.0.0.1:502", Fleet.Group("fast", 1, Fleet.Point("x", 1), Fleet.Point("y", 3)), Fleet.Group("gone", 60)) with { Tags = ["t"] };
        var after = Fleet.Device("a", "10.0.0.2:502", Fleet.Group("fast", 2, Fleet.Point("x", 1) with { Modbus = new ModbusPoint { Address = 1, Scale = 0.10m, Order = ModbusOrder.CDAB } }, Fleet.Point("z", 5)),
            Fleet.Group("new", 5, Fleet.Point("w"), Fleet.Point("v"))) with
        {
            Enabled = false,
            Parent = "p",
            Endpoint = new() { ResponseTimeout = TimeSpan.FromSeconds(2) },
            Modbus = new() { Unit = 9 },
        };
        Assert.Equal(
            [
                "address: 10.0.0.1:502 → 10.0.0.2:502",
                "parent: (none) → p",
                "enabled: true → false",
                "endpoint.response_timeout: 1s → 2s",
                "unit: 1 → 9",
                "tags: t → (none)",
                "groups[fast].interval: 1s → 2s",
                "groups[fast].points[x].order: ABCD → CDAB",
                "groups[fast].points[x].scale: 1 → 0.1",
                "groups[fast].points[z]: (none) → input 5 float32",
                "groups[fast].points[y]: input 3 float32 → (none)",
                "groups[new]: (none) → every 5s, 2 points",
                "groups[gone]: every 1m, 1 point → (none)",
            ],
            DeviceDiff.Between(before, after).Select(change => change.ToString()));
    }

    [Fact]
    public void Endpoints_above_seventy_percent_are_named_with_their_largest_groups()
    {
        var fleet = Enumerable.Range(1, 10).Select(i => Fleet.Device($"m{i}", "gw:502", Fleet.Group("main", i == 3 ? 1 : 10)))
            .Append(Fleet.Device("off", "gw:502", Fleet.Group("main", 1)) with { Enabled = false })
            .Append(Fleet.Device("paused", "gw:502", Fleet.Group("main", 1) with { Enabled = false }))
            .Append(Fleet.Device("calm", "other:502")).ToArray();
        var load = Assert.Single(BusLoad.Above(fleet, (_, _) => TimeSpan.FromMilliseconds(400)));
        Assert.Equal(0.4 + (9 * 0.04), load.Load, 6);
        Assert.Equal(("m3", 10), (load.Largest[0].Device, load.Groups));
        Assert.StartsWith("gw:502: planned requests need 76", load.ToString(), StringComparison.Ordinal);
        Assert.Contains("largest: m3/main 40", load.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, BusLoad.Above(fleet, (_, _) => TimeSpan.FromMilliseconds(400), 0).Count);
        Assert.Empty(BusLoad.Above(fleet, (_, _) => TimeSpan.FromMilliseconds(300)));
    }
}
