using Rondo.Jobs;
using Rondo.Jobs.Recurring;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Jobs.Recurring;

/// <summary>Schedules that programs and operators define, and what a change of them does to the ledger.</summary>
[Collection(ScheduleCollection.Name)]
public sealed class DefinitionTests
{
    private static readonly TimeSpan _minute = TimeSpan.FromMinutes(1);
    private static readonly ScheduleOptions _allow = new() { Overlap = OverlapPolicy.Allow };

    [Theory, BothDatabases]
    public async Task What_a_program_defines_is_stored_at_its_start_and_a_second_start_changes_nothing(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind, Defined());
        await rig.PassAsync();
        var first = await rig.Schedules.ListAsync();
        Assert.Equal(["night", "tick"], first.Schedules.Select(s => s.Name));
        var night = first.Schedules[0];
        Assert.Equal(("code", "0 3 * * *", "Europe/Berlin", "within:1h", "queue", 7, 1), (night.Source, night.Cron, night.Zone, night.Missed, night.Overlap, night.Priority, night.Revision));
        Assert.Equal("2026-03-02T02:00:00Z", night.NextDue.ToString());
        Assert.Equal("once skip 2m", $"{first.Schedules[1].Missed} {first.Schedules[1].Overlap} {first.Schedules[1].Every}");

        await rig.WalkAsync(TimeSpan.FromSeconds(90), 1);
        rig.Restart(Defined());
        await rig.PassAsync();
        var second = await rig.Schedules.ListAsync();
        Assert.Equal(first.Schedules.Select(s => (s.Name, s.Revision, s.ChangedAt, s.NextDue)), second.Schedules.Select(s => (s.Name, s.Revision, s.ChangedAt, s.NextDue)));

        // The interval still counts from the first start.
        await rig.WalkAsync(TimeSpan.FromSeconds(30), 1);
        Assert.Equal(["00:02 enqueued"], await rig.LedgerAsync("tick"));

        static JobSchedules Defined() => new JobSchedules()
            .Add("night", "0 3 * * *", "Europe/Berlin", new Work("n"), new ScheduleOptions
            {
                Missed = MissedPolicy.Within(TimeSpan.FromHours(1)), Overlap = OverlapPolicy.Queue, Job = new EnqueueOptions { Priority = 7, Metadata = new Dictionary<string, string> { ["b"] = "1", ["a"] = "2" } },
            })
            .AddEvery("tick", TimeSpan.FromSeconds(120), new Work("t"));
    }

    [Theory, BothDatabases]
    public async Task A_changed_timing_goes_on_without_holes_and_what_was_due_before_has_its_outcome_by_the_old_one(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind, Every("*/10 * * * *", "old"));
        await rig.PassAsync();
        await rig.WalkAsync(TimeSpan.FromMinutes(10), 1);

        // Down for half an hour, and back with another timing and other arguments.
        rig.Advance(TimeSpan.FromMinutes(33));
        rig.Restart(Every("*/7 * * * *", "new"));
        await rig.PassAsync();
        await rig.WalkAsync(TimeSpan.FromMinutes(7), 2);
        Assert.Equal(["00:10 enqueued", "00:20-00:30 2 missed", "00:40 enqueued", "00:49 enqueued", "00:56 enqueued"], await rig.LedgerAsync("s"));
        Assert.Equal("old new new new", string.Join(' ', (await rig.JobsAsync("s")).Select(j => j.Args.Contains("old", StringComparison.Ordinal) ? "old" : "new")));
        Assert.Equal(2, (await rig.Schedules.ShowAsync("s"))!.Schedule.Revision);

        // Arguments alone leave the timing as it is.
        rig.Restart(Every("*/7 * * * *", "newer"));
        await rig.PassAsync();
        Assert.Equal("2026-03-02T01:00:00Z", (await rig.Schedules.ShowAsync("s"))!.Schedule.NextDue.ToString());
        await rig.WalkAsync(TimeSpan.FromMinutes(7), 1);
        await rig.ProveAsync("s");

        // A pause of an operator outlives a start with a changed definition.
        await rig.Schedules.PauseAsync("s", isPaused: true);
        rig.Advance(TimeSpan.FromMinutes(30));
        rig.Restart(Every("*/5 * * * *", "newest"));
        await rig.PassAsync();
        await rig.WalkAsync(TimeSpan.FromMinutes(5), 1);
        Assert.True((await rig.Schedules.ShowAsync("s"))!.Schedule.IsPaused);
        Assert.Equal(["01:07-01:28 4 paused", "01:35 paused"], (await rig.LedgerAsync("s"))[^2..]);
        await rig.ProveAsync("s");

        static JobSchedules Every(string cron, string name) => new JobSchedules().Add("s", cron, null, new Work(name), _allow);
    }

    [Theory, BothDatabases]
    public async Task A_change_after_months_without_a_node_takes_its_time_and_loses_nothing(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        await rig.AddAsync("s", every: "1s");
        rig.Advance(TimeSpan.FromSeconds((3 * DueWalk.Most) + 5.5));
        var changed = await rig.AddAsync("s", cron: "0 0 * * *", mayReplace: true);
        Assert.Equal("2026-03-03T00:00:00Z", changed.Schedule.NextDue.ToString());
        Assert.Equal(2, (await rig.LedgerAsync("s")).Length);
        Assert.Equal((3 * DueWalk.Most) + 5, (await rig.ProveAsync("s")).Expected);

        // The same for the end of a long pause.
        await rig.AddAsync("s", every: "1s", mayReplace: true);
        await rig.Schedules.PauseAsync("s", isPaused: true);
        rig.Advance(TimeSpan.FromSeconds(2 * DueWalk.Most));
        await rig.Schedules.PauseAsync("s", isPaused: false);
        Assert.EndsWith($"{2 * DueWalk.Most} paused", (await rig.LedgerAsync("s"))[^1], StringComparison.Ordinal);
        await rig.ProveAsync("s");
    }

    [Theory, BothDatabases]
    public async Task What_a_program_no_longer_defines_goes_on_and_is_shown_as_such_until_it_is_removed(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind, new JobSchedules().AddEvery("a", _minute, new Work("a"), _allow).AddEvery("b", _minute, new Work("b"), _allow));
        await rig.PassAsync();
        await rig.AddAsync("own", every: "1m");
        rig.Restart(new JobSchedules().AddEvery("b", _minute, new Work("b"), _allow));
        await rig.PassAsync();
        Assert.Equal("a True, b False, own False", await ShowAsync());

        // A node that defines nothing has nothing to say about it, nor has another program.
        rig.Restart();
        await rig.PassAsync();
        rig.Restart(new JobSchedules("billing").AddEvery("bill", _minute, new Work("c"), _allow));
        await rig.PassAsync();
        Assert.Equal("a True, b False, bill False, own False", await ShowAsync());
        await rig.WalkAsync(_minute, 1);
        Assert.Equal(["00:01 enqueued"], await rig.LedgerAsync("a"));

        // It may be taken over, or removed; what is defined is the program's.
        var refused = await Assert.ThrowsAsync<ScheduleRefused>(() => rig.AddAsync("b", every: "5m", mayReplace: true));
        Assert.Contains("defined by the program (code)", refused.Message, StringComparison.Ordinal);
        Assert.Equal("operator", (await rig.AddAsync("a", every: "5m", mayReplace: true)).Schedule.Source);
        Assert.Equal("b", (await rig.Schedules.RemoveAsync("b"))!.Name);
        Assert.Null(await rig.Schedules.RemoveAsync("b"));
        await rig.WalkAsync(_minute, 1);
        Assert.Single(await rig.JobsAsync("b"));
        Assert.True((await Assert.ThrowsAsync<ScheduleRefused>(() => rig.AddAsync("own", every: "5m"))).IsTaken);

        // Defined again it is the program's again, and of a removed one the ledger begins anew.
        rig.Restart(new JobSchedules().AddEvery("a", _minute, new Work("a"), _allow).AddEvery("b", _minute, new Work("b"), _allow));
        await rig.PassAsync();
        Assert.Equal("a False, b False, bill False, own False", await ShowAsync());
        await rig.WalkAsync(_minute, 1);
        Assert.Equal(["00:03 enqueued"], await rig.LedgerAsync("b"));
        Assert.True((await rig.Schedules.ProveAsync("b"))!.IsClean);
        await rig.ProveAsync("a");

        async Task<string> ShowAsync() => string.Join(", ", (await rig.Schedules.ListAsync()).Schedules.Select(s => $"{s.Name} {s.UndefinedAt is not null}"));
    }

    [Fact]
    public async Task What_is_wrong_with_a_schedule_is_told_where_it_is_written_or_started()
    {
        Assert.Contains("field", Assert.Throws<ArgumentException>(() => new JobSchedules().Add("s", "* *", null, new Work("a"))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new JobSchedules().Add("s", "* * * * *", "Europe/Berlim", new Work("a")));
        Assert.Throws<ArgumentException>(() => new JobSchedules().AddEvery("s", _minute, new Work("a")).AddEvery("s", _minute, new Work("a")));
        Assert.Throws<ArgumentException>(() => new JobSchedules("operator"));
        Assert.Throws<ArgumentOutOfRangeException>(() => new JobSchedules().AddEvery("s", TimeSpan.FromMilliseconds(1), new Work("a")));
        Assert.Throws<ArgumentOutOfRangeException>(() => MissedPolicy.All(501));
        Assert.Throws<ArgumentOutOfRangeException>(() => MissedPolicy.Within(TimeSpan.Zero));
        foreach (var text in new[] { "skip", "once", "all:7", "within:90s", "within:10m" })
        {
            Assert.True(MissedPolicy.TryParse(text, out var policy) && policy.Text == text, text);
        }

        Assert.All(["", "never", "all", "all:0", "all:x", "within:", "within:500ms", "skip:1"], text => Assert.False(MissedPolicy.TryParse(text, out _), text));

        await using var rig = await ScheduleRig.StartAsync(DatabaseKind.Sqlite);
        await WrongAsync("name", new() { Name = "a b", Kind = "work", When = new(Every: "1m") });
        await WrongAsync("kind", new() { Name = "s", Kind = "wok", When = new(Every: "1m") });
        await WrongAsync("args/name", new() { Name = "s", Kind = "work", Args = """{"name":1}""", When = new(Every: "1m") });
        await WrongAsync("cron", Good(new("61 * * * *")));
        await WrongAsync("zone", Good(new("1 * * * *", "Mars/Base")));
        await WrongAsync("every", Good(new(Every: "500ms")));
        await WrongAsync("", Good(new()));
        await WrongAsync("", Good(new(Every: "1m")) with { Options = new() { Job = new() { Delay = _minute } } });
        await WrongAsync("priority", Good(new(Every: "1m")) with { Options = new() { Job = new() { Priority = 500 } } });
        await WrongAsync("metadata", Good(new(Every: "1m")) with { Options = new() { Job = new() { Metadata = new Dictionary<string, string> { ["schedule"] = "x" } } } });
        Assert.Empty((await rig.Schedules.ListAsync()).Schedules);
        Assert.Equal(["2026-03-02T00:01:00Z", "2026-03-02T00:02:00Z"], rig.Schedules.Preview(Good(new(Every: "1m"))).Take(2).Select(n => n.ToString()));

        ScheduleDefinition Good(Rondo.Jobs.Schedules.ScheduleText when) => new() { Name = "s", Kind = "work", Args = """{"name":"x"}""", When = when };

        async Task WrongAsync(string field, ScheduleDefinition wanted) =>
            Assert.Equal(field, (await Assert.ThrowsAsync<ScheduleRefused>(() => rig.Schedules.AddAsync(wanted, mayReplace: true))).Field);
    }
}
