using Rondo.Jobs;
using Rondo.Jobs.Recurring;
using Rondo.Loops;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs.Recurring;

/// <summary>Each due instant of a schedule has one tick, and each tick at most one job, whatever happens.</summary>
[Collection(ScheduleCollection.Name)]
public sealed class TickTests
{
    private static readonly TimeSpan _minute = TimeSpan.FromMinutes(1);

    [Theory, BothDatabases]
    public async Task A_tick_and_its_job_come_at_the_due_time_and_the_job_says_where_it_comes_from(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        var added = await rig.AddAsync("five", cron: "*/5 * * * *");
        Assert.Equal(["2026-03-02T00:05:00Z", "2026-03-02T00:10:00Z"], added.Next.Take(2).Select(n => n.ToString()));
        Assert.Contains(JobServer.IntentTopic, rig.Topics);
        await rig.PassAsync();
        Assert.Empty(await rig.LedgerAsync("five"));

        // The loop says itself when it has to look again.
        rig.Advance(TimeSpan.FromSeconds(299.5));
        ScheduleRig.Renew(rig.Node);
        Assert.Equal(TimeSpan.FromMilliseconds(501), await rig.Loop.PassAsync());
        rig.Advance(TimeSpan.FromMilliseconds(500));
        await rig.PassAsync();
        Assert.Equal(["00:05 enqueued"], await rig.LedgerAsync("five"));
        var job = Assert.Single(await rig.JobsAsync("five"));
        Assert.Equal(("ready", "work", """{"name":"five"}"""), (job.State, job.Kind, job.Args));
        Assert.Equal("""{"schedule":"five","schedule_due":"2026-03-02T00:05:00Z"}""", job.Metadata);
        var reason = (await new JobOperations(rig.Store.Database, new JobHandlers(), new JobsOptions(), _ => { }).ExplainAsync(job.Id))!.Reasons[^1];
        Assert.Equal("schedule", reason.Code);
        Assert.Contains("schedule five enqueued it, due at 2026-03-02T00:05:00Z", reason.Message, StringComparison.Ordinal);

        Assert.Equal([job.Id], rig.EndJobs());
        await rig.WalkAsync(TimeSpan.FromMinutes(5), 1);
        rig.EndJobs();
        await rig.WalkAsync(TimeSpan.FromMinutes(5), 1);
        Assert.Equal(["00:05 enqueued", "00:10 enqueued", "00:15 enqueued"], await rig.LedgerAsync("five"));
        await rig.ProveAsync("five");
    }

    [Theory, BothDatabases]
    public async Task Of_nodes_that_come_to_a_tick_at_once_one_has_it(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        var other = await rig.BesideAsync();
        for (var n = 0; n < 5; n++)
        {
            await rig.AddAsync($"s{n}", every: "1s", overlap: OverlapPolicy.Allow);
        }

        for (var second = 0; second < 20; second++)
        {
            rig.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAll(Task.Run(rig.PassAsync), Task.Run(() => rig.PassAsync(other.Loop, other.Node)));

            // Whoever found the row in the other's hands looks again a moment later.
            await rig.PassAsync();
        }

        for (var n = 0; n < 5; n++)
        {
            Assert.Equal(20, (await rig.JobsAsync($"s{n}")).Count);
            Assert.Equal(20, (await rig.ProveAsync($"s{n}")).Expected);
        }
    }

    [Theory, BothDatabases]
    public async Task A_tick_that_the_ledger_has_never_fires_again_whatever_the_rows_and_clocks_say(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        await rig.AddAsync("m", every: "1m", overlap: OverlapPolicy.Allow);
        await rig.WalkAsync(_minute, 3);

        // A row that was put back, as by a restored copy of it.
        await rig.Store.ExecuteAsync("update job_schedule set next_due = @due", new { due = rig.Now - TimeSpan.FromMinutes(2) });
        await rig.PassAsync();
        Assert.Equal(3, (await rig.JobsAsync("m")).Count);

        // A clock that steps back, and comes to the same minutes once more.
        rig.Time.StepWall(-TimeSpan.FromMinutes(2.5));
        await rig.Store.Database.MeasureClockAsync();
        await rig.WalkAsync(TimeSpan.FromSeconds(30), 5);
        Assert.Equal(3, (await rig.JobsAsync("m")).Count);
        await rig.WalkAsync(TimeSpan.FromSeconds(30), 2);
        Assert.Equal(["00:01 enqueued", "00:02 enqueued", "00:03 enqueued", "00:04 enqueued"], await rig.LedgerAsync("m"));
        await rig.ProveAsync("m");

        // The ledger has what the row does not know of: another tick of the same instant has no place.
        await rig.Store.ExecuteAsync(
            "insert into job_tick (schedule_id, due, until_due, ticks, outcome, reason, at) select id, next_due, next_due, 1, 'skipped', 'missed', next_due from job_schedule");
        Assert.False(rig.Store.Database.Write("test", tx => TickStore.Begin(tx, 1, rig.Now + _minute, rig.Now)));
        await rig.WalkAsync(_minute, 1);
        Assert.Equal(4, (await rig.JobsAsync("m")).Count);
        await rig.ProveAsync("m");
    }

    [Theory, BothDatabases]
    public async Task A_crash_leaves_a_tick_and_its_job_or_neither(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        await rig.AddAsync("m", every: "1m", overlap: OverlapPolicy.Allow);
        foreach (var (place, isStored) in new[] { ("schedules.ticked", false), ("schedules.enqueued", false), ("schedules.fired", true) })
        {
            rig.Advance(_minute);
            var (ticks, jobs) = ((await rig.TicksAsync("m")).Count, (await rig.JobsAsync("m")).Count);
            using (FailPoint.Set(place, () => throw new InvalidOperationException("the test ends the process here")))
            {
                await Assert.ThrowsAnyAsync<Exception>(rig.PassAsync);
            }

            var stored = isStored ? 1 : 0;
            Assert.Equal((ticks + stored, jobs + stored), ((await rig.TicksAsync("m")).Count, (await rig.JobsAsync("m")).Count));
            rig.Restart();
            await rig.PassAsync();
            Assert.Equal((ticks + 1, jobs + 1), ((await rig.TicksAsync("m")).Count, (await rig.JobsAsync("m")).Count));
        }

        // An answer that was lost after the commit.
        rig.Advance(_minute);
        rig.Store.Database.After = name => name == "schedules.fire" ? SteeredDatabase.Away(name) : null;
        await Assert.ThrowsAsync<StorageFault>(rig.PassAsync);
        rig.Store.Database.After = null;
        await rig.PassAsync();
        Assert.Equal(4, (await rig.JobsAsync("m")).Count);
        await rig.ProveAsync("m");
    }

    [Theory, BothDatabases]
    public async Task Months_without_a_node_are_a_row_and_not_millions(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        await rig.AddAsync("second", every: "1s", missed: MissedPolicy.All(3), overlap: OverlapPolicy.Allow);
        await rig.AddAsync("cron", cron: "* * * * * *", zone: "Europe/Berlin");
        rig.Advance(TimeSpan.FromHours(20) + TimeSpan.FromSeconds(0.5));
        await rig.PassAsync();
        Assert.Equal(
            ["00:00:01-19:59:57 71997 missed", "19:59:58 enqueued", "19:59:59 enqueued", "20:00 enqueued"], await rig.LedgerAsync("second"));
        Assert.Equal(["00:00:01-19:59:59 71999 missed", "20:00 enqueued"], await rig.LedgerAsync("cron"));
        Assert.Equal(72_000, (await rig.ProveAsync("second")).Expected);
        Assert.Equal(72_000, (await rig.ProveAsync("cron")).Expected);
    }

    [Theory, BothDatabases]
    public async Task A_job_that_is_not_accepted_is_told_by_its_tick_and_the_others_fire(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind, handler: new HandlerOptions<Work> { UniqueKey = w => w.Key });
        await rig.AddAsync("bad", every: "1m");
        await rig.AddAsync("good", every: "1m");
        await rig.AddAsync("same", every: "1m", overlap: OverlapPolicy.Allow);
        await rig.Store.ExecuteAsync("""update job_schedule set args = '{"nam":1}' where name = 'bad'""");
        await rig.Store.ExecuteAsync("""update job_schedule set args = '{"name":"same","key":"k"}' where name = 'same'""");
        await rig.WalkAsync(_minute, 2);
        var ticks = await rig.TicksAsync("bad");
        Assert.All(ticks, t => Assert.Equal("refused", t.Reason));
        Assert.Equal(2, ticks.Count);
        Assert.Contains("arguments of 'work' do not fit", ticks[0].Error, StringComparison.Ordinal);
        Assert.Equal(["00:01 enqueued", "00:02 overlap"], await rig.LedgerAsync("good"));
        Assert.Equal(["00:01 enqueued", "00:02 unique"], await rig.LedgerAsync("same"));
        var same = await rig.TicksAsync("same");
        Assert.Equal(same[0].JobId, same[1].JobId);
        await rig.ProveAsync("bad");
        await rig.ProveAsync("same");
    }

    [Theory, BothDatabases]
    public async Task What_a_node_does_not_know_the_kind_of_it_leaves_to_others(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        await rig.AddAsync("m", every: "1m", missed: MissedPolicy.All(9), overlap: OverlapPolicy.Allow);
        await rig.Store.ExecuteAsync("update job_schedule set kind = 'strange'");
        await rig.WalkAsync(_minute, 2);
        Assert.Empty(await rig.LedgerAsync("m"));
        await rig.Store.ExecuteAsync("update job_schedule set kind = 'work'");
        await rig.PassAsync();
        Assert.Equal(["00:01 enqueued", "00:02 enqueued"], await rig.LedgerAsync("m"));
    }

    [Theory, BothDatabases]
    public async Task Ticks_are_forgotten_after_their_time_but_for_the_newest_and_the_rest_stays_without_holes(DatabaseKind kind)
    {
        await using var rig = await ScheduleRig.StartAsync(kind);
        await rig.AddAsync("day", cron: "0 0 * * *", overlap: OverlapPolicy.Allow);
        await rig.AddAsync("gone", cron: "0 0 * * *", overlap: OverlapPolicy.Allow);
        await rig.AddAsync("once", cron: "0 12 3 3 *", overlap: OverlapPolicy.Allow);
        await rig.WalkAsync(TimeSpan.FromDays(1), 20);
        await rig.AddAsync("day", cron: "0 0,12 * * *", overlap: OverlapPolicy.Allow, mayReplace: true);
        await rig.Schedules.RemoveAsync("gone");
        await rig.WalkAsync(TimeSpan.FromHours(12), 64);
        Assert.Equal(0, await rig.Store.ScalarAsync<long>("select count(*) from job_tick t where not exists (select 1 from job_schedule s where s.id = t.schedule_id)"));
        var ticks = await rig.TicksAsync("day");
        Assert.True(ticks.Count is >= 59 and <= 61, $"{ticks.Count}");
        Assert.True(ticks[0].Due >= rig.Now - TimeSpan.FromDays(30));
        Assert.Single(await rig.TicksAsync("once"));
        foreach (var name in new[] { "day", "once" })
        {
            Assert.True((await rig.Schedules.ProveAsync(name))!.IsClean);
        }

        Assert.Equal(1, await rig.Store.ScalarAsync<long>("select count(*) from job_schedule_plan where schedule_id = (select id from job_schedule where name = 'day')"));
    }
}
