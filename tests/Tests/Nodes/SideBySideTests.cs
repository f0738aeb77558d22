using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Host;
using Rondo.Nodes;
using Rondo.Polling;
using Rondo.Storage;
using Rondo.Storage.Schema;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Nodes;

/// <summary>
/// Expand, then contract, with a real migration: a database of version 0.1.0 gets nodes/0002 while a node of that version runs, and loses a column of it only
/// when none does any more. On SQLite the old node is the server of the file and the new program a command beside it.
/// </summary>
public sealed class SideBySideTests
{
    private static readonly Version _old = Version.Parse(ProgramOf010.Version);
    private static readonly Version _new = new(0, 2, 0);
    private static readonly Migration[] _all = [.. Modules.Migrations.Where(migration => migration.Module is "storage" or "nodes" or "readings" or "polling")];
    private static readonly Migration[] _of010 = [.. _all.Where(migration => migration is { Number: 1, Module: not "storage" })];
    private static readonly Migration _contraction = new(
        "nodes", 1 + Modules.Migrations.Count(migration => migration.Module == "nodes"), "without_seen", "-- serves: 0.2.0\nalter table node drop column seen_revision;");

    private readonly FakeTime _time = new();

    [Theory, BothDatabases]
    public async Task A_node_of_0_1_0_works_on_through_the_expansion_and_is_not_contracted_away_while_it_lives(DatabaseKind kind)
    {
        await using var store = await StoreOf010Async(kind);
        var old = new ProgramOf010(store.Database, "old");
        await old.RegisterAsync();
        Assert.Equal(["old"], await old.WorkAsync());

        // Expand.
        var expanded = await Of(store, _new, [.. _all]).ApplyAsync();
        Assert.Contains(expanded, migration => migration is { Module: "nodes", Number: 2, Serves: null });
        Assert.Equal(["old"], await old.WorkAsync());
        Assert.True(await old.RenewAsync());
        Assert.Empty(await Of(store, _old, _of010).ApplyAsync());
        Assert.Contains("old", await RunningAsync(store));
        if (kind == DatabaseKind.Postgres)
        {
            var young = await Node.RegisterAsync(store.Database, _time, "poll", "0.2.0", default);
            Assert.True(young.Renew());
            await store.Database.WriteAsync("young.work", young.Fence);
            Assert.Equal(new[] { "old", young.Id }.Order(), (await old.WorkAsync()).Order());
            Assert.Equal(2, (await RunningAsync(store)).Count);
            Assert.True(await old.RenewAsync());

            // A second start of the old program: its register still fits.
            var second = new ProgramOf010(store.Database, "second");
            await second.RegisterAsync();
            Assert.True(await second.EndAsync());
        }

        // Contract: not under its feet.
        var contracting = Of(store, _new, [.. _all, _contraction]);
        var fault = await Assert.ThrowsAsync<StorageFault>(contracting.ApplyAsync);
        Assert.Contains("1 older node still runs: old (Rondo 0.1.0 on gamma)", fault.Message);
        Assert.Contains("old", await old.WorkAsync());

        Assert.True(await old.EndAsync());
        Assert.Equal([_contraction], await contracting.ApplyAsync());
        var refused = await Assert.ThrowsAsync<StorageFault>(Of(store, _old, _of010).ApplyAsync);
        Assert.Contains("serves Rondo 0.2.0 and later, and this is Rondo 0.1.0", refused.Message);
        Assert.Contains("nodes/0002 (sharing)", refused.Message);
    }

    [Fact]
    public async Task An_old_node_whose_lease_has_lapsed_is_declared_dead_by_the_contraction_itself()
    {
        await using var store = await StoreOf010Async(DatabaseKind.Postgres);
        await Of(store, _new, [.. _all]).ApplyAsync();
        var old = new ProgramOf010(store.Database, "old");
        await old.RegisterAsync();
        _time.Advance(Node.TimeToLive);
        var contracting = Of(store, _new, [.. _all, _contraction]);

        // A batch of it is being written: then it counts as running, whatever its lease says.
        await store.Database.WriteAsync("old.batch", tx =>
        {
            Assert.True(old.Fence(tx));
            Assert.Contains("old (Rondo 0.1.0 on gamma)", Assert.Throws<StorageFault>(() => { contracting.ApplyAsync().GetAwaiter().GetResult(); }).Message);
        });

        Assert.Equal([_contraction], await contracting.ApplyAsync());
        Assert.Equal("dead", await store.ScalarAsync<string>("select state from node where id = 'old'"));
        Assert.False(await old.RenewAsync());
    }

    [Fact]
    public async Task The_server_of_a_SQLite_file_knows_that_whoever_was_there_before_is_gone()
    {
        await using var store = await StoreOf010Async(DatabaseKind.Sqlite);
        await new ProgramOf010(store.Database, "old").RegisterAsync();
        var migrator = Of(store, _new, [.. _all, _contraction], DatabaseUse.Server);
        Assert.Contains(_contraction, await migrator.ApplyAsync());
    }

    [Fact]
    public async Task Only_nodes_older_than_what_is_served_stand_in_the_way()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, _time);
        foreach (var version in new[] { "0.1.9", "0.2.0", "0.10.0", "who knows" })
        {
            await Node.RegisterAsync(store.Database, _time, "poll", version, default);
        }

        var older = await store.Database.WriteAsync("older", tx => OlderNodes.StillRunning(tx, store.Address, DatabaseUse.Server, new Version(0, 2, 0)));
        Assert.Equal(["0.1.9", "who knows"], older.Select(program => program.Version).Order(StringComparer.Ordinal));
        Assert.All(older, program => Assert.Equal(Environment.MachineName, program.Host));
    }

    [Fact]
    public async Task A_node_that_a_contraction_overtook_while_it_started_says_good_bye()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres);
        Task<Server> start = null!;
        await store.Database.WriteAsync("contract", tx =>
        {
            // The server finds a schema that serves it, and then waits to register; meanwhile that is over.
            tx.Execute(new Sql("test", "lock table node in exclusive mode"));
            start = Server.StartAsync(store.Address, ["poll"], new PollingOptions(), TimeProvider.System, NullLoggerFactory.Instance, default);
            Eventually.TrueAsync(
                () => tx.First<int>(new Sql("test", "select count(*) from pg_locks where relation = 'node'::regclass and not granted and database = (select oid from pg_database where datname = current_database())")) == 1, "the server waits to register").GetAwaiter().GetResult();
            tx.Execute(new Sql("test", "update schema_serves set oldest = '99.0.0'"));
        });
        Assert.Contains("serves Rondo 99.0.0 and later", (await Assert.ThrowsAsync<StorageFault>(() => start)).Message);
        Assert.Equal("dead", await store.ScalarAsync<string>("select state from node"));
    }

    private static Migrator Of(TestStore store, Version program, IReadOnlyList<Migration> migrations, DatabaseUse use = DatabaseUse.Command) =>
        new(store.Database, migrations, program, (tx, oldest) => OlderNodes.StillRunning(tx, store.Address, use, oldest));

    /// <summary>A database as 0.1.0 left it: its three migrations, and no word about whom the schema serves.</summary>
    private async Task<TestStore> StoreOf010Async(DatabaseKind kind)
    {
        var store = await TestStore.CreateAsync(kind, _time, isMigrated: false);
        await Of(store, _old, _of010).ApplyAsync();
        Assert.Equal(["nodes", "polling", "readings"], await store.QueryAsync<string>("select module from schema_migration order by module"));
        await store.ExecuteAsync("drop table schema_serves");
        return store;
    }

    private static Task<List<string>> RunningAsync(TestStore store) => store.Database.ReadAsync("running", tx =>
        NodeRegister.All(tx).Where(node => NodeRegister.IsRunning(node, store.Address, tx.Now)).Select(node => node.Id).ToList());
}
