using System.Text.Json;
using Rondo.Drivers;
using Rondo.Live.Log;
using Rondo.Polling;
using Rondo.Storage;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Polling.Ledger;

/// <summary>A changed status is in the log of events with the poll that changed it, once.</summary>
public sealed class StatusEventTests
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    [Theory, BothDatabases]
    public async Task Each_change_of_a_status_is_one_event_with_both_statuses(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind, new PollingOptions { FailureThreshold = 2 });
        await rig.ApplyAsync(Meters.Meter("m0", "10.0.0.1:502") with { Category = "meters" });
        await rig.RunAsync(_second * 2);
        rig.Device("10.0.0.1:502").Answer = _ => ReadFault.Closed;
        await rig.RunAsync(_second * 5);
        rig.Device("10.0.0.1:502").Answer = _ => ReadFault.None;
        await rig.RunAsync(_second * 40);
        var told = await ToldAsync(rig);
        Assert.Equal(["unknown online", "online degraded", "degraded offline", "offline online"], told.Select(t => t.Change));
        Assert.All(told, t => Assert.Equal(("device_status_changed", "devices." + t.Device, "categories.meters"), (t.Event.Name, t.Event.Topic, t.Event.AlsoOn)));
        Assert.Equal(["online"], await rig.Store.QueryAsync<string>("select status from device"));
    }

    [Theory, BothDatabases]
    public async Task When_the_answer_to_a_commit_is_lost_its_event_is_there_once(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m0", "10.0.0.1:502"));
        var lost = 0;
        rig.Database.After = name => name == "polling.record" && lost++ == 0 ? SteeredDatabase.Away(name) : null;
        await rig.RunAsync(_second * 4);
        Assert.True(lost > 1);
        Assert.Equal(["unknown online"], (await ToldAsync(rig)).Select(t => t.Change));
    }

    private static async Task<List<(string Change, long Device, LoggedEvent Event)>> ToldAsync(PollingRig rig)
    {
        if (rig.Database.Dialect == Dialect.Postgres)
        {
            await rig.Database.WriteAsync("test", tx => EventStore.Sequence(tx, 1_000));
        }

        var events = await rig.Database.ReadAsync("test", tx => EventStore.After(tx, 0, 1_000));
        return [.. events.Select(e =>
        {
            using var data = JsonDocument.Parse(e.Data);
            var root = data.RootElement;
            return ($"{root.GetProperty("old_status").GetString()} {root.GetProperty("new_status").GetString()}", root.GetProperty("device_id").GetInt64(), e);
        })];
    }
}
