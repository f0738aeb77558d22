using Rondo.Jobs;
using Rondo.Jobs.Pump;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Jobs.Recurring;

/// <summary>What becomes of ticks that are missed, that overlap, that are paused, and of those when clocks change.</summary>
[Collection(ScheduleCollection.Name)]
public sealed class PolicyTests
{
    private static readonly TimeSpan _minute = TimeSpan.FromMinutes(1);

    public static TheoryData<DatabaseKind, string, string> Missed
    {
        get
        {
            var rows = new TheoryData<DatabaseKind, string, string>();
            foreach (var kind in new[] { DatabaseKind.Sqlite, DatabaseKind.Postgres })
            {
                // Nobody was there from 00:00 to 01:02.
                rows.Add(kind, "skip", "00:10-01:00 6 missed");
                rows.Add(kind, "once", "00:10-00:50 5 missed, 01:00 enqueued");
                rows.Add(kind, "all:3", "00:10-00:30 3 missed, 00:40 enqueued, 00:50 enqueued, 01:00 enqueued");
                rows.Add(kind, "all:500", "00:10 enqueued, 00:20 enqueued, 00:30 enqueued, 00:40 enqueued, 00:50 enqueued, 01:00 enqueued");
                rows.Add(kind, "within:119s", "00:10-01:00 6 missed");
                rows.Add(kind, "within:2m", "00:10-00:50 5 missed, 01:00 enqueued");
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Missed))]
    public async Task Missed_ticks_are_treated_by_the_policy(DatabaseKind kind, string policy, string expected)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        Assert.True(MissedPolicy.TryParse(policy, out var missed));
        await rig.AddAsync("ten", cron: "*/10 * * * *", missed: missed, overlap: OverlapPolicy.Allow);
        rig.Advance(TimeSpan.FromMinutes(62));
        rig.Restart();
        await rig.PassAsync();
        Assert.Equal(expected, string.Join(", ", await rig.LedgerAsync("ten")));

        // And the next one is as ever, whatever the policy.
        await rig.WalkAsync(TimeSpan.FromMinutes(8), 1);
        Assert.EndsWith(", 01:10 enqueued", string.Join(", ", await rig.LedgerAsync("ten")), StringComparison.Ordinal);
        await rig.ProveAsync("ten");
    }

    [Theory, BothDatabases]
    public async Task A_node_that_comes_within_a_minute_has_missed_nothing_when_missed_ticks_are_skipped(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        await rig.AddAsync("ten", cron: "*/10 * * * *", missed: MissedPolicy.Skip, overlap: OverlapPolicy.Allow);
        rig.Advance(TimeSpan.FromMinutes(11));
        await rig.PassAsync();
        rig.Advance(TimeSpan.FromMinutes(10.5));
        await rig.PassAsync();
        Assert.Equal(["00:10 enqueued", "00:20 missed"], await rig.LedgerAsync("ten"));
    }

    [Theory, BothDatabases]
    public async Task Overlap_skip_leaves_out_ticks_until_the_job_before_has_ended_however_it_waits(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        await rig.AddAsync("m", every: "1m");
        await rig.WalkAsync(_minute, 2);
        var running = rig.Claim();
        await rig.WalkAsync(_minute, 2);

        // It fails and waits for its next attempt: it has not ended.
        rig.End(running, Outcome.Retry);
        await rig.Store.ExecuteAsync("update job_waiting set due = @due", new { due = rig.Now + TimeSpan.FromDays(1) });
        await rig.WalkAsync(_minute, 1);
        Assert.Equal(["00:01 enqueued", "00:02-00:05 4 overlap"], await rig.LedgerAsync("m"));
        var ticks = await rig.TicksAsync("m");
        Assert.Equal(ticks[0].JobId, ticks[1].JobId);

        var jobs = new JobOperations(rig.Store.Database, new JobHandlers(), new JobsOptions(), _ => { });
        Assert.Null((await jobs.ActAsync(JobVerb.Cancel, running[0].Id)).Refusal);
        await rig.WalkAsync(_minute, 1);
        Assert.Equal("00:06 enqueued", (await rig.LedgerAsync("m"))[^1]);

        // One that had ended and is run again by an operator is one of its jobs again.
        rig.EndJobs();
        Assert.Null((await jobs.ActAsync(JobVerb.Retry, running[0].Id)).Refusal);
        await rig.WalkAsync(_minute, 1);
        Assert.Equal(("00:07 overlap", running[0].Id), ((await rig.LedgerAsync("m"))[^1], (await rig.TicksAsync("m"))[^1].JobId!.Value));
        await rig.ProveAsync("m");
    }

    [Theory, BothDatabases]
    public async Task Overlap_allow_enqueues_whatever_runs(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        await rig.AddAsync("m", every: "1m", overlap: OverlapPolicy.Allow);
        await rig.WalkAsync(_minute, 3);
        Assert.Equal(3, rig.Claim().Count);
        await rig.ProveAsync("m");
    }

    [Theory, BothDatabases]
    public async Task Overlap_queue_has_ticks_wait_for_their_turn_in_order_and_no_more_than_a_hundred(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        await rig.AddAsync("m", every: "1m", overlap: OverlapPolicy.Queue);
        await rig.WalkAsync(_minute, 3);
        Assert.Equal(["00:01 enqueued", "00:02 queued", "00:03 queued"], await rig.LedgerAsync("m"));
        Assert.Single(rig.EndJobs());
        Assert.Empty(rig.EndJobs());
        await rig.PassAsync();
        Assert.Equal(["00:01 enqueued", "00:02 enqueued", "00:03 queued"], await rig.LedgerAsync("m"));

        // Not while it is paused.
        await rig.Schedules.PauseAsync("m", isPaused: true);
        rig.EndJobs();
        await rig.PassAsync();
        Assert.Equal("00:03 queued", (await rig.LedgerAsync("m"))[^1]);
        await rig.Schedules.PauseAsync("m", isPaused: false);
        await rig.PassAsync();
        Assert.Equal("00:03 enqueued", (await rig.LedgerAsync("m"))[^1]);

        await rig.WalkAsync(_minute, 102);
        var ledger = await rig.LedgerAsync("m");
        Assert.Equal(100, ledger.Count(t => t.EndsWith(" queued", StringComparison.Ordinal)));
        Assert.Equal(["01:44 queue_full", "01:45 queue_full"], ledger[^2..].SelectMany(t => t == "01:44-01:45 2 queue_full" ? ["01:44 queue_full", "01:45 queue_full"] : new[] { t }).ToArray()[^2..]);
        await rig.ProveAsync("m");
    }

    [Theory, BothDatabases]
    public async Task Overlap_cancel_ends_the_job_before_and_waits_until_it_has(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        await rig.AddAsync("m", every: "1m", overlap: OverlapPolicy.Cancel);
        await rig.WalkAsync(_minute, 2);

        // What only waits is cancelled at once.
        var jobs = await rig.JobsAsync("m");
        Assert.Equal("cancelled ready", string.Join(' ', jobs.Select(j => j.State)));
        Assert.Contains("next tick of schedule m", jobs[0].Error, StringComparison.Ordinal);
        Assert.Equal(1, rig.Cancels);

        // What runs is asked to end, and the newest tick waits for that.
        var running = rig.Claim();
        await rig.WalkAsync(_minute, 1);
        Assert.Equal(1, await rig.Store.ScalarAsync<long>("select count(*) from job_cancel"));
        await rig.WalkAsync(_minute, 1);
        Assert.Equal(["00:01 enqueued", "00:02 enqueued", "00:03 superseded", "00:04 queued"], await rig.LedgerAsync("m"));
        rig.End(running, Outcome.Cancelled);
        await rig.PassAsync();
        Assert.Equal("00:04 enqueued", (await rig.LedgerAsync("m"))[^1]);
        Assert.Equal("cancelled cancelled ready", string.Join(' ', (await rig.JobsAsync("m")).Select(j => j.State)));
        await rig.ProveAsync("m");
    }

    [Theory, BothDatabases]
    public async Task A_paused_schedule_enqueues_nothing_and_what_was_due_meanwhile_is_not_missed_but_paused(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        await rig.AddAsync("m", every: "1m", missed: MissedPolicy.All(500), overlap: OverlapPolicy.Allow);
        await rig.WalkAsync(_minute, 1);
        Assert.True(await rig.Schedules.PauseAsync("m", isPaused: true));
        await rig.WalkAsync(_minute, 3);

        // An operator may still run it.
        var job = (await rig.Schedules.RunAsync("m"))!.Value;
        Assert.Equal("""{"schedule":"m"}""", (await rig.JobsAsync("m")).Single(j => j.Id == job.Id).Metadata);

        // Nobody is there for the end of the pause.
        rig.Advance(TimeSpan.FromMinutes(10));
        Assert.True(await rig.Schedules.PauseAsync("m", isPaused: false));
        await rig.WalkAsync(_minute, 1);
        Assert.Equal(["00:01 enqueued", "00:02-00:14 13 paused", "00:15 enqueued"], await rig.LedgerAsync("m"));
        Assert.False(await rig.Schedules.PauseAsync("n", isPaused: true));
        await rig.ProveAsync("m");
    }

    [Theory, BothDatabases]
    public async Task A_job_that_an_operator_ran_counts_for_overlap(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        await rig.AddAsync("m", every: "1m");
        var job = (await rig.Schedules.RunAsync("m"))!.Value;
        await rig.WalkAsync(_minute, 1);
        Assert.Equal(("00:01 overlap", job.Id), ((await rig.LedgerAsync("m"))[0], (await rig.TicksAsync("m"))[0].JobId!.Value));
        Assert.Equal([job.Id], rig.EndJobs());
        await rig.WalkAsync(_minute, 1);
        Assert.Equal("00:02 enqueued", (await rig.LedgerAsync("m"))[1]);
        Assert.Null(await rig.Schedules.RunAsync("n"));
    }

    [Theory, BothDatabases]
    public async Task When_clocks_jump_over_a_time_it_runs_at_the_jump_and_when_they_show_it_twice_it_runs_once(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        await rig.AddAsync("night", cron: "30 2 * * *", zone: "Europe/Berlin", overlap: OverlapPolicy.Allow);
        await rig.AddAsync("quarter", cron: "*/30 * * * *", zone: "Europe/Berlin", overlap: OverlapPolicy.Allow);

        // 2026-03-29, 02:00 is 03:00 (01:00 UTC); 2026-10-25, 03:00 is 02:00 (01:00 UTC).
        rig.Advance(new DateTime(2026, 3, 27, 12, 0, 0, DateTimeKind.Utc) - rig.Now.ToDateTime());
        await rig.PassAsync();
        await rig.WalkAsync(TimeSpan.FromMinutes(15), 4 * 72);
        Assert.Equal(["03-28 01:30 enqueued", "03-29 01:00 enqueued", "03-30 00:30 enqueued"], (await rig.LedgerAsync("night"))[^3..]);
        Assert.Equal(
            ["03-29 00:00 enqueued", "03-29 00:30 enqueued", "03-29 01:00 enqueued", "03-29 01:30 enqueued"],
            (await rig.LedgerAsync("quarter")).Where(t => t.StartsWith("03-29 00:", StringComparison.Ordinal) || t.StartsWith("03-29 01:", StringComparison.Ordinal)));

        rig.Advance(new DateTime(2026, 10, 23, 12, 0, 0, DateTimeKind.Utc) - rig.Now.ToDateTime());
        await rig.PassAsync();
        await rig.WalkAsync(TimeSpan.FromMinutes(15), 4 * 72);
        Assert.Equal(["10-24 00:30 enqueued", "10-25 00:30 enqueued", "10-26 01:30 enqueued"], (await rig.LedgerAsync("night"))[^3..]);
        Assert.Equal(
            ["10-25 00:00 enqueued", "10-25 00:30 enqueued", "10-25 01:00 enqueued", "10-25 01:30 enqueued"],
            (await rig.LedgerAsync("quarter")).Where(t => t.StartsWith("10-25 00:", StringComparison.Ordinal) || t.StartsWith("10-25 01:", StringComparison.Ordinal)));
        Assert.True((await rig.Schedules.ProveAsync("night"))!.IsClean);
        Assert.True((await rig.Schedules.ProveAsync("quarter"))!.IsClean);
    }
}
