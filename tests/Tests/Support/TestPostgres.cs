using System.Collections.Concurrent;
using Npgsql;

namespace Rondo.Tests.Support;

/// <summary>
/// A fresh, empty database on the server of RONDO_TEST_POSTGRES, dropped at the end. Use it as a class fixture (one database a class), or
/// make one by hand with <see cref="CreateAsync"/>. Without a server the fixture stands, and the first use skips the test by name.
/// </summary>
public sealed class TestPostgres : IAsyncLifetime
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> Templates = new();
    private string? _connectionString;

    /// <summary>True when there is a server to test on.</summary>
    public static bool IsAvailable => !string.IsNullOrEmpty(Server);

    /// <summary>How to reach this database, as Npgsql wants it. Skips the test when there is no server.</summary>
    public string ConnectionString
    {
        get
        {
            Requires.Postgres();
            return _connectionString ?? throw new InvalidOperationException("The database is made by InitializeAsync or CreateAsync.");
        }
    }

    /// <summary>The same as postgres://user:password@host:port/database.</summary>
    public string Url
    {
        get
        {
            var parts = new NpgsqlConnectionStringBuilder(ConnectionString);
            var user = Uri.EscapeDataString(parts.Username ?? "");
            var password = Uri.EscapeDataString(parts.Password ?? "");
            return $"postgres://{user}:{password}@{parts.Host}:{parts.Port}/{parts.Database}";
        }
    }

    private static string? Server => Environment.GetEnvironmentVariable("RONDO_TEST_POSTGRES");

    /// <summary>An empty database, or a copy of a template made by <see cref="TemplateAsync"/>.</summary>
    public static async Task<TestPostgres> CreateAsync(string template = "template0")
    {
        Requires.Postgres();
        var name = NewName("test");
        await OnServerAsync($"create database {name} template {template}");
        return new TestPostgres { _connectionString = To(name, pooled: true) };
    }

    /// <summary>
    /// The name of a database that <paramref name="prepare"/> filled (migrations, say), made once a process for each
    /// <paramref name="key"/>: a copy of it is cheaper than filling again.
    /// </summary>
    /// <param name="key">Names what the template holds.</param>
    /// <param name="prepare">Gets a connection string without pooling, and leaves no connection open: one open connection and nobody can copy.</param>
    public static Task<string> TemplateAsync(string key, Func<string, Task> prepare) =>
        Templates.GetOrAdd(key, _ => new Lazy<Task<string>>(async () =>
        {
            Requires.Postgres();
            var name = NewName("template");
            await OnServerAsync($"create database {name} template template0");
            await prepare(To(name, pooled: false));
            return name;
        })).Value;

    public async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public async ValueTask InitializeAsync()
    {
        if (_connectionString is null && IsAvailable)
        {
            _connectionString = (await CreateAsync())._connectionString;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_connectionString is null)
        {
            return;
        }

        await using (var pooled = new NpgsqlConnection(_connectionString))
        {
            NpgsqlConnection.ClearPool(pooled);
        }

        await OnServerAsync($"drop database if exists {new NpgsqlConnectionStringBuilder(_connectionString).Database} with (force)");
        _connectionString = null;
    }

    private static string NewName(string kind) => $"rondo_{kind}_{Guid.NewGuid():N}"[..40];

    private static string To(string database, bool pooled) =>
        new NpgsqlConnectionStringBuilder(Server) { Database = database, Pooling = pooled }.ConnectionString;

    private static async Task OnServerAsync(string statement)
    {
        await using var connection = new NpgsqlConnection(To(new NpgsqlConnectionStringBuilder(Server).Database ?? "postgres", pooled: true));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }
}
