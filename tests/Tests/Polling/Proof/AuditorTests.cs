using Rondo.Polling.Fleet;
using Rondo.Polling.Proof;
using Rondo.Storage;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Polling.Proof;

public sealed class AuditorTests
{
    [Theory, BothDatabases]
    public async Task A_healthy_system_has_nothing_to_clean(DatabaseKind kind)
    {
        await using var rig = await RunningAsync(kind);
        Assert.Empty((await RunAsync(rig, dryRun: false)).Items);
        Assert.Empty((await Auditor.RunAsync(rig.Database, dryRun: false, me: "", default)).Items);
    }

    [Theory, BothDatabases]
    public async Task Each_kind_of_left_over_is_found_and_cleaned_and_a_second_run_finds_nothing(DatabaseKind kind)
    {
        await using var rig = await RunningAsync(kind);

        // An owner that died, a node that is called live and is not, a breaker nobody acts on, plans and points of what was removed.
        await rig.Store.ExecuteAsync("update endpoint set owner = 'ghost' where address = '10.0.0.2:502'");
        await rig.Store.ExecuteAsync("""
            insert into node (id, host, place, pid, pid_started, roles, version, state, started_at)
            select 'zombie', 'h', 'elsewhere', 1, 1, 'poll', 'test', 'live', started_at from node limit 1
            """);
        await rig.Store.ExecuteAsync("insert into node_lease (id, expires_at) values ('zombie', @at)", new { at = rig.Now - TimeSpan.FromSeconds(1) });
        await Devices.SetPollingAsync(rig.Database, "c", on: false);
        await rig.Store.ExecuteAsync("update device set breaker_until = @at where name = 'c'", new { at = rig.Now });
        await Devices.RemoveAsync(rig.Database, "d");
        await rig.Store.ExecuteAsync("update poll_plan set until_at = null where group_id = (select g.id from poll_group g join device d on d.id = g.device_id where d.name = 'd')");
        await rig.Store.ExecuteAsync("update point set removed_at = null where group_id = (select g.id from poll_group g join device d on d.id = g.device_id where d.name = 'd')");
        string[] codes = ["dead_node", "dead_owner", "removed_group", "stale_breaker"];

        var before = await DumpAsync(rig);
        var dry = await RunAsync(rig, dryRun: true);
        Assert.Equal(codes, dry.Items.Select(item => item.Code).Order());
        Assert.Equal(0, dry.Cleaned);
        Assert.True(dry.IsDryRun);
        Assert.Equal(before, await DumpAsync(rig));

        var real = await RunAsync(rig, dryRun: false);
        Assert.Equal(codes, real.Items.Select(item => item.Code).Order());
        Assert.Equal(4, real.Cleaned);
        Assert.Equal("c", real.Items.Single(item => item.Code == "stale_breaker").Subject);
        Assert.Equal("zombie", real.Items.Single(item => item.Code == "dead_node").Subject);
        Assert.Equal("10.0.0.2:502", real.Items.Single(item => item.Code == "dead_owner").Subject);
        Assert.Equal("d/main", real.Items.Single(item => item.Code == "removed_group").Subject);

        Assert.Empty((await RunAsync(rig, dryRun: false)).Items);
        Assert.Empty((await RunAsync(rig, dryRun: true)).Items);
        Assert.Equal(1, await rig.Store.ScalarAsync<int>("select count(*) from node where state = 'live'"));
    }

    [Theory, BothDatabases]
    public async Task A_dry_run_finds_what_the_real_run_cleans_also_of_those_it_would_bury(DatabaseKind kind)
    {
        await using var rig = await RunningAsync(kind);
        await rig.Store.ExecuteAsync("""
            insert into node (id, host, place, pid, pid_started, roles, version, state, started_at)
            select 'zombie', 'h', 'elsewhere', 1, 1, 'poll', 'test', 'live', started_at from node limit 1
            """);
        await rig.Store.ExecuteAsync("insert into node_lease (id, expires_at) values ('zombie', @at)", new { at = rig.Now - TimeSpan.FromSeconds(1) });

        // It owns two endpoints; behind one of them a breaker has been open for long, and an account stands still.
        await rig.Store.ExecuteAsync("update endpoint set owner = 'zombie' where address in ('10.0.0.2:502', '10.0.0.3:502')");
        await rig.Store.ExecuteAsync("update device set breaker_until = @at where name = 'b'", new { at = rig.Now - TimeSpan.FromHours(2) });
        await rig.Store.ExecuteAsync(
            "update poll_group set accounted_to = @at where id = (select g.id from poll_group g join device d on d.id = g.device_id where d.name = 'c')",
            new { at = rig.Now - TimeSpan.FromHours(1) });

        var dry = await RunAsync(rig, dryRun: true);
        Assert.Equal(["dead_node", "dead_owner", "dead_owner", "stale_breaker"], dry.Items.Select(item => item.Code));
        var real = await RunAsync(rig, dryRun: false);
        Assert.Equal(dry.Items.Select(item => item with { Cleaned = true }), real.Items);
        Assert.Equal(4, real.Cleaned);
    }

    [Theory, BothDatabases]
    public async Task An_account_that_its_owner_does_not_move_is_named_and_left_to_people(DatabaseKind kind)
    {
        await using var rig = await RunningAsync(kind);
        rig.Database.Before = name => name.StartsWith("polling.record", StringComparison.Ordinal) ? SteeredDatabase.Away(name) : null;
        await rig.RunAsync(TimeSpan.FromMinutes(4), TimeSpan.FromSeconds(1));
        var report = await RunAsync(rig, dryRun: false);
        Assert.Equal(["stuck_account"], report.Items.Select(item => item.Code).Distinct());
        Assert.Equal(["a/main", "b/main", "c/main", "d/main"], report.Items.Select(item => item.Subject).Order());
        Assert.Equal(0, report.Cleaned);
        rig.Database.Before = null;
        await rig.RunAsync(TimeSpan.FromSeconds(70), TimeSpan.FromMilliseconds(200));
        Assert.Empty((await RunAsync(rig, dryRun: false)).Items);
    }

    [Theory, BothDatabases]
    public async Task An_account_that_stands_still_alone_is_given_up_and_taken_over_whole(DatabaseKind kind)
    {
        await using var rig = await RunningAsync(kind);
        await rig.RunAsync(TimeSpan.FromMinutes(4), TimeSpan.FromSeconds(1));

        // As if a copy of the table had been put back: the owner's next advance does not fit what stands there.
        await rig.Store.ExecuteAsync(
            "update poll_group set accounted_to = @at where id = (select g.id from poll_group g join device d on d.id = g.device_id where d.name = 'b')",
            new { at = rig.Now - TimeSpan.FromMinutes(3) });
        await rig.RunAsync(TimeSpan.FromSeconds(70), TimeSpan.FromSeconds(1));
        Assert.Equal(("stuck_account", "b/main", false), (await RunAsync(rig, dryRun: true)).Items.Select(item => (item.Code, item.Subject, item.Cleaned)).Single());
        Assert.Equal(1, (await RunAsync(rig, dryRun: false)).Cleaned);
        Assert.Empty((await RunAsync(rig, dryRun: false)).Items);
        await rig.RunAsync(TimeSpan.FromSeconds(70), TimeSpan.FromSeconds(1));
        Assert.Empty((await RunAsync(rig, dryRun: false)).Items);
        Assert.Equal(4, rig.Armory.Groups.Count);
        var proof = await rig.ValidateAsync();
        Assert.True(proof.IsClean, $"{proof}");
    }

    [Theory, BothDatabases]
    public async Task A_plan_that_does_not_follow_its_configuration_is_found_and_put_right(DatabaseKind kind)
    {
        await using var rig = await RunningAsync(kind);
        await rig.Store.ExecuteAsync("update poll_plan set until_at = @at where group_id = (select min(id) from poll_group)", new { at = rig.Now });
        await rig.Store.ExecuteAsync("update poll_group set enabled = {false} where id = (select max(id) from poll_group)");
        Assert.Equal(["plan_mismatch", "plan_mismatch"], (await RunAsync(rig, dryRun: true)).Items.Select(item => item.Code));
        var report = await RunAsync(rig, dryRun: false);
        Assert.Equal(["a/main", "d/main"], report.Items.Where(item => item is { Code: "plan_mismatch", Cleaned: true }).Select(item => item.Subject).Order());
        Assert.Empty((await RunAsync(rig, dryRun: false)).Items);
        await rig.RunAsync(TimeSpan.FromSeconds(3));
        Assert.Equal(3, rig.Armory.Groups.Count);
    }

    private static Task<AuditReport> RunAsync(PollingRig rig, bool dryRun) => Auditor.RunAsync(rig.Database, dryRun, rig.Node.Id, default);

    private static async Task<PollingRig> RunningAsync(DatabaseKind kind)
    {
        var rig = await PollingRig.StartAsync(kind);
        await rig.ApplyAsync([.. new[] { "a", "b", "c", "d" }.Select((name, i) => Meters.Meter(name, $"10.0.0.{i + 1}:502"))]);
        await rig.RunAsync(TimeSpan.FromSeconds(5));
        return rig;
    }

    private static async Task<string[]> DumpAsync(PollingRig rig) =>
    [
        .. await rig.Store.QueryAsync<string>("select address || coalesce(owner, '') from endpoint order by id"),
        .. await rig.Store.QueryAsync<string>("select id || state from node order by id"),
        .. await rig.Store.QueryAsync<string>("select name || (breaker_until is null) from device order by id"),
        .. await rig.Store.QueryAsync<string>("select group_id || ' ' || (until_at is null) from poll_plan order by group_id, no"),
        .. await rig.Store.QueryAsync<string>("select id || ' ' || (removed_at is null) from point order by id"),
    ];
}
