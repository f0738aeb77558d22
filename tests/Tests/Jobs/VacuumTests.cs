using Npgsql;
using Rondo.Diagnostics;
using Rondo.Jobs;
using Rondo.Jobs.Proof;
using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>Who holds vacuum back is found and named.</summary>
public sealed class VacuumTests
{
    private static readonly JobsOptions _hasty = JobRig.Fast with { VacuumPatience = TimeSpan.FromSeconds(1) };

    [Fact]
    public async Task A_session_whose_old_transaction_holds_vacuum_back_is_named_with_how_to_end_it()
    {
        await using var rig = await JobRig.StartAsync(DatabaseKind.Postgres, (_, _, _) => Task.FromResult(JobResult.Done), jobs: _hasty);
        await using var link = await OpenAsync(rig, "nightly report");
        await SayAsync(link, "begin isolation level repeatable read");
        await SayAsync(link, "select count(*)\n  from job_history");
        var blocker = (await FoundAsync(rig, b => b.Application == "nightly report"))!;
        Assert.Equal(("session", $"{link.ProcessID}", "idle in transaction"), (blocker.Kind, blocker.Name, blocker.State));
        Assert.Equal("select count(*)\n  from job_history", blocker.Query);
        Assert.InRange(blocker.AgeS, 1, 600);
        var finding = Assert.Single(
            JobHealth.Judge(null, rig.Server.State with { Vacuum = new VacuumReport(0, [blocker]) }, _hasty, rig.Database.Clock.Now), f => f.Code == "jobs.vacuum_blocked");
        Assert.Equal(Health.Degraded, finding.Severity);
        Assert.Contains($"Session {link.ProcessID} (nightly report, user {blocker.User}) is idle in transaction", finding.Message, StringComparison.Ordinal);
        Assert.Contains("select count(*) from job_history", finding.Message, StringComparison.Ordinal);

        // What is said ends it, and then there is nothing to say.
        await rig.Store.QueryAsync<bool>(blocker.ToEnd);
        await Eventually.TrueAsync(async () => !(await LookAsync(rig)).Blockers.Any(b => b.Application == "nightly report"), "it is gone");
    }

    [Fact]
    public async Task Who_only_sits_in_a_transaction_without_a_snapshot_or_has_one_for_a_moment_is_not_blamed()
    {
        await using var rig = await JobRig.StartAsync(DatabaseKind.Postgres, (_, _, _) => Task.FromResult(JobResult.Done), jobs: _hasty, isRunning: false);
        await using var idle = await OpenAsync(rig, "idle");
        await SayAsync(idle, "begin");
        await SayAsync(idle, "set local lock_timeout = '1s'");
        await using var old = await OpenAsync(rig, "old");
        await SayAsync(old, "begin isolation level repeatable read");
        await SayAsync(old, "select 1");
        await FoundAsync(rig, b => b.Application == "old");
        Assert.DoesNotContain((await LookAsync(rig)).Blockers, b => b.Application == "idle");
        var patient = await rig.Database.ReadAsync("test", tx => VacuumLoop.Look(tx, TimeSpan.FromHours(1)));
        Assert.Empty(patient.Blockers);
    }

    [Fact]
    public async Task A_node_tells_of_it_by_itself()
    {
        await using var rig = await JobRig.StartAsync(DatabaseKind.Postgres, (_, _, _) => Task.FromResult(JobResult.Done), jobs: _hasty, isRunning: false);
        await using var link = await OpenAsync(rig, "held");
        await SayAsync(link, "begin isolation level repeatable read");
        await SayAsync(link, "select 1");
        await FoundAsync(rig, b => b.Application == "held");
        Assert.Null(rig.Server.State.Vacuum);
        rig.Run();
        await Eventually.TrueAsync(() => rig.Server.State.Vacuum?.Blockers.Any(b => b.Application == "held") == true, "the node has found it");
    }

    [Fact]
    public async Task A_prepared_transaction_and_its_end_are_named()
    {
        var blocker = new VacuumBlocker("prepared", "it's", "", "app", "prepared", 700, 5, "", "rollback prepared 'it''s'");
        Assert.Contains("prepared transaction 'it's' of user app has waited for its commit for 700 s", VacuumLoop.Describe(blocker), StringComparison.Ordinal);
        await using var rig = await JobRig.StartAsync(DatabaseKind.Postgres, (_, _, _) => Task.FromResult(JobResult.Done), jobs: _hasty, isRunning: false);
        if (await rig.Store.ScalarAsync<string>("show max_prepared_transactions") == "0")
        {
            // This server has none; that nothing is found, and the statement for them runs, is what can be seen.
            Assert.DoesNotContain((await LookAsync(rig)).Blockers, b => b.Kind == "prepared");
            return;
        }

        await using var link = await OpenAsync(rig, "prepares");
        await SayAsync(link, "begin");
        await SayAsync(link, "create table held (x int)");
        await SayAsync(link, "prepare transaction 'it''s'");
        try
        {
            var found = (await FoundAsync(rig, b => b.Kind == "prepared"))!;
            Assert.Equal(("it's", "rollback prepared 'it''s'"), (found.Name, found.ToEnd));
        }
        finally
        {
            await SayAsync(link, "rollback prepared 'it''s'");
        }
    }

    private static Task<VacuumReport> LookAsync(JobRig rig) => rig.Database.ReadAsync("test", tx => VacuumLoop.Look(tx, _hasty.VacuumPatience));

    private static Task<VacuumBlocker?> FoundAsync(JobRig rig, Func<VacuumBlocker, bool> which) =>
        Eventually.GetAsync(async () => (await LookAsync(rig)).Blockers.FirstOrDefault(which), found => found is not null, "the holder is found");

    private static async Task<NpgsqlConnection> OpenAsync(JobRig rig, string application)
    {
        var link = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(rig.Database.Address.Target) { Pooling = false, ApplicationName = application }.ConnectionString);
        await link.OpenAsync();
        return link;
    }

    private static async Task SayAsync(NpgsqlConnection link, string text)
    {
        await using var command = new NpgsqlCommand(text, link);
        await command.ExecuteNonQueryAsync();
    }
}
