using Rondo.Host;
using Rondo.Storage;
using Rondo.Storage.Schema;

namespace Rondo.Tests.Storage;

public sealed class MigratorTests
{
    private static readonly Migration[] _two =
    [
        new("test", 1, "first", "create table first (n {int} not null){strict}; insert into first (n) values (1);"),
        new("test", 2, "second", "create table second (n {int} not null){strict};"),
    ];

    [Theory, BothDatabases]
    public async Task Ten_migrators_at_once_apply_each_migration_once(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        var databases = Enumerable.Range(0, 10).Select(_ => store.OpenAsCommand()).ToArray();
        var applied = await Task.WhenAll(databases.Select(database => Task.Run(() => Modules.Migrator(database, DatabaseUse.Command).ApplyAsync())));
        foreach (var database in databases)
        {
            await database.DisposeAsync();
        }

        var names = applied.SelectMany(each => each).Select(migration => (migration.Module, migration.Number)).ToArray();
        Assert.Equal(Modules.Migrations.Count, names.Length);
        Assert.Equal(names.Length, names.Distinct().Count());
        await Modules.Migrator(store.Database, DatabaseUse.Server).RequireCurrentAsync();
        Assert.Equal(1, await store.ScalarAsync<int>("select count(*) from polling_state"));
    }

    [Theory, BothDatabases]
    public async Task A_changed_migration_is_refused(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        await Of(store, _two).ApplyAsync();
        Migration[] changed = [_two[0], new("test", 2, "second", _two[1].Text + " ")];
        var fault = await Assert.ThrowsAsync<StorageFault>(() => Of(store, changed).ApplyAsync());
        Assert.Equal(StorageFaultKind.Schema, fault.Kind);
        Assert.Contains("test/0002 (second) was changed", fault.Message);
        Assert.Equal(StorageFaultKind.Schema, (await Assert.ThrowsAsync<StorageFault>(() => Of(store, changed).StateAsync())).Kind);
    }

    [Theory, BothDatabases]
    public async Task A_migration_that_fails_leaves_nothing_and_those_before_it_stay(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        Migration[] bad = [_two[0], new("test", 2, "bad", "create table half (n {int} not null){strict}; insert into nowhere values (1);")];
        var fault = await Assert.ThrowsAsync<StorageFault>(() => Of(store, bad).ApplyAsync());
        Assert.Contains("nowhere", fault.Message);
        Assert.Equal(1, await store.ScalarAsync<int>("select count(*) from first"));
        Assert.Equal(StorageFaultKind.Schema, (await Assert.ThrowsAsync<StorageFault>(() => store.ScalarAsync<int>("select count(*) from half"))).Kind);
        Assert.Equal(["second"], (await Of(store, _two).ApplyAsync()).Select(migration => migration.Name));
    }

    [Theory, BothDatabases]
    public async Task The_state_of_an_empty_database_is_that_everything_is_missing_and_asking_makes_nothing(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        var migrator = Of(store, _two);
        Assert.All(await migrator.StateAsync(), state => Assert.Null(state.AppliedAt));
        var fault = await Assert.ThrowsAsync<StorageFault>(migrator.RequireCurrentAsync);
        Assert.Contains("lacks 2 of 2", fault.Message);
        Assert.Contains("rondo database migrate", fault.Message);
        Assert.Equal(2, (await migrator.ApplyAsync()).Count);
        Assert.All(await migrator.StateAsync(), state => Assert.NotNull(state.AppliedAt));
        Assert.Empty(await migrator.ApplyAsync());
    }

    [Fact]
    public void Migrations_of_each_module_are_numbered_from_one_without_holes() => Assert.All(
        Modules.Migrations.GroupBy(migration => migration.Module),
        module => Assert.Equal(Enumerable.Range(1, module.Count()), module.Select(migration => migration.Number)));

    [Fact]
    public void Every_migration_of_this_program_serves_it() =>
        Assert.DoesNotContain(Modules.Migrations, migration => migration.Serves > Version.Parse(Server.Version));

    private static Migrator Of(TestStore store, IReadOnlyList<Migration> migrations) => new(store.Database, migrations, new Version(0, 2, 0), (_, _) => []);
}
