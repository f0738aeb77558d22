using Npgsql;
using Rondo.Host;
using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;
using Rondo.Polling.Proof;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>A new database for one run: a file in the temporary folder, or a database of the private server that bench/run started.</summary>
internal sealed class BenchDatabase : IAsyncDisposable
{
    private readonly Database _database;

    private BenchDatabase(Database database) => _database = database;

    public DatabaseAddress Address => _database.Address;

    public static DatabaseAddress Parse(string text) => DatabaseAddress.TryParse(text.Contains('=', StringComparison.Ordinal) ? text : $"sqlite:{text}", out var error)
        ?? throw new BenchFault(error!);

    /// <summary>Makes it, with the schema and the devices in it.</summary>
    public static async Task<BenchDatabase> CreateAsync(Settings settings, IReadOnlyList<DeviceSpec> devices)
    {
        var name = $"bench_{Guid.NewGuid():N}"[..20];
        var address = settings.Database == DatabaseKind.Sqlite
            ? Parse(Path.Combine(settings.Folder, $"{name}.db"))
            : await CreatePostgresAsync(name);
        var database = new BenchDatabase(Database.Open(address, DatabaseUse.Command, TimeProvider.System));
        try
        {
            await Modules.Migrator(database._database, DatabaseUse.Command).ApplyAsync();
            await Devices.ApplyAsync(database._database, devices, prune: false, dryRun: false);
            return database;
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    public Task<T> ReadAsync<T>(Func<Transaction, T> work) => _database.ReadAsync("bench.read", work);

    public Task<T> WriteAsync<T>(Func<Transaction, T> work) => _database.WriteLongAsync("bench.write", work);

    /// <summary>Fails loudly unless every slot up to <paramref name="stop"/>, when the server was told to stop, has exactly one outcome.</summary>
    public async Task<Validation> ProveAsync(Instant stop)
    {
        var proof = await ReadAsync(tx => Validator.Run(tx, null, stop, final: true));
        return proof.IsClean
            ? proof
            : throw new BenchFault($"the ledger is not clean: {proof}\n{string.Join('\n', proof.HoleList.Concat(proof.OverlapList).Take(10))}");
    }

    /// <summary>The processes of the database server; null for SQLite.</summary>
    public async Task<PostgresProcesses?> ServerAsync()
    {
        if (Address.Kind == DatabaseKind.Sqlite)
        {
            return null;
        }

        await using var link = await OpenAsync();
        await using var ask = new NpgsqlCommand("select pg_backend_pid()", link);
        return PostgresProcesses.OfSession((int)(await ask.ExecuteScalarAsync())!);
    }

    /// <summary>A session of its own in this database; PostgreSQL only.</summary>
    public async Task<NpgsqlConnection> OpenAsync()
    {
        var link = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Address.Target) { Pooling = false }.ConnectionString);
        await link.OpenAsync();
        return link;
    }

    /// <summary>A session beside this database, on the same server.</summary>
    public static async Task<NpgsqlConnection> OpenBesideAsync()
    {
        var server = Environment.GetEnvironmentVariable("RONDO_BENCH_POSTGRES") ?? throw new BenchFault("bench/run did not start a PostgreSQL");
        var link = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Pooling = false }.ConnectionString);
        await link.OpenAsync();
        return link;
    }

    public async ValueTask DisposeAsync() => await _database.DisposeAsync();

    private static async Task<DatabaseAddress> CreatePostgresAsync(string name)
    {
        await using var link = await OpenBesideAsync();
        await using var create = new NpgsqlCommand($"create database {name} template template0", link);
        await create.ExecuteNonQueryAsync();
        return Parse(new NpgsqlConnectionStringBuilder(Environment.GetEnvironmentVariable("RONDO_BENCH_POSTGRES")!) { Database = name }.ConnectionString);
    }
}
