using Rondo.Drivers;
using Rondo.Polling.Configuration;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Polling.Runtime;

/// <summary>The wall clock is set, forwards and backwards: nothing is lost and nothing fires twice.</summary>
public sealed class ClockStepTests
{
    private const string Line = "10.0.0.1:502";
    private static readonly TimeSpan _hour = TimeSpan.FromHours(1);

    [Theory, BothDatabases]
    public async Task An_hour_forward_is_recorded_as_clock_jump_and_polling_goes_on(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m", seconds: 10), Meters.Meter("n", unit: 2, seconds: 60));
        await rig.RunAsync(TimeSpan.FromMinutes(2), TimeSpan.FromMilliseconds(500));
        rig.Time.StepWall(_hour);
        await rig.RunAsync(TimeSpan.FromMinutes(2), TimeSpan.FromMilliseconds(500));

        var validation = await rig.ProveAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(["clock_jump"], validation.Missed.Keys);
        Assert.InRange(validation.Missed["clock_jump"], 418, 420); // 360 and 60; the newest of each may still run
        Assert.Equal(2, await rig.Store.ScalarAsync<int>("select count(*) from poll where reason = 'clock_jump'"));
        Assert.Equal(rig.Device(Line).Reads.Count, rig.Recorder.Totals.Ok);
    }

    [Theory, BothDatabases]
    public async Task A_step_that_somebody_else_measured_first_is_a_clock_jump_all_the_same(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m"));
        await rig.RunAsync(TimeSpan.FromSeconds(5));

        // The clock shows the new time from the measurement on: the slot loop may look at it before whoever measured has drawn a conclusion.
        rig.Time.StepWall(_hour);
        await rig.Database.MeasureClockAsync();
        await rig.TurnAsync();
        await rig.ClockPassAsync();

        var validation = await rig.ProveAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(["clock_jump"], validation.Missed.Keys);
        Assert.InRange(validation.Missed["clock_jump"], 3_599, 3_600);
    }

    [Theory]
    [InlineData(6)] // the waiting slot is too late when it gets its turn
    [InlineData(3_600)] // newer slots are due before it gets it
    public async Task A_slot_that_waited_when_the_clock_was_set_forward_is_passed_over_by_it(int seconds)
    {
        await using var rig = await PollingRig.StartAsync(DatabaseKind.Sqlite);
        await rig.ApplyAsync(Aligned("holder", 1, seconds: 5), Aligned("waits", 2, seconds: 10));
        rig.Device(Line).Takes = unit => TimeSpan.FromMilliseconds(unit == 1 ? 1_500 : 0);
        for (var step = 0; step < 200 && !rig.Armory.Groups.Values.Any(group => group.IsRunning && rig.Armory.Groups.Values.Any(other => other.IsWaiting)); step++)
        {
            await rig.RunAsync(TimeSpan.FromMilliseconds(100));
        }

        var waits = rig.Armory.Groups.Values.Single(group => group.Device.Name == "waits");
        Assert.True(waits.IsWaiting);
        rig.Time.StepWall(TimeSpan.FromSeconds(seconds));
        await rig.ClockPassAsync();
        await rig.RunAsync(TimeSpan.FromSeconds(25));

        Assert.Equal(["clock_jump"], (await rig.ProveAsync(TimeSpan.FromSeconds(10))).Missed.Keys);
    }

    [Theory, BothDatabases]
    public async Task An_hour_back_nothing_fires_until_time_is_past_the_last_slot_again(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m", seconds: 10), Meters.Meter("n", unit: 2, seconds: 60));
        await rig.RunAsync(TimeSpan.FromMinutes(3), TimeSpan.FromMilliseconds(500));
        var before = rig.Device(Line).Reads.Count;
        rig.Time.StepWall(-_hour);
        await rig.ClockPassAsync();
        await rig.RunAsync(_hour - TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3));
        Assert.Equal(before, rig.Device(Line).Reads.Count);
        await rig.RunAsync(TimeSpan.FromMinutes(2), TimeSpan.FromMilliseconds(500));

        var validation = await rig.ProveAsync(TimeSpan.FromSeconds(60));
        Assert.Empty(validation.Missed);
        Assert.Equal(rig.Device(Line).Reads.Count, rig.Recorder.Totals.Ok);
        Assert.True(validation.Recorded > before + 13);
    }

    [Fact]
    public async Task A_breaker_that_was_open_when_the_clock_was_set_back_does_not_stay_open_for_the_hour()
    {
        await using var rig = await PollingRig.StartAsync(DatabaseKind.Sqlite);
        await rig.ApplyAsync(Meters.Meter("m"));
        rig.Device(Line).Answer = _ => ReadFault.Refused;
        await rig.RunAsync(TimeSpan.FromSeconds(20));
        rig.Time.StepWall(-_hour);
        await rig.ClockPassAsync();
        rig.Device(Line).Answer = _ => ReadFault.None;

        // The group that was polled waits for its time to come again; a new one on the same line need not.
        await rig.ApplyAsync(Meters.Meter("m"), Meters.Meter("new", unit: 2));
        await rig.RunAsync(TimeSpan.FromSeconds(10));
        Assert.InRange(rig.Device(Line).Reads.Count(read => read.Unit == 2), 8, 10);
    }

    [Theory, BothDatabases]
    public async Task Slots_that_are_late_after_the_clock_was_set_forward_and_back_are_late(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync(Meters.Meter("m"));
        await rig.RunAsync(TimeSpan.FromSeconds(3));
        rig.Time.StepWall(_hour);
        await rig.ClockPassAsync();
        rig.Time.StepWall(-_hour);
        await rig.ClockPassAsync();

        // No slot was passed over: the hour came and went between two looks. What a stall costs now is no jump.
        rig.Time.Advance(TimeSpan.FromSeconds(5));
        await rig.TurnAsync();
        Assert.Equal(["late"], (await rig.ProveAsync(TimeSpan.FromSeconds(1))).Missed.Keys);
    }

    private static DeviceSpec Aligned(string name, byte unit, double seconds) =>
        Meters.Meter(name, Line, unit) with { Groups = [Meters.Group(seconds: seconds) with { Align = true }] };
}
