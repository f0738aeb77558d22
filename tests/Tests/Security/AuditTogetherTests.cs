using Rondo.Host;
using Rondo.Nodes;
using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Security;

/// <summary>Two who change something at once: each change is written down as that of who made it, once. On SQLite there is one writer at a time.</summary>
public sealed class AuditTogetherTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("security.token.issue", "tokens.change")]
    [InlineData("security.user.add", "users.change")]
    [InlineData("queues.pause", "queues.change")]
    [InlineData("schedules.add", "schedules.change")]
    [InlineData("polling.intent", "polling.stop")]
    public async Task Each_of_two_changes_at_once_is_written_down_as_that_of_who_made_it(string work, string action)
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres);
        await Devices.ApplyAsync(store.Database, [Meter("annas"), Meter("bens")], prune: false, dryRun: false);
        var trail = Trail(store);
        await using var ben = await HeldWork.BeginAsync(By(store, trail, "ben"), work, tx => Change(tx, work, "bens"));
        var anna = By(store, trail, "anna").WriteLongAsync(work, tx => Change(tx, work, "annas"));
        await ben.LetGoAsync(anna);
        await anna;
        Assert.Equal([$"anna {action} annas", $"ben {action} bens"], await RowsAsync(store, trail));
    }

    [Fact]
    public async Task A_device_that_somebody_removes_meanwhile_is_not_started_by_whoever_stops_another()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres);
        await Devices.ApplyAsync(store.Database, [Meter("annas"), Meter("bens")], prune: false, dryRun: false);
        await Devices.SetPollingAsync(store.Database, "annas", on: false);
        var trail = Trail(store);
        await using var ben = await HeldWork.BeginAsync(By(store, trail, "ben"), "polling.intent", tx => Change(tx, "polling.intent", "bens"));
        var anna = Devices.RemoveAsync(By(store, trail, "anna"), "annas");
        await ben.LetGoAsync(anna);
        await anna;
        Assert.Equal(["anna devices.remove annas", "ben polling.stop bens"], await RowsAsync(store, trail));
    }

    [Fact]
    public async Task Of_a_drain_only_the_node_is_written_down_that_is_drained()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres);
        var one = await Node.RegisterAsync(store.Database, TimeProvider.System, "poll", "test", default);
        var other = await Node.RegisterAsync(store.Database, TimeProvider.System, "poll", "test", default);
        var trail = Trail(store);
        await using (var ben = await HeldWork.BeginAsync(By(store, trail, "ben"), "nodes.drain", tx => (NodeRegister.Drain(tx, one.Id, draining: true) ? DrainResult.Stored : DrainResult.Unknown, one.Id)))
        {
            // Neither waits for the other: a node must be able to come and go.
            await store.ExecuteAsync("update node set state = 'dead' where id = @id", new { id = other.Id });
            await ben.LetGoAsync(Task.CompletedTask);
        }

        Assert.Equal([$"ben nodes.drain {one.Id}"], await RowsAsync(store, trail));
    }

    [Theory, BothDatabases]
    public async Task Of_a_schedule_that_somebody_changes_only_that_one_is_written_down(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var trail = Trail(store);
        var database = new AuditedDatabase(store.Database, trail, new Actor("token", "ben", "here"), AuditRules.All, new AuditLabel(AuditRules.ScheduleChange, "bens"));

        // As if a program that starts had defined one in between.
        await database.WriteAsync("schedules.add", tx => Change(tx, "schedules.add", "bens") && Change(tx, "schedules.add", "programs"));
        Assert.Equal(["ben schedules.change bens"], await RowsAsync(store, trail));
    }

    [Theory, BothDatabases]
    public async Task Secrets_among_the_arguments_of_a_schedule_are_masked(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var trail = Trail(store);
        await By(store, trail, "ben").WriteAsync("schedules.add", tx => Schedule(tx, "call", """{"url":"https://example.org/","headers":{"Authorization":"Bearer hunter2","X-Auth":"hunter2","Accept":"text/plain"}}"""));
        await trail.SealAsync(store.Database);
        var after = Assert.Single(await AuditTrail.ListAsync(store.Database, new AuditFilter(), 10)).AfterJson!;
        Assert.DoesNotContain("hunter2", after);
        Assert.Contains("""{"url":"https://example.org/","headers":{"Authorization":"***","X-Auth":"***","Accept":"text/plain"}}""", after);
    }

    private static bool Change(Transaction tx, string work, string name)
    {
        switch (work)
        {
            case "security.token.issue":
                var (_, prefix, hash) = TokenText.Create();
                TokenStore.Add(tx, new NewToken(name, Role.Viewer, null, Scopes.Everything), prefix, hash, tx.Now, "test");
                return true;
            case "security.user.add":
                UserStore.Add(tx, name, Role.Viewer, "hash", "test");
                return true;
            case "queues.pause":
                return tx.Execute(new Sql("test", "insert into job_queue (name, is_paused, changed_at) values (@name, {true}, @now)"), new { name, now = tx.Now }) == 1;
            case "schedules.add":
                return Schedule(tx, name, "{}");
            default:
                return tx.Execute(new Sql("test", "update device set stopped = {true} where name = @name"), new { name }) == 1;
        }
    }

    private static bool Schedule(Transaction tx, string name, string args) => tx.Execute(
        new Sql("test", """
            insert into job_schedule (name, source, kind, args, cron, zone, anchor, missed, overlap, plan_since, ledger_from, revision, created_at, changed_at)
            values (@name, 'operator', 'noop', @args, '0 3 * * *', 'UTC', @now, 'once', 'skip', @now, @now, 1, @now, @now)
            """),
        new { name, args, now = tx.Now }) == 1;

    private static AuditedDatabase By(TestStore store, AuditTrail trail, string who) => new(store.Database, trail, new Actor("token", who, "here"), AuditRules.All);

    private static async Task<string[]> RowsAsync(TestStore store, AuditTrail trail)
    {
        await trail.SealAsync(store.Database);
        return [.. (await AuditTrail.ListAsync(store.Database, new AuditFilter(), 20)).Select(r => $"{r.ActorName} {r.Action} {r.Subject}").Order(StringComparer.Ordinal)];
    }

    private static DeviceSpec Meter(string name) => SpecJson.ReadDevice(
        $$"""{ "name": "{{name}}", "address": "127.0.0.1:1", "unit": {{name.Length}}, "interval": "1h", "points": [ { "name": "voltage", "function": "input", "address": 0, "unit": "V" } ] }""", null).Device!;

    private AuditTrail Trail(TestStore store) => new(new AuditKeys(_folder.At("keys"), store.Address));
}
