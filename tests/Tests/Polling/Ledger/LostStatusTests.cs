using Rondo.Drivers;
using Rondo.Live;
using Rondo.Polling;
using Rondo.Polling.Runtime;
using Rondo.Storage;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Polling.Ledger;

/// <summary>A status is written with the poll that caused it. When that poll's row is not written, the device must not keep the old one for ever.</summary>
public sealed class LostStatusTests
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    [Theory, BothDatabases]
    public async Task A_status_refused_with_its_row_twice_is_written_and_told_by_the_third_poll(DatabaseKind kind)
    {
        await using var rig = await DegradedAsync(kind, new PollingOptions { FailureThreshold = 100 }, 1);
        using var events = rig.Bus.Subscribe(e => e.Name == "device_status_changed");
        var group = rig.Group("m0");
        foreach (var n in new[] { 0, 1 })
        {
            // What the next polls will bring stands there already.
            await rig.Store.ExecuteAsync(
                "insert into poll (slot, group_id, plan_no, slots, outcome, reason, lease_no) values (@at, @group, 1, 1, 'missed', 'late', 1)",
                new { at = new Instant(group.NextSlot + (n * 1_000_000)), group = group.Id });
        }

        rig.Device("10.0.0.1:502").Answer = _ => ReadFault.None;
        await rig.RunAsync(_second * 2);
        Assert.Equal(2, rig.Recorder.Totals.Duplicates);
        Assert.Equal(["degraded"], await StatusesAsync(rig));
        Assert.Empty(Told(events));
        await rig.RunAsync(_second);
        Assert.Equal(["online"], await StatusesAsync(rig));
        Assert.Equal(["m0 online"], Told(events));
        await rig.RunAsync(_second * 3);
        Assert.Empty(Told(events));
    }

    [Theory, BothDatabases]
    public async Task A_status_that_the_full_spool_could_not_keep_is_written_and_told_after_the_outage(DatabaseKind kind)
    {
        await using var rig = await DegradedAsync(kind, new PollingOptions { FailureThreshold = 100, Spool = 3 }, 10);
        using var events = rig.Bus.Subscribe(e => e.Name == "device_status_changed");
        rig.Database.Before = name => name.StartsWith("polling.record", StringComparison.Ordinal) ? SteeredDatabase.Away(name) : null;
        foreach (var session in rig.Field.Values)
        {
            session.Answer = _ => ReadFault.None;
        }

        await rig.RunAsync(_second * 2);
        Assert.True(rig.Recorder.IsOverflowing);
        Assert.Contains(rig.Armory.Groups.Values, g => g.Device.IsStatusStale);
        Assert.Equal("degraded", Assert.Single((await StatusesAsync(rig)).Distinct()));
        rig.Database.Before = null;
        await rig.RunAsync(_second * 3);
        Assert.Equal(["online"], (await StatusesAsync(rig)).Distinct());
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"m{i} online"), Told(events).Order());
    }

    /// <summary>Meters that did not answer their last polls, and whose breakers let every poll through.</summary>
    private static async Task<PollingRig> DegradedAsync(DatabaseKind kind, PollingOptions options, int count)
    {
        var rig = await PollingRig.StartAsync(kind, options);
        for (var i = 1; i <= count; i++)
        {
            // Asked, and no answer worth the name: the device fails, not the way to it.
            rig.Device($"10.0.0.{i}:502").Answer = _ => ReadFault.Closed;
        }

        await rig.ApplyAsync([.. Enumerable.Range(0, count).Select(i => Meters.Meter($"m{i}", $"10.0.0.{i + 1}:502"))]);
        await rig.RunAsync(_second * 4);
        Assert.Equal(["degraded"], (await StatusesAsync(rig)).Distinct());
        return rig;
    }

    private static Task<List<string>> StatusesAsync(PollingRig rig) => rig.Store.QueryAsync<string>("select status from device order by id");

    private static List<string> Told(EventBus.Subscription events)
    {
        var told = new List<string>();
        while (events.Events.TryRead(out var happened))
        {
            var change = (DeviceStatusChanged)happened.Data;
            told.Add($"{change.Device} {change.Status}");
        }

        return told;
    }
}
