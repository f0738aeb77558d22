using Rondo.Host;
using Rondo.Jobs.Operations;
using Rondo.Storage;
using Rondo.Storage.Schema;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Jobs.Links;

/// <summary>Jobs that were there before batches were.</summary>
public sealed class UpgradeTests
{
    private const string Values = "'default', 'work', 0, 0, @now, 0, 5, 0, 0, @now, '{}'";
    private const string Columns = "queue, kind, priority, rank, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args";

    [Theory, BothDatabases]
    public async Task They_are_kept_and_the_rules_of_what_waits_hold(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        await MigrateAsync(store, [.. Modules.Migrations.Where(m => m is not { Module: "jobs", Number: >= 3 })]);
        var now = store.Database.Clock.Now;
        await store.ExecuteAsync($"insert into job_ready (id, {Columns}) values (1, {Values})", new { now });
        await store.ExecuteAsync($"insert into job_waiting (id, state, {Columns}) values (2, 'scheduled', {Values})", new { now });
        await store.ExecuteAsync($"insert into job_waiting (id, state, concurrency_key, concurrency_limit, is_knocking, {Columns}) values (3, 'blocked', 'k', 1, {(kind == DatabaseKind.Sqlite ? "1" : "true")}, {Values})", new { now });
        await MigrateAsync(store, Modules.Migrations);
        var jobs = await store.Database.ReadAsync("test", tx => OperationStore.List(tx, new(), 10));
        Assert.Equal(["3 blocked k", "2 scheduled ", "1 ready "], jobs.Select(j => $"{j.Id} {j.State} {j.ConcurrencyKey}"));
        Assert.Equal(["default"], store.Database.Write("test", tx => Rondo.Jobs.Keys.Gate.Fill(tx, ["k"])));

        // Blocked is who waits for something, and who waits for a job is blocked, and waits for one of the two.
        foreach (var (state, on, other) in new[] { ("blocked", "null", "null"), ("scheduled", "'job'", "1"), ("blocked", "null", "1"), ("blocked", "'job'", "null"), ("blocked", "'friday'", "1") })
        {
            var fault = await Assert.ThrowsAnyAsync<Exception>(() => store.ExecuteAsync($"insert into job_waiting (id, state, waits_on, waits_for, {Columns}) values (9, '{state}', {on}, {other}, {Values})", new { now }));
            Assert.Contains("job_waiting_", $"{fault}", StringComparison.Ordinal);
        }

        await store.ExecuteAsync($"insert into job_waiting (id, state, waits_on, waits_for, {Columns}) values (9, 'blocked', 'job', 1, {Values})", new { now });
    }

    private static async Task MigrateAsync(TestStore store, IReadOnlyList<Migration> migrations) =>
        await new Migrator(store.Database, migrations, new Version(0, 2, 0), (_, _) => []).ApplyAsync();
}
