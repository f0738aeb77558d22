using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;
using Rondo.Storage;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Polling.Fleet;

/// <summary>A plan never ends before what the ledger holds of it, whatever the clock did and whoever was writing meanwhile.</summary>
public sealed class PlanFollowTests
{
    private const string Line = "10.0.0.1:502";

    [Theory, BothDatabases]
    public async Task An_edit_after_the_clock_was_set_back_takes_effect_where_the_ledger_ends(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m"), Meters.Meter("n", unit: 2));
        await rig.RunAsync(TimeSpan.FromSeconds(70));
        var last = await rig.Store.ScalarAsync<Instant>("select max(slot) from poll");
        rig.Time.StepWall(TimeSpan.FromSeconds(-50));
        await rig.ClockPassAsync();
        await rig.ApplyAsync(Meters.Meter("m", seconds: 2), Meters.Meter("n", unit: 2), Meters.Meter("new", unit: 3));

        Assert.Equal([new Instant(last.Micros + 1)], await rig.Store.QueryAsync<Instant>("select until_at from poll_plan where until_at is not null"));
        Assert.Equal(rig.Now + TimeSpan.FromSeconds(1), await rig.Store.ScalarAsync<Instant>("select p.from_at from poll_plan p join poll_group g on g.id = p.group_id join device d on d.id = g.device_id where d.name = 'new'"));
        await rig.RunAsync(TimeSpan.FromSeconds(80));
        await rig.ProveAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(0, rig.Recorder.Totals.OffPlan);
    }

    [Theory, BothDatabases]
    public async Task A_pause_after_the_clock_was_set_back_does_not_cut_a_gap_that_is_recorded(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m", seconds: 5));
        await rig.RunAsync(TimeSpan.FromSeconds(12));

        // Nobody is there for three days; then one row says so, and nothing newer is in the ledger yet.
        await rig.RunAsync(TimeSpan.Zero);
        rig.Time.Advance(TimeSpan.FromDays(3));
        await using var next = await rig.RestartAsync();
        await next.FleetPassAsync();
        await next.RecordAsync();
        Assert.True(await rig.Store.ScalarAsync<int>("select max(slots) from poll") > 51_000);
        next.Time.StepWall(TimeSpan.FromMinutes(-2));
        await next.ClockPassAsync();
        await Devices.SetPollingAsync(next.Database, "m", on: false);
        await next.RunAsync(TimeSpan.FromSeconds(30));
        await Devices.SetPollingAsync(next.Database, "m", on: true);
        await next.RunAsync(TimeSpan.FromMinutes(3), TimeSpan.FromMilliseconds(500));

        await next.ProveAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(0, next.Recorder.Totals.OffPlan);
    }

    [Theory, BothDatabases]
    public async Task What_was_polled_but_not_yet_recorded_when_its_plan_ended_before_it_is_refused_and_polled_again(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m"));
        await rig.RunAsync(TimeSpan.FromSeconds(20));
        var last = await rig.Store.ScalarAsync<Instant>("select max(slot) from poll");

        // Five more polls wait in memory for the database when the clock is set back and the interval changes.
        rig.Database.Before = name => name.StartsWith("polling.record", StringComparison.Ordinal) ? SteeredDatabase.Away(name) : null;
        await rig.RunAsync(TimeSpan.FromSeconds(5));
        var waiting = rig.Recorder.Waiting;
        Assert.InRange(waiting, 4, 6);
        rig.Time.StepWall(TimeSpan.FromSeconds(-15));
        await rig.ClockPassAsync();
        await rig.ApplyAsync(Meters.Meter("m", seconds: 3));
        rig.Database.Before = null;
        await rig.RunAsync(TimeSpan.FromSeconds(40));

        Assert.Equal(new Instant(last.Micros + 1), await rig.Store.ScalarAsync<Instant>("select from_at from poll_plan where no = 2"));
        await rig.ProveAsync(TimeSpan.FromSeconds(3));
        Assert.Equal(waiting, rig.Recorder.Totals.OffPlan);
    }

    [Theory, BothDatabases]
    public async Task A_group_that_was_made_before_the_clock_was_set_back_and_is_switched_on_after_it_begins_at_once(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m") with { Enabled = false });
        rig.Time.StepWall(TimeSpan.FromMinutes(-10));
        await rig.ClockPassAsync();
        await rig.ApplyAsync(Meters.Meter("m"));
        await rig.RunAsync(TimeSpan.FromSeconds(5));
        Assert.InRange(rig.Device(Line).Reads.Count, 3, 5);
        await rig.ProveAsync(TimeSpan.FromSeconds(1));
    }

    [Theory, BothDatabases]
    public async Task The_same_instant_in_the_old_plan_and_in_the_new_one_is_recorded_for_the_new_one(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Aligned(1));
        await rig.RunAsync(TimeSpan.FromSeconds(10));

        // What waits in memory, refused as off plan, comes in one batch with the polls of the new plan.
        rig.Database.Before = name => name.StartsWith("polling.record", StringComparison.Ordinal) ? SteeredDatabase.Away(name) : null;
        await rig.RunAsync(TimeSpan.FromSeconds(4));
        rig.Time.StepWall(TimeSpan.FromSeconds(-10));
        await rig.ClockPassAsync();
        await rig.ApplyAsync(Aligned(2));
        rig.Device(Line).RefusedPoint = 1;
        await rig.RunAsync(TimeSpan.FromSeconds(15));
        rig.Database.Before = null;
        await rig.RunAsync(TimeSpan.FromSeconds(2));

        await rig.ProveAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(4, rig.Recorder.Totals.OffPlan);
        Assert.Equal(
            await rig.Store.QueryAsync<Instant>("select slot from poll where plan_no = 2 and outcome = 'partial' order by 1"),
            await rig.Store.QueryAsync<Instant>("select at from reading where series = 'm/p0' and at not in (select at from reading where series = 'm/p1') order by 1"));
        Assert.Equal(rig.Recorder.Totals.Partial, await rig.Store.ScalarAsync<long>("select count(*) from poll where outcome = 'partial'"));
    }

    [Fact]
    public async Task A_batch_that_comes_while_plans_are_being_changed_waits_for_them()
    {
        // On SQLite there is one writer anyway.
        await using var rig = await PollingRig.StartAsync(DatabaseKind.Postgres);
        await rig.ApplyAsync(Meters.Meter("m"));
        await rig.RunAsync(TimeSpan.FromSeconds(5));
        using var followed = new SemaphoreSlim(0);
        using var commit = new SemaphoreSlim(0);

        // Slots beyond the old plan's end fire, since nobody knows of it; their rows come before its commit.
        var end = rig.Now + FleetApply.Lead;
        for (var n = 0; n < 40; n++)
        {
            rig.Time.Advance(TimeSpan.FromMilliseconds(100));
            await rig.FireAsync();
            await rig.QuietAsync();
        }

        var edit = rig.Database.WriteLongAsync("edit", tx =>
        {
            FleetStore.BeginChange(tx);

            // The machine may be slow, and the server is not to take it for one that stands still.
            tx.Execute(new Sql("test", "set local idle_in_transaction_session_timeout = '2min'"));
            tx.Execute(new Sql("test", "update poll_group set interval_us = 3000000"));
            tx.Execute(new Sql("test", "update device set revision = (select revision from polling_state)"));
            PlanStore.Follow(tx, end);
            followed.Release();
            Assert.True(commit.Wait(TimeSpan.FromMinutes(1)), "the test lets it commit");
            return true;
        });
        Assert.True(await followed.WaitAsync(TimeSpan.FromSeconds(30)), "the plans are changed and not committed");

        // It gives up after a while, and is tried again.
        var recorded = Task.Run(async () =>
        {
            while (rig.Recorder.Waiting > 0)
            {
                await rig.RecordAsync();
            }
        });
        await Task.WhenAny(recorded, BlockedAsync(rig, recorded));
        Assert.False(recorded.IsCompleted, "the batch waits");
        commit.Release();
        await edit;
        await recorded.WaitAsync(TimeSpan.FromMinutes(2));
        Assert.DoesNotContain(rig.Faults, fault => !fault.IsTransient);

        await rig.RunAsync(TimeSpan.FromSeconds(10));
        await rig.ProveAsync(TimeSpan.FromSeconds(3));
        Assert.InRange(rig.Recorder.Totals.OffPlan, 2, 4);
    }

    private static DeviceSpec Aligned(double seconds) =>
        Meters.Meter("m") with { Groups = [Meters.Group(seconds: seconds) with { Align = true }] };

    private static async Task BlockedAsync(PollingRig rig, Task recorded)
    {
        while (!recorded.IsCompleted
            && await rig.Store.ScalarAsync<int>("select count(*) from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())") == 0)
        {
            await Task.Yield();
        }
    }
}
