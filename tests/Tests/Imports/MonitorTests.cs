using Rondo.Diagnostics;
using Rondo.Imports;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Imports;

/// <summary>How imports are, what is done about those that stand still, and who is told.</summary>
public sealed class MonitorTests
{
    private static readonly TimeSpan _day = TimeSpan.FromDays(1);
    private static readonly ImportLimits _usual = new();

    [Theory]
    [InlineData(DatabaseKind.Sqlite, 6, 2, Health.Healthy)] // 25 %: not more than that
    [InlineData(DatabaseKind.Postgres, 6, 2, Health.Healthy)]
    [InlineData(DatabaseKind.Sqlite, 5, 2, Health.Degraded)]
    [InlineData(DatabaseKind.Postgres, 5, 2, Health.Degraded)]
    [InlineData(DatabaseKind.Sqlite, 3, 3, Health.Degraded)] // 50 %
    [InlineData(DatabaseKind.Postgres, 3, 4, Health.Critical)]
    [InlineData(DatabaseKind.Sqlite, 3, 4, Health.Critical)]
    [InlineData(DatabaseKind.Sqlite, 0, 4, Health.Healthy)] // too few to say
    [InlineData(DatabaseKind.Postgres, 0, 4, Health.Healthy)]
    [InlineData(DatabaseKind.Sqlite, 0, 5, Health.Critical)]
    public async Task Health_is_judged_by_how_many_of_those_that_ended_lately_are_dead(DatabaseKind kind, int done, int dead, Health expected)
    {
        await using var rig = await ImportRig.StartAsync(kind, isRunning: false);
        await AddEndedAsync(rig, "done", done);
        await AddEndedAsync(rig, "dead", dead);
        await AddEndedAsync(rig, "cancelled", 3);
        await AddEndedAsync(rig, "dead", 20, hoursAgo: 25);
        var report = await rig.Imports.MonitorAsync(_usual);
        Assert.Equal((expected, done, dead, 3), (report.Status, report.Ends.Done, report.Ends.Dead, report.Ends.Cancelled));
        Assert.Equal(done + dead < 5 ? null : Math.Round(100.0 * dead / (done + dead), 1), report.Ends.FailurePercent);
        Assert.Equal(expected == Health.Healthy ? [] : ["imports.failures"], report.Reasons.Select(r => r.Code));
    }

    [Theory, BothDatabases]
    public async Task How_much_how_long_and_how_often_again_is_counted(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, isRunning: false);
        Assert.Null((await rig.Imports.MonitorAsync(_usual)).Durations);
        for (var i = 1; i <= 20; i++)
        {
            await AddEndedAsync(rig, "done", 1, seconds: i, retries: i == 20 ? 2 : 0);
        }

        await AddEndedAsync(rig, "dead", 1, retries: 3);
        await AddEndedAsync(rig, "dead", 1, retries: 1);
        var report = await rig.Imports.MonitorAsync(_usual);
        Assert.Equal(new ImportDurations(20, 10.5, 10, 19, 20), report.Durations);
        Assert.Equal(new ImportRetries(3, 6, 1, 1, null), report.Retries);
        Assert.Equal(new ImportThroughput(0.83, 2_000, 20_000, 20, 200_000), report.Throughput);
        Assert.Equal(2, report.Untold);
    }

    [Theory, BothDatabases]
    public async Task A_backlog_and_what_nobody_runs_is_degraded(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, isRunning: false);
        var first = (await rig.AddAsync(Files.Long(1, 3))).Id;
        await rig.AddAsync(Files.Long(1, 4));
        Assert.Equal(Health.Healthy, (await rig.Imports.MonitorAsync(_usual with { Backlog = 2 })).Status);
        await rig.AddAsync(Files.Long(1, 5));
        var report = await rig.Imports.MonitorAsync(_usual with { Backlog = 2 });
        Assert.Equal((Health.Degraded, "imports.backlog", 3), (report.Status, Assert.Single(report.Reasons).Code, report.Depth.Queued));

        await rig.Store.ExecuteAsync("update job_ready set due = @at where id = (select job_id from import where id = @first)", new { first, at = rig.Database.Clock.Now - TimeSpan.FromMinutes(61) });
        report = await rig.Imports.MonitorAsync(_usual);
        Assert.Equal(("imports.stuck", first, "waiting"), (Assert.Single(report.Reasons).Code, Assert.Single(report.Stuck).Id, report.Stuck[0].What));
        Assert.Empty((await rig.Imports.MonitorAsync(_usual with { StuckAfter = TimeSpan.FromMinutes(62) })).Reasons);

        // There is nobody to take it from.
        Assert.Equal(("left", first), (Assert.Single(await rig.Imports.HandleStuckAsync(_usual.StuckAfter)).Action, report.Stuck[0].Id));
    }

    [Theory, BothDatabases]
    public async Task A_stuck_run_is_fenced_and_the_import_goes_on_elsewhere(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 100);
        using var stuck = new StuckRun(rig);
        var id = (await rig.AddAsync(Files.Long(1, 1_000))).Id;
        await stuck.UntilItStandsAsync();
        Assert.Empty(await rig.Imports.HandleStuckAsync(_usual.StuckAfter));
        await AgeAsync(rig, id);
        var report = await rig.Imports.MonitorAsync(_usual);
        Assert.Equal((Health.Degraded, id, "running"), (report.Status, Assert.Single(report.Stuck).Id, report.Stuck[0].What));

        var handled = Assert.Single(await rig.Imports.HandleStuckAsync(_usual.StuckAfter));
        Assert.Equal((id, "released"), (handled.Id, handled.Action));
        var row = await rig.UntilAsync(id, "done");
        stuck.GoOn();
        Assert.Equal((1_000, 1_000, 1), (row.Inserted, await rig.CountAsync("sample"), row.RetryCount));
        Assert.Contains("no progress since", Assert.Single((await rig.Imports.ShowAsync(id))!.Errors).Error);
        await Eventually.TrueAsync(() => stuck.IsRefused, "what the stuck run wanted to write is refused");
        Assert.Equal(1_000, await rig.CountAsync("sample"));
        Assert.Equal(Health.Healthy, (await rig.Imports.MonitorAsync(_usual)).Status);
    }

    [Theory, BothDatabases]
    public async Task A_stuck_run_that_was_the_last_one_leaves_a_dead_import_and_writes_nothing_more(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 100);
        using var stuck = new StuckRun(rig);
        var id = (await rig.AddAsync(Files.Long(1, 1_000), change: r => r with { MaxRetries = 0 })).Id;
        await stuck.UntilItStandsAsync();
        await AgeAsync(rig, id);
        var handled = Assert.Single(await rig.Imports.HandleStuckAsync(_usual.StuckAfter));
        Assert.Equal((id, "dead"), (handled.Id, handled.Action));
        var row = (await rig.Imports.ShowAsync(id))!.Row;
        Assert.Equal(("dead", 200, true), (row.State, row.Units, row.FinishedAt is not null));
        Assert.Contains("in the last of 1 runs", row.LastError);
        stuck.GoOn();
        await Eventually.TrueAsync(() => stuck.IsRefused, "what the stuck run wanted to write is refused");
        await Eventually.TrueAsync(async () => (await rig.Imports.ShowAsync(id))!.Row.JobState is "dead" or "cancelled", "its job has ended");
        Assert.Equal((200, "dead"), (await rig.CountAsync("sample"), (await rig.Imports.ShowAsync(id))!.Row.State));
        Assert.Empty(await rig.Imports.HandleStuckAsync(_usual.StuckAfter));
    }

    [Theory, BothDatabases]
    public async Task Of_each_dead_import_is_told_once_whoever_tells_and_not_before_its_last_run(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, isRunning: false);
        await AddEndedAsync(rig, "dead", 3);
        await AddEndedAsync(rig, "done", 3);
        await AddEndedAsync(rig, "cancelled", 1);
        await rig.AddAsync(Files.Long(1, 3));
        await rig.Store.ExecuteAsync("update import set state = 'failed' where state = 'queued'");
        await using var other = rig.Store.OpenAsCommand();
        await other.MeasureClockAsync();
        var sent = await Task.WhenAll(rig.Imports.AlertAsync(_day), rig.Beside(other).AlertAsync(_day));
        Assert.Equal(3, sent.Sum(s => s.Count));
        Assert.Equal([1L, 2, 3], sent.SelectMany(s => s.Imports).Order());
        Assert.Equal(["import.alert imports.1 admin-notifications", "import.alert imports.2 admin-notifications", "import.alert imports.3 admin-notifications"], await ToldAsync(rig));
        Assert.Equal(3, await rig.CountAsync("(select id from import where alert_sent_at is not null and state = 'dead') a"));
        Assert.Equal(0, (await rig.Imports.AlertAsync(_day)).Count);
        Assert.Equal(3, (await ToldAsync(rig)).Count);
    }

    [Theory, BothDatabases]
    public async Task Of_many_at_once_administrators_are_told_in_one_event_a_window(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, isRunning: false);
        await AddEndedAsync(rig, "dead", 230);
        var sent = await rig.Imports.AlertAsync(_day);
        Assert.Equal((230, true), (sent.Count, sent.IsSummary));
        var told = await ToldAsync(rig);
        Assert.Equal((231, 1), (told.Count, told.Count(t => t == "import.alerts admin-notifications ")));
        Assert.DoesNotContain(told, t => t.StartsWith("import.alert ", StringComparison.Ordinal) && t.EndsWith("admin-notifications", StringComparison.Ordinal));
        await AddEndedAsync(rig, "dead", 11);
        sent = await rig.Imports.AlertAsync(_day);
        Assert.Equal((11, false), (sent.Count, sent.IsSummary));
        await AddEndedAsync(rig, "dead", 11);
        Assert.True((await rig.Imports.AlertAsync(TimeSpan.Zero)).IsSummary);
        Assert.Equal(2, (await ToldAsync(rig)).Count(t => t == "import.alerts admin-notifications "));
    }

    [Theory, BothDatabases]
    public async Task What_was_not_committed_was_not_told(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, isRunning: false);
        await AddEndedAsync(rig, "dead", 2);
        rig.Database.Before = work => work == "imports.alert" ? SteeredDatabase.Away(work) : null;
        await Assert.ThrowsAsync<StorageFault>(() => rig.Imports.AlertAsync(_day));
        Assert.Equal((0, 2), ((await ToldAsync(rig)).Count, (await rig.Imports.MonitorAsync(_usual)).Untold));

        // The answer was lost, not the commit: nothing is told twice.
        rig.Database.Before = null;
        rig.Database.After = work => work == "imports.alert" ? SteeredDatabase.Away(work) : null;
        await Assert.ThrowsAsync<StorageFault>(() => rig.Imports.AlertAsync(_day));
        rig.Database.After = null;
        Assert.Equal(0, (await rig.Imports.AlertAsync(_day)).Count);
        Assert.Equal((2, 0), ((await ToldAsync(rig)).Count, (await rig.Imports.MonitorAsync(_usual)).Untold));
    }

    private static async Task<List<string>> ToldAsync(ImportRig rig)
    {
        var events = rig.Database.Address.Kind == DatabaseKind.Sqlite ? "live_event" : "live_outbox";
        return await rig.Store.QueryAsync<string>($"select name || ' ' || topic || ' ' || coalesce(also_on, '') from {events} where name like 'import.alert%' order by topic, name");
    }

    private static async Task AgeAsync(ImportRig rig, long id)
    {
        // When a run began is marked a moment after it did.
        await Eventually.TrueAsync(async () => await rig.CountAsync("(select id from job_running where started_at is not null) r") == 1, "it is marked when it began");
        var at = rig.Database.Clock.Now - TimeSpan.FromMinutes(61);
        await rig.Store.ExecuteAsync("update import set progress_at = @at where id = @id", new { at, id });
        await rig.Store.ExecuteAsync("update job_running set started_at = @at", new { at });
    }

    /// <summary>Imports that ended, as a table has them.</summary>
    private static Task AddEndedAsync(ImportRig rig, string state, int count, double hoursAgo = 1, double seconds = 1, int retries = 0) => rig.Database.WriteAsync("test.ended", tx =>
    {
        var sql = new Sql("test.ended", """
            insert into import (state, hash, file, bytes, profile, profile_text, unknown_meters, priority, max_retries, retry_count, created_at, started_at, finished_at, units, value_count, rejected, last_error)
            values (@state, @hash, 'may.csv', 10000, 'long-csv', '', 'create', 'normal', 3, @retries, @began, @began, @ended, 100, 1000, 1, 'why')
            """);
        var ended = tx.Now - TimeSpan.FromHours(hoursAgo);
        for (var i = 0; i < count; i++)
        {
            tx.Execute(sql, new { state, hash = Guid.NewGuid().ToString("N"), retries, ended, began = ended - TimeSpan.FromSeconds(seconds) });
        }
    });

    /// <summary>Lets the first run of an import stand before its third chunk.</summary>
    private sealed class StuckRun : IDisposable
    {
        private readonly TaskCompletionSource _stands = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _gate = new();
        private readonly ImportRig _rig;
        private int _chunks;
        private volatile bool _hasGoneOn;

        public StuckRun(ImportRig rig)
        {
            _rig = rig;
            rig.Database.Before = work =>
            {
                if (work == "imports.chunk" && Interlocked.Increment(ref _chunks) == 3)
                {
                    _stands.SetResult();
                    _gate.Wait(TimeSpan.FromMinutes(1));
                    _hasGoneOn = true;
                }

                return null;
            };
        }

        /// <summary>True when it went on, and nothing runs any more that could write.</summary>
        public bool IsRefused => _hasGoneOn && _rig.IsIdle;

        public Task UntilItStandsAsync() => _stands.Task.WaitAsync(TimeSpan.FromMinutes(1));

        public void GoOn() => _gate.Set();

        public void Dispose()
        {
            _gate.Set();
            _rig.Database.Before = null;
        }
    }
}
