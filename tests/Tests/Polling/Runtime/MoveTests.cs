using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Polling.Runtime;

/// <summary>A device that moves to another address takes its slots along, and one that is stopped on the way is stopped.</summary>
public sealed class MoveTests
{
    private const string Here = "10.0.0.1:502";
    private const string There = "10.0.0.2:502";

    [Theory, BothDatabases]
    public async Task What_was_polled_at_the_old_address_is_recorded_after_the_move(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m", Here), Meters.Meter("other", There, 2));
        await rig.RunAsync(TimeSpan.FromSeconds(5));
        rig.Database.Before = name => name.StartsWith("polling.record", StringComparison.Ordinal) ? SteeredDatabase.Away(name) : null;
        await rig.RunAsync(TimeSpan.FromSeconds(4));
        Assert.InRange(rig.Recorder.Waiting, 7, 9);
        await rig.ApplyAsync(Meters.Meter("m", There), Meters.Meter("other", There, 2));
        await rig.RunAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(0, await rig.Store.ScalarAsync<int>("select count(*) from endpoint where owner is not null and address = @Here", new { Here }));
        rig.Database.Before = null;

        var validation = await rig.ProveAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(0, rig.Recorder.Totals.Fenced);
        Assert.Empty(validation.Missed);
    }

    [Theory, BothDatabases]
    public async Task What_was_recorded_without_an_answer_before_the_move_is_no_duplicate_after_it(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m", Here), Meters.Meter("other", There, 2));
        await rig.RunAsync(TimeSpan.FromSeconds(3));

        // Given back and claimed again, the other endpoint has another lease number.
        await rig.ApplyAsync(Meters.Meter("m", Here));
        await rig.RunAsync(TimeSpan.FromSeconds(5));
        await rig.ApplyAsync(Meters.Meter("m", Here), Meters.Meter("other", There, 2));
        await rig.RunAsync(TimeSpan.FromSeconds(3));
        rig.Database.After = name => name.StartsWith("polling.record", StringComparison.Ordinal) ? SteeredDatabase.Away(name) : null;
        await rig.RunAsync(TimeSpan.FromSeconds(1));
        Assert.NotEmpty(rig.Faults);
        await rig.ApplyAsync(Meters.Meter("m", There), Meters.Meter("other", There, 2));
        rig.Database.After = null;
        Assert.Equal(2, await rig.Store.ScalarAsync<int>("select max(lease_no) from endpoint"));

        Assert.Empty((await rig.ProveAsync(TimeSpan.FromSeconds(1))).Missed);
    }

    [Theory, BothDatabases]
    public async Task What_was_recorded_without_an_answer_at_the_second_of_three_addresses_is_no_duplicate_at_the_third(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m", Here), Meters.Meter("other", There, 2));
        await rig.RunAsync(TimeSpan.FromSeconds(3));

        // Given back, it will have a lease number that no other endpoint has.
        await rig.ApplyAsync(Meters.Meter("m", Here));
        await rig.RunAsync(TimeSpan.FromSeconds(5));
        await rig.Store.ExecuteAsync("update endpoint set lease_no = 7 where address = @There", new { There });
        rig.Database.Before = name => name.StartsWith("polling.record", StringComparison.Ordinal) ? SteeredDatabase.Away(name) : null;
        await rig.RunAsync(TimeSpan.FromSeconds(2));
        await rig.ApplyAsync(Meters.Meter("m", There));
        await rig.RunAsync(TimeSpan.FromSeconds(2));
        rig.Database.Before = null;
        rig.Database.After = name => name.StartsWith("polling.record", StringComparison.Ordinal) ? SteeredDatabase.Away(name) : null;
        await rig.RecordAsync();
        Assert.Equal(8, await rig.Store.ScalarAsync<int>("select max(lease_no) from poll"));
        await rig.ApplyAsync(Meters.Meter("m", Here));
        rig.Database.After = null;

        // The proof counts duplicates.
        Assert.Empty((await rig.ProveAsync(TimeSpan.FromSeconds(1))).Missed);
        await new LedgerCheck(rig).RunAsync();
    }

    [Theory, BothDatabases]
    public async Task What_was_polled_at_an_address_that_was_given_back_since_is_recorded_when_the_device_is_there_again(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m", Here), Meters.Meter("other", There, 2));
        await rig.RunAsync(TimeSpan.FromSeconds(5));
        rig.Database.Before = name => name.StartsWith("polling.record", StringComparison.Ordinal) ? SteeredDatabase.Away(name) : null;
        await rig.RunAsync(TimeSpan.FromSeconds(4));
        await rig.ApplyAsync(Meters.Meter("m", There), Meters.Meter("other", There, 2));
        await rig.RunAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(0, await rig.Store.ScalarAsync<int>("select count(*) from endpoint where owner is not null and address = @Here", new { Here }));
        await rig.ApplyAsync(Meters.Meter("m", Here), Meters.Meter("other", There, 2));
        await rig.RunAsync(TimeSpan.FromSeconds(2));

        // Given back and claimed again, it has another lease number than the rows that wait since they were polled there.
        Assert.Equal(2, await rig.Store.ScalarAsync<int>("select lease_no from endpoint where address = @Here", new { Here }));
        Assert.InRange(rig.Recorder.Waiting, 14, 18);
        rig.Database.Before = null;

        var validation = await rig.ProveAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(0, rig.Recorder.Totals.Fenced);
        Assert.Empty(validation.Missed);
    }

    /// <summary>A gap of many short slots, taken for one of as many long ones, would reach far beyond its end.</summary>
    [Theory, BothDatabases]
    public async Task A_gap_under_an_earlier_rhythm_is_no_outcome_of_what_is_polled_before_a_move(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m", Here, seconds: 1));
        await rig.RunAsync(TimeSpan.FromSeconds(3));
        rig.Time.StepWall(TimeSpan.FromSeconds(20));
        await rig.ClockPassAsync();
        await rig.RunAsync(TimeSpan.FromSeconds(2));
        Assert.True(await rig.Store.ScalarAsync<int>("select max(slots) from poll") > 10);
        await rig.ApplyAsync(Meters.Meter("m", Here, seconds: 5));
        await rig.RunAsync(TimeSpan.FromSeconds(6));

        // A poll waits for its row while its device moves to where nobody is yet.
        rig.Database.Before = name => name.StartsWith("polling.record", StringComparison.Ordinal) ? SteeredDatabase.Away(name) : null;
        await rig.RunAsync(TimeSpan.FromSeconds(5));
        Assert.True(rig.Recorder.Waiting > 0);
        rig.LooksAtFleet = false;
        await rig.ApplyAsync(Meters.Meter("m", There, seconds: 5));
        rig.Database.Before = null;
        await rig.RecordAsync();
        rig.LooksAtFleet = true;
        Assert.Equal(0, rig.Recorder.Totals.Fenced);
        Assert.Equal(0, (await rig.ProveAsync(TimeSpan.FromSeconds(5))).Holes);
    }

    [Theory, BothDatabases]
    public async Task A_poll_that_runs_while_its_device_moves_ends_where_it_began(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Aligned(Here));
        rig.Device(Here).Takes = _ => TimeSpan.FromSeconds(2);
        await rig.RunAsync(TimeSpan.FromMilliseconds(5_500));
        Assert.True(rig.Device(Here).IsHeld, "a poll is running");
        await rig.ApplyAsync(Aligned(There));
        await rig.RunAsync(TimeSpan.FromSeconds(20));

        Assert.Single(rig.Device(Here).Reads);
        Assert.True(rig.Device(Here).IsDisposed, "nobody talks to the old address any more");
        Assert.Empty((await rig.ProveAsync(TimeSpan.FromSeconds(5))).Missed);
        Assert.Equal(rig.Recorder.Totals.Ok, rig.Device(There).Reads.Count + 1);
    }

    [Theory, BothDatabases]
    public async Task A_device_that_is_stopped_and_moved_before_the_node_looks_is_not_asked_any_more(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m", Here), Meters.Meter("other", Here, 2));
        await rig.RunAsync(TimeSpan.FromSeconds(5));

        // Nothing is due at the new address, so nobody takes it: the clock was set back, and the account reaches to the very end of the plan.
        rig.Time.StepWall(TimeSpan.FromSeconds(-20));
        await rig.ClockPassAsync();
        await rig.Recorder.FlushAsync(default);
        rig.LooksAtFleet = false;
        await Devices.SetPollingAsync(rig.Database, "m", on: false);
        await Devices.ApplyAsync(rig.Database, [Meters.Meter("m", There), Meters.Meter("other", Here, 2)], prune: true, dryRun: false);
        rig.LooksAtFleet = true;
        var asked = rig.Device(Here).Reads.Count(read => read.Unit == 1);
        await rig.RunAsync(TimeSpan.FromSeconds(40));
        Assert.Equal(asked, rig.Device(Here).Reads.Count(read => read.Unit == 1));
        Assert.Single(rig.Armory.Groups);
        await rig.ProveAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(0, rig.Recorder.Totals.OffPlan);
    }

    private static DeviceSpec Aligned(string address) =>
        Meters.Meter("m", address) with { Groups = [Meters.Group(seconds: 5) with { Align = true }] };

    [Theory, BothDatabases]
    public async Task A_device_that_is_removed_while_everything_of_it_is_accounted_for_is_not_asked_any_more(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m", Here), Meters.Meter("other", Here, 2));
        await rig.RunAsync(TimeSpan.FromSeconds(5));
        var asked = rig.Device(Here).Reads.Count(read => read.Unit == 1);

        // The clock is set back, and the account reaches to the very end of the ledger: the plan ends there, and nothing is due.
        rig.Time.StepWall(TimeSpan.FromSeconds(-20));
        await rig.ClockPassAsync();
        await rig.Recorder.FlushAsync(default);
        await rig.ApplyAsync(Meters.Meter("other", Here, 2));
        Assert.Single(rig.Armory.Groups);
        await rig.RunAsync(TimeSpan.FromSeconds(40));

        Assert.Equal(asked, rig.Device(Here).Reads.Count(read => read.Unit == 1));
        await rig.ProveAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(0, rig.Recorder.Totals.OffPlan);
    }
}
