using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Npgsql;

namespace Rondo.SystemTests.Support;

/// <summary>
/// A PostgreSQL server of one test class, which may do to it what it likes: stop it, kill it, start it again on the same port with the same
/// files. Use it as a class fixture, or by <see cref="StartNewAsync"/> with settings of one's own.
/// </summary>
public sealed class PrivatePostgres : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"rondo-pg-{Guid.NewGuid():N}"[..20]);
    private readonly string _password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
    private readonly string[] _settings;
    private readonly IReadOnlyDictionary<string, string> _variables = new Dictionary<string, string>();
    private ChildProcess? _server;

    public PrivatePostgres()
        : this([])
    {
    }

    private PrivatePostgres(string[] settings) => _settings = settings;

    private PrivatePostgres(Func<string, IReadOnlyDictionary<string, string>> variables)
        : this([])
    {
        Directory.CreateDirectory(_folder);
        _variables = variables(_folder);
    }

    /// <summary>The port, the same over restarts.</summary>
    public int Port { get; } = FreePort();

    /// <summary>The folder of the server's programs (psql, pg_dump …); null when PostgreSQL is not installed.</summary>
    public static string? ProgramFolder { get; } = FindPrograms();

    public bool IsRunning => _server is { HasExited: false };

    /// <summary>The process id of the server; 0 while it is down.</summary>
    public int ProcessId => IsRunning ? _server!.Id : 0;

    /// <param name="settings">Lines of postgresql.conf, such as <c>max_connections=20</c>.</param>
    public static async Task<PrivatePostgres> StartNewAsync(params string[] settings)
    {
        var server = new PrivatePostgres(settings);
        await server.InitializeAsync();
        return server;
    }

    /// <param name="variables">Environment variables of the server, given a folder that it may read.</param>
    public static async Task<PrivatePostgres> StartNewAsync(Func<string, IReadOnlyDictionary<string, string>> variables)
    {
        var server = new PrivatePostgres(variables);
        await server.InitializeAsync();
        return server;
    }

    public string ConnectionString(string database = "postgres") =>
        $"Host=127.0.0.1;Port={Port};Username=rondo;Password={_password};Database={database};Pooling=false";

    /// <summary>What <c>rondo serve --database</c> takes.</summary>
    public string Url(string database = "postgres") => $"postgres://rondo:{_password}@127.0.0.1:{Port}/{database}";

    /// <summary>Makes an empty database and returns its <see cref="Url"/>.</summary>
    public async Task<string> CreateDatabaseAsync(string name)
    {
        await ScalarAsync($"create database {name} template template0");
        return Url(name);
    }

    /// <summary>The first value of a statement's first row.</summary>
    public async Task<object?> ScalarAsync(string statement, string database = "postgres")
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);
        return await command.ExecuteScalarAsync();
    }

    public async ValueTask InitializeAsync()
    {
        if (ProgramFolder is null)
        {
            const string Missing = "PostgreSQL is not installed (package postgresql-15)";
            Assert.SkipUnless(IsStrict, Missing);
            Assert.Fail(Missing);
        }

        Directory.CreateDirectory(_folder);
        var passwordFile = Path.Combine(_folder, "password");
        await File.WriteAllTextAsync(passwordFile, _password);
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync(new ChildProcess("chown", ["-R", "postgres", _folder]));
        }

        await RunAsync(AsPostgres("initdb", "-D", Files, "-U", "rondo", $"--pwfile={passwordFile}", "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale"));
        await StartAsync();
    }

    /// <summary>Starts the server on its port and waits until it answers; after an immediate stop that includes recovery.</summary>
    public async Task StartAsync()
    {
        string[] settings = ["listen_addresses=127.0.0.1", "fsync=on", "max_connections=200", .. _settings];
        _server = AsPostgres("env", [.. _variables.Select(pair => $"{pair.Key}={pair.Value}"), Path.Combine(ProgramFolder!, "postgres"), "-D", Files, "-p", $"{Port}", "-k", _folder, .. settings.SelectMany(setting => new[] { "-c", setting })]);
        await _server.UntilAsync(IsAnsweringAsync, "an answer to a connection");
    }

    /// <summary>A clean stop that ends every connection (<c>pg_ctl stop -m fast</c>).</summary>
    public Task StopAsync() => EndAsync(server => server.InterruptAsync());

    /// <summary>An immediate stop without a checkpoint (<c>pg_ctl stop -m immediate</c>): what a crash leaves behind.</summary>
    public Task StopImmediatelyAsync() => EndAsync(server => server.QuitAsync());

    /// <summary>An immediate stop and a start.</summary>
    public async Task CrashAndStartAsync()
    {
        await StopImmediatelyAsync();
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
        {
            await StopImmediatelyAsync();
        }

        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    internal static bool IsStrict =>
        Environment.GetEnvironmentVariable("CI_STRICT") is "1" || Environment.GetEnvironmentVariable("RONDO_TEST_STRICT") is "1";

    private string Files => Path.Combine(_folder, "data");

    /// <summary>The server refuses to run as root. It is started directly, not by pg_ctl, so that it stays our child and ends with our process group.</summary>
    private ChildProcess AsPostgres(string program, params string[] arguments)
    {
        // What comes with the system is found by its name alone.
        var path = program == "env" ? program : Path.Combine(ProgramFolder!, program);
        return Environment.IsPrivilegedProcess
            ? new ChildProcess("setpriv", ["--reuid=postgres", "--regid=postgres", "--init-groups", path, .. arguments], folder: _folder)
            : new ChildProcess(path, arguments, folder: _folder);
    }

    internal static async Task RunAsync(ChildProcess process)
    {
        await using (process)
        {
            var code = await process.ExitAsync(TimeSpan.FromSeconds(60));
            Assert.True(code == 0, $"{process.CommandLine} ended with {code}: {string.Join('\n', process.Errors)}");
        }
    }

    private async Task EndAsync(Func<ChildProcess, Task<int>> end)
    {
        if (_server is { } server)
        {
            await end(server);
            await server.DisposeAsync();
            _server = null;
        }
    }

    private async Task<bool> IsAnsweringAsync()
    {
        try
        {
            return await ScalarAsync("select 1") is 1;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static string? FindPrograms() =>
        Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql")
                .Where(folder => File.Exists(Path.Combine(folder, "bin", "initdb")))
                .OrderBy(folder => int.TryParse(Path.GetFileName(folder), out var version) ? version : 0)
                .Select(folder => Path.Combine(folder, "bin"))
                .LastOrDefault()
            : null;

    /// <summary>Below the range from which the kernel hands out ports to clients, so that nobody takes it while the server is down.</summary>
    internal static int FreePort()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(20_000, 32_000);
            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, port);
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken; another.
            }
        }
    }
}
