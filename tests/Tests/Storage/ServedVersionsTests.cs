using Rondo.Storage;
using Rondo.Storage.Schema;
using Rondo.Tests.Support;

namespace Rondo.Tests.Storage;

/// <summary>Two versions side by side: the schema names the oldest program it serves, and programs keep to it.</summary>
public sealed class ServedVersionsTests
{
    private static readonly Version _old = new(0, 1, 9);
    private static readonly Version _new = new(0, 10, 0);
    private static readonly Migration _first = new("test", 1, "first", "create table first (n {int} not null, gone {int} not null default 0){strict};");
    private static readonly Migration _expansion = new("test", 2, "second", "create table second (n {int} not null){strict};");
    private static readonly Migration _contraction = new("test", 3, "third", "-- serves: 0.10.0\nalter table first drop column gone;");
    private static readonly Migration _late = new("later", 1, "modest", "-- serves: 0.2.0\ncreate table modest (n {int} not null){strict};");

    [Theory, BothDatabases]
    public async Task The_oldest_program_served_is_stored_raised_and_never_lowered(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        await Of(store.Database, _new, _first, _expansion).ApplyAsync();
        Assert.Equal("0.1.0", await OldestAsync(store));
        await Of(store.Database, _new, _first, _expansion, _contraction).ApplyAsync();
        Assert.Equal("0.10.0", await OldestAsync(store));
        Assert.Equal([_late], await Of(store.Database, _new, _first, _expansion, _contraction, _late).ApplyAsync());
        Assert.Equal("0.10.0", await OldestAsync(store));
    }

    [Theory, BothDatabases]
    public async Task A_program_that_is_served_goes_on_beside_migrations_of_a_newer_one(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        await Of(store.Database, _new, _first, _expansion).ApplyAsync();
        var old = Of(store.Database, _old, _first);
        Assert.Empty(await old.ApplyAsync());
        await old.RequireCurrentAsync();
        Assert.Equal(_first, Assert.Single(await old.StateAsync()).Migration);
        Assert.Equal(2, await store.ScalarAsync<int>("select count(*) from schema_migration"));
    }

    [Theory, BothDatabases]
    public async Task A_program_that_is_not_served_is_told_what_it_does_not_know_and_what_to_do(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        await Of(store.Database, _new, _first, _expansion, _contraction).ApplyAsync();
        var old = Of(store.Database, _old, _first);
        foreach (var refused in new Func<Task>[] { old.ApplyAsync, old.StateAsync, old.RequireCurrentAsync })
        {
            var fault = await Assert.ThrowsAsync<StorageFault>(refused);
            Assert.Equal(StorageFaultKind.Schema, fault.Kind);
            Assert.Contains($"the schema in {store.Address} serves Rondo 0.10.0 and later", fault.Message);
            Assert.Contains("this is Rondo 0.1.9", fault.Message);
            Assert.Contains("does not know its migrations test/0002 (second), test/0003 (third)", fault.Message);
            Assert.Contains("Use Rondo 0.10.0 or later here", fault.Message);
        }
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite, "0.10.1")]
    [InlineData(DatabaseKind.Sqlite, "whatever comes")]
    [InlineData(DatabaseKind.Postgres, "0.10.1")]
    [InlineData(DatabaseKind.Postgres, "whatever comes")]
    public async Task What_the_database_says_counts_also_when_every_migration_is_known(DatabaseKind kind, string oldest)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        var migrator = Of(store.Database, _new, _first);
        await migrator.ApplyAsync();
        await store.ExecuteAsync("update schema_serves set oldest = @oldest", new { oldest });
        var fault = await Assert.ThrowsAsync<StorageFault>(migrator.RequireCurrentAsync);
        Assert.Contains($"serves Rondo {oldest} and later", fault.Message);
        Assert.DoesNotContain("does not know", fault.Message);
        await store.ExecuteAsync("update schema_serves set oldest = '0.10.0'");
        await migrator.RequireCurrentAsync();
    }

    [Theory, BothDatabases]
    public async Task A_database_of_0_1_0_which_kept_no_oldest_serves_everybody(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        await Of(store.Database, _new, _first).ApplyAsync();
        await store.ExecuteAsync("drop table schema_serves");
        await Of(store.Database, _old, _first).RequireCurrentAsync();
        Assert.Empty(await Of(store.Database, _old, _first).ApplyAsync());
        Assert.Equal("0.1.0", await OldestAsync(store));
    }

    [Theory, BothDatabases]
    public async Task A_contraction_is_refused_while_an_older_program_runs_and_leaves_nothing(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        Version? asked = null;
        RunningProgram[] running = [new("n1", "0.1.9", "gamma"), new("n2", "0.9.0", "delta")];
        var migrator = new Migrator(store.Database, [_first, _contraction], _new, (_, oldest) =>
        {
            asked = oldest;
            return running;
        });
        var fault = await Assert.ThrowsAsync<StorageFault>(migrator.ApplyAsync);
        Assert.Equal(StorageFaultKind.Schema, fault.Kind);
        Assert.Equal(_new, asked);
        Assert.Contains($"migration test/0003 (third) was not applied to {store.Address}", fault.Message);
        Assert.Contains("only Rondo 0.10.0 and later", fault.Message);
        Assert.Contains("2 older nodes still run: n1 (Rondo 0.1.9 on gamma), n2 (Rondo 0.9.0 on delta)", fault.Message);
        Assert.Contains($"Stop or upgrade them (rondo nodes list shows them), then run: rondo database migrate --database {store.Address}", fault.Message);

        // What came before it stays, and old programs go on.
        Assert.Equal("0.1.0", await OldestAsync(store));
        Assert.Empty(await store.QueryAsync<int>("select gone from first"));
        await Of(store.Database, _old, _first).RequireCurrentAsync();

        running = [];
        Assert.Equal([_contraction], await migrator.ApplyAsync());
        Assert.Equal("0.10.0", await OldestAsync(store));
    }

    [Theory, BothDatabases]
    public async Task Ten_migrators_of_two_versions_at_once_apply_each_migration_once(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        var databases = Enumerable.Range(0, 10).Select(_ => store.OpenAsCommand()).ToArray();
        var applied = await Task.WhenAll(databases.Select((database, i) => Task.Run(() =>
            (i % 2 == 0 ? Of(database, _old, _first) : Of(database, _new, _first, _expansion)).ApplyAsync())));
        foreach (var database in databases)
        {
            await database.DisposeAsync();
        }

        Assert.Equal([_first, _expansion], applied.SelectMany(each => each).OrderBy(migration => migration.Number));
        Assert.Equal(1, await store.ScalarAsync<int>("select count(*) from schema_serves"));
    }

    [Theory]
    [InlineData("-- serves: 2\nselect 1;")]
    [InlineData("-- serves: 0.2.0.1\nselect 1;")]
    [InlineData("-- serves: the newest\nselect 1;")]
    [InlineData("-- About this.\n-- serves: 0.2.0\nselect 1;")]
    public void A_header_that_would_not_be_obeyed_is_an_error(string text) =>
        Assert.Contains("bad/0007_one", Assert.Throws<InvalidOperationException>(() => new Migration("bad", 7, "one", text)).Message);

    private static Migrator Of(Database database, Version program, params Migration[] migrations) => new(database, migrations, program, (_, _) => []);

    private static Task<string> OldestAsync(TestStore store) => store.ScalarAsync<string>("select oldest from schema_serves");
}
