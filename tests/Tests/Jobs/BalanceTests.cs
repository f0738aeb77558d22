using Rondo.Diagnostics;
using Rondo.Jobs;
using Rondo.Jobs.Operations;
using Rondo.Jobs.Proof;
using Rondo.Jobs.Upkeep;
using Rondo.Storage;
using Rondo.Tests.Polling;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>Accepted = ended + waiting + running, or it is named. Losses are planted by hand.</summary>
public sealed class BalanceTests
{
    [Theory, BothDatabases]
    public async Task Whatever_way_it_was_accepted_and_whatever_became_of_it_everything_balances(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(
            kind,
            (work, _, _) => Task.FromResult(work.Name switch { "bad" => JobResult.Discard("bad"), "later" => JobResult.Retry("later", TimeSpan.FromHours(1)), _ => JobResult.Done }),
            new HandlerOptions<Work> { UniqueKey = w => w.Key, Attempts = 3 });
        var ids = await Task.WhenAll(Enumerable.Range(0, 40).Select(n => Task.Run(() => rig.EnqueueAsync($"{n}"))));
        await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, 1_234).Select(n => new Work($"{n}")));
        await rig.Database.WriteAsync("test", tx =>
        {
            rig.Queue.Enqueue(tx, new Work("mine"));
            rig.Queue.Enqueue(tx, new Work("scheduled"), new EnqueueOptions { Delay = TimeSpan.FromHours(1) });
        });
        await Assert.ThrowsAsync<InvalidOperationException>(() => rig.Database.WriteAsync("test", tx =>
        {
            rig.Queue.Enqueue(tx, new Work("undone"));
            throw new InvalidOperationException("the caller's own trouble");
        }));
        await rig.EnqueueAsync("one", "key", new EnqueueOptions { Delay = TimeSpan.FromHours(1) });
        await rig.EnqueueAsync("the same", "key");
        var bad = await rig.EnqueueAsync("bad");
        var later = await rig.EnqueueAsync("later");
        var cancelled = await rig.EnqueueAsync("cancelled", null, new EnqueueOptions { Delay = TimeSpan.FromHours(1) });
        await rig.Database.WriteAsync("test", tx => OperationStore.Cancel(tx, cancelled, rig.Options, "test"));
        await rig.UntilAsync(bad, "dead");
        await rig.UntilAsync(later, "scheduled");
        await Eventually.TrueAsync(async () => await rig.CountAsync("job_history where state = 'done'") == 40 + 1_234 + 1, "they are done");
        await BalancedAsync(rig, accepted: 40 + 1_234 + 6, ended: 40 + 1_234 + 3);

        // A dead one again, one pruned: nothing is missing of either.
        Assert.Null(await rig.Database.WriteAsync("test", tx => OperationStore.Retry(tx, bad)));
        await rig.UntilAsync(bad, "dead");
        await BalancedAsync(rig, accepted: 40 + 1_234 + 6, ended: 40 + 1_234 + 3);
        var gone = await Operations(rig).PruneAsync(rig.Database.Clock.Now, JobState.Done, isDryRun: false);
        Assert.Equal(40 + 1_234 + 1, gone["done"]);
        await BalancedAsync(rig, accepted: 5, ended: 2);

        async Task BalancedAsync(JobRig rig, long accepted, long ended)
        {
            var report = await Operations(rig).BalanceAsync();
            Assert.True(report.IsBalanced, string.Join(", ", report.Gaps));
            Assert.Equal((accepted, ended, accepted - ended), (report.Accepted, report.Ended, report.Open));
        }
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite, "job_ready")]
    [InlineData(DatabaseKind.Sqlite, "job_running")]
    [InlineData(DatabaseKind.Sqlite, "job_waiting")]
    [InlineData(DatabaseKind.Sqlite, "job_history")]
    [InlineData(DatabaseKind.Postgres, "job_ready")]
    [InlineData(DatabaseKind.Postgres, "job_running")]
    [InlineData(DatabaseKind.Postgres, "job_waiting")]
    [InlineData(DatabaseKind.Postgres, "job_history")]
    public async Task What_is_lost_from_any_table_is_named_with_its_minute_and_kind_until_it_is_written_off(DatabaseKind kind, string table)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var all = await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, 250).Select(n => new Work($"{n}")), table == "job_waiting" ? new EnqueueOptions { Delay = TimeSpan.FromHours(1) } : null);
        var before = rig.Database.Clock.Now;
        if (table is "job_running" or "job_history")
        {
            var other = await rig.OtherAsync();
            var claimed = rig.Claim(other, 200);
            if (table == "job_history")
            {
                rig.Write(other, [.. claimed.Select(j => rig.Ended(j, Rondo.Jobs.Pump.Outcome.Done))]);
            }
        }

        var lost = new[] { all[3].Id, all[4].Id, all[120].Id };
        await rig.Store.ExecuteAsync($"delete from {table} where id in ({string.Join(',', lost)})");
        var operations = Operations(rig);
        var report = await operations.BalanceAsync();
        Assert.Equal((3, 0, 250), (report.Missing, report.Doubled, report.Accepted));
        var gap = Assert.Single(report.Gaps);
        Assert.Equal(("work", 3, false), (gap.Kind, gap.Count, gap.IsDoubled));
        Assert.Equal(lost, gap.Ids);
        Assert.InRange(before - gap.From, TimeSpan.Zero, TimeSpan.FromMinutes(2));
        var finding = Assert.Single(await JudgeAsync(rig), f => f.Code == "jobs.missing");
        Assert.Equal(Health.Critical, finding.Severity);
        Assert.Contains(string.Join(", ", lost), finding.Message, StringComparison.Ordinal);
        Assert.Contains("kind work", finding.Message, StringComparison.Ordinal);

        // It does not go away by looking elsewhere or by growing old.
        Assert.Equal(3, (await Balance.RunAsync(rig.Database, isWide: false, default, default)).Missing);
        await AgeAsync(rig, TimeSpan.FromHours(30));
        Assert.Equal(3, (await operations.BalanceAsync()).Missing);
        report = await operations.BalanceAsync();
        Assert.Equal((3, 0), (report.Missing, report.Accepted));
        Assert.Equal(lost, Assert.Single(report.Gaps).Ids);
        Assert.Equal(3, await operations.WriteOffAsync());
        Assert.True((await operations.BalanceAsync()).IsBalanced);
        Assert.DoesNotContain(await JudgeAsync(rig), f => f.Code == "jobs.missing");
    }

    [Theory, BothDatabases]
    public async Task What_waits_for_longer_than_a_day_is_looked_after_until_it_ends(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var kept = await rig.EnqueueAsync("kept", null, new EnqueueOptions { Delay = TimeSpan.FromDays(30) });
        var lost = await rig.EnqueueAsync("lost", null, new EnqueueOptions { Delay = TimeSpan.FromDays(30) });
        var operations = Operations(rig);
        await AgeAsync(rig, TimeSpan.FromHours(30));
        var report = await operations.BalanceAsync();
        Assert.Equal((0, 0), (report.Missing, report.Accepted));
        Assert.Equal(0, await rig.CountAsync("job_accepted"));
        Assert.Equal(2, (await operations.BalanceAsync()).Owed);
        await rig.Database.WriteAsync("test", tx => OperationStore.Cancel(tx, kept, rig.Options, "test"));
        await rig.Store.ExecuteAsync("delete from job_waiting");
        report = await Balance.RunAsync(rig.Database, isWide: false, default, default);
        Assert.Equal(1, report.Missing);
        Assert.Equal([lost], Assert.Single(report.Gaps).Ids);
        Assert.Equal([lost], await rig.Store.QueryAsync<long>("select job_id from job_owed"));
        Assert.Equal(1, await operations.WriteOffAsync());
        Assert.True((await operations.BalanceAsync()).IsBalanced);
    }

    [Theory, BothDatabases]
    public async Task A_job_that_an_operator_had_run_again_and_that_is_lost_then_is_named(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var id = await rig.EnqueueAsync("a");
        await rig.Database.WriteAsync("test", tx => OperationStore.Cancel(tx, id, rig.Options, "test"));
        await AgeAsync(rig, TimeSpan.FromHours(30));
        Assert.True((await Operations(rig).BalanceAsync()).IsBalanced);
        Assert.Null(await rig.Database.WriteAsync("test", tx => OperationStore.Retry(tx, id)));
        Assert.True((await Operations(rig).BalanceAsync()).IsBalanced);
        await rig.Store.ExecuteAsync("delete from job_ready");
        Assert.Equal([id], Assert.Single((await Operations(rig).BalanceAsync()).Gaps).Ids);
    }

    [Theory, BothDatabases]
    public async Task A_loss_is_not_hidden_by_a_row_that_nobody_accepted_and_a_job_in_two_places_is_named(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var (lost, doubled) = (await rig.EnqueueAsync("a"), await rig.EnqueueAsync("b"));
        await rig.Store.ExecuteAsync($"update job_ready set id = 1000000 where id = {lost}");
        await rig.Store.ExecuteAsync($"""
            insert into job_waiting ({Rondo.Jobs.Pump.PumpStore.Common}, state) select {Rondo.Jobs.Pump.PumpStore.Common}, 'scheduled' from job_ready where id = {doubled}
            """);
        var report = await Operations(rig).BalanceAsync();
        Assert.Equal((1, 1), (report.Missing, report.Doubled));
        Assert.Equal([lost], report.Gaps.Single(g => !g.IsDoubled).Ids);
        Assert.Equal([doubled], report.Gaps.Single(g => g.IsDoubled).Ids);
        Assert.Contains(await JudgeAsync(rig), f => f is { Code: "jobs.doubled", Severity: Health.Critical });
    }

    [Fact]
    public async Task A_partition_that_was_dropped_too_early_is_seen()
    {
        await using var rig = await JobRig.StartAsync(DatabaseKind.Postgres, (_, _, _) => Task.FromResult(JobResult.Done));
        await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, 300).Select(n => new Work($"{n}")));
        await Eventually.TrueAsync(async () => await rig.CountAsync("job_history") == 300, "they have ended");
        var partition = await rig.Store.ScalarAsync<string>("select distinct cast(tableoid::regclass as text) from job_history");
        await rig.Store.ExecuteAsync($"drop table {partition}");
        var report = await Operations(rig).BalanceAsync();
        Assert.Equal((300, 300), (report.Accepted, report.Missing));
        Assert.Equal(100, report.Gaps[0].Ids.Count);
    }

    [Theory, BothDatabases]
    public async Task What_is_forgotten_in_its_time_is_not_missing_and_is_forgotten_no_earlier_than_a_balance_has_seen_it(DatabaseKind kind)
    {
        var options = JobRig.Fast with { KeepDone = TimeSpan.FromMilliseconds(1) };
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), jobs: options);
        var id = await rig.EnqueueAsync("a");
        await rig.UntilAsync(id, "done");
        HistoryStore.Forget(rig.Database, new JobsOptions());
        Assert.Equal(1, await rig.CountAsync("job_history"));
        Assert.True((await Operations(rig).BalanceAsync()).IsBalanced);
        if (kind == DatabaseKind.Sqlite)
        {
            await AgeAsync(rig, Balance.KeepEnded + TimeSpan.FromHours(1));
            HistoryStore.Forget(rig.Database, new JobsOptions());
            Assert.Equal(0, await rig.CountAsync("job_history"));
        }

        Assert.True((await Operations(rig).BalanceAsync()).IsBalanced);
    }

    [Theory, BothDatabases]
    public async Task A_node_balances_by_itself_and_every_node_says_what_was_found(DatabaseKind kind)
    {
        var options = JobRig.Fast with { BalanceEvery = TimeSpan.FromSeconds(1) };
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), jobs: options);
        var id = await rig.EnqueueAsync("a", null, new EnqueueOptions { Delay = TimeSpan.FromHours(1) });
        await Eventually.TrueAsync(async () => (await Operations(rig).FactsAsync()).Balance is { IsBalanced: true, Accepted: 1 }, "a balance was made");
        await rig.Store.ExecuteAsync("delete from job_waiting");
        await Eventually.TrueAsync(async () => (await JudgeAsync(rig)).Any(f => f.Code == "jobs.missing" && f.Message.Contains($"{id}", StringComparison.Ordinal)), "the loss is a reason");
    }

    /// <summary>Everything happened that much earlier.</summary>
    private static async Task AgeAsync(JobRig rig, TimeSpan by)
    {
        var span = rig.Database.Dialect == Dialect.Postgres ? $"interval '{by.TotalSeconds:0} seconds'" : $"{by.TotalMicroseconds:0}";
        foreach (var (table, columns) in new[]
        {
            ("job_accepted", "at"), ("job_ready", "enqueued_at"), ("job_running", "enqueued_at"), ("job_waiting", "enqueued_at"), ("job_history", "enqueued_at finished_at"),
            ("job_balance", "since"),
        })
        {
            await rig.Store.ExecuteAsync($"update {table} set {string.Join(", ", columns.Split(' ').Select(c => $"{c} = {c} - {span}"))}");
        }
    }

    private static JobOperations Operations(JobRig rig) => new(rig.Database, new JobHandlers(), rig.Options, _ => { });

    private static async Task<IReadOnlyList<Finding>> JudgeAsync(JobRig rig) =>
        JobHealth.Judge(await Operations(rig).FactsAsync(), rig.Server.State, rig.Options, rig.Database.Clock.Now);
}
