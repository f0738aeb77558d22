using Rondo.Polling;
using Db = Rondo.Storage.Database;
using Rondo.Host;
using Rondo.Jobs;
using Rondo.Jobs.Upkeep;
using Rondo.Polling.Ledger;
using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Storage;

/// <summary>An empty database of either kind with the schema of this program, opened as its server; gone with the test.</summary>
public sealed class TestStore : IAsyncDisposable
{
    private static readonly Lazy<Task<byte[]>> _file = new(FileAsync);

    private readonly TimeProvider _time;
    private readonly TempFolder? _folder;
    private readonly TestPostgres? _postgres;

    private TestStore(TimeProvider time, TempFolder? folder, TestPostgres? postgres)
    {
        _time = time;
        _folder = folder;
        _postgres = postgres;
        Address = Parse(folder is not null ? "sqlite:" + folder.At("rondo.db") : postgres!.ConnectionString);
        Database = new SteeredDatabase(Db.Open(Address, DatabaseUse.Server, time), time);
    }

    private TestStore(TimeProvider time, DatabaseAddress address)
    {
        _time = time;
        Address = address;
        Database = new SteeredDatabase(Db.Open(address, DatabaseUse.Server, time), time);
    }

    public DatabaseAddress Address { get; }

    public SteeredDatabase Database { get; private set; }

    public static async Task<TestStore> CreateAsync(DatabaseKind kind, TimeProvider? time = null, bool isMigrated = true)
    {
        time ??= TimeProvider.System;
        if (kind == DatabaseKind.Sqlite)
        {
            var folder = new TempFolder();
            if (isMigrated)
            {
                await LayFileAsync(folder.At("rondo.db"));
            }

            return new TestStore(time, folder, null);
        }

        return new TestStore(time, null, await (isMigrated ? PostgresAsync() : TestPostgres.CreateAsync()));
    }

    /// <summary>A PostgreSQL database with the schema of this program, for who opens it by its address.</summary>
    public static async Task<TestPostgres> PostgresAsync() => await TestPostgres.CreateAsync(await TestPostgres.TemplateAsync("migrated", PrepareAsync));

    /// <summary>Lays a SQLite file with the schema of this program: a copy of one that was migrated once, at a fraction of the time.</summary>
    public static async Task LayFileAsync(string path) => await File.WriteAllBytesAsync(path, await _file.Value);

    public static DatabaseAddress Parse(string text) =>
        DatabaseAddress.TryParse(text, out var error) ?? throw new ArgumentException(error, nameof(text));

    /// <summary>Another opening of the same database, as a command beside the server does it.</summary>
    public Database OpenAsCommand() => Db.Open(Address, DatabaseUse.Command, _time);

    /// <summary>Another process's opening of the same PostgreSQL database, as another node has it; does not end with it.</summary>
    public TestStore Beside() => new(_time, Address);

    /// <summary>Closes the database and opens it again, as the next start of the server finds it.</summary>
    public async Task ReopenAsync()
    {
        await Database.DisposeAsync();
        Database = new SteeredDatabase(Db.Open(Address, DatabaseUse.Server, _time), _time);
    }

    public Task ExecuteAsync(string text, object? args = null) => Database.WriteAsync("test", tx => { tx.Execute(new Sql("test", text), args); });

    public Task<List<T>> QueryAsync<T>(string text, object? args = null) => Database.ReadAsync("test", tx => tx.Query<T>(new Sql("test", text), args));

    public async Task<T> ScalarAsync<T>(string text, object? args = null) => (await QueryAsync<T>(text, args)).Single();

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        _folder?.Dispose();
        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }
    }

    private static async Task<byte[]> FileAsync()
    {
        using var folder = new TempFolder();
        var path = folder.At("rondo.db");
        await using (var database = Db.Open(Parse("sqlite:" + path), DatabaseUse.Server, TimeProvider.System))
        {
            await Modules.Migrator(database, DatabaseUse.Server).ApplyAsync();
        }

        // Closed, all of it is in the one file.
        Assert.False(File.Exists(path + "-wal"), "something is still to be written into the file");
        return await File.ReadAllBytesAsync(path);
    }

    private static async Task PrepareAsync(string connectionString)
    {
        // Partitions for the tests' own time and for the real one.
        foreach (var time in new[] { new FakeTime(), TimeProvider.System })
        {
            // Migrating asks the database what time it is.
            await using var database = new SteeredDatabase(Db.Open(Parse(connectionString), DatabaseUse.Server, time), time);
            await Modules.Migrator(database, DatabaseUse.Server).ApplyAsync();
            await Upkeep.PrepareAsync(database, new PollingOptions(), default);
            await HistoryStore.PrepareAsync(database, new JobsOptions(), default);
        }
    }
}
