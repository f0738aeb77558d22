using Npgsql;

namespace Rondo.SystemTests.Support;

/// <summary>A PgBouncer in transaction mode before a <see cref="PrivatePostgres"/>, of one test, which may kill it and start it again on the same port.</summary>
public sealed class PrivatePgBouncer : IAsyncDisposable
{
    private const string Program = "/usr/sbin/pgbouncer";
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"rondo-pgb-{Guid.NewGuid():N}"[..21]);
    private readonly NpgsqlConnectionStringBuilder _server;
    private ChildProcess? _process;

    private PrivatePgBouncer(NpgsqlConnectionStringBuilder server) => _server = server;

    /// <summary>The port, the same over restarts.</summary>
    public int Port { get; } = PrivatePostgres.FreePort();

    /// <param name="server">What it stands before.</param>
    /// <param name="settings">Lines of pgbouncer.ini, such as <c>default_pool_size = 2</c>.</param>
    public static async Task<PrivatePgBouncer> StartNewAsync(PrivatePostgres server, params string[] settings)
    {
        if (!File.Exists(Program))
        {
            const string Missing = "PgBouncer is not installed (package pgbouncer)";
            Assert.SkipUnless(PrivatePostgres.IsStrict, Missing);
            Assert.Fail(Missing);
        }

        var bouncer = new PrivatePgBouncer(new NpgsqlConnectionStringBuilder(server.ConnectionString()));
        await bouncer.PrepareAsync(settings);
        await bouncer.StartAsync();
        return bouncer;
    }

    /// <summary>An address without a word about PgBouncer.</summary>
    public string Url(string database) => $"postgres://{_server.Username}:{_server.Password}@127.0.0.1:{Port}/{database}";

    /// <summary>Starts it and waits until it answers.</summary>
    public async Task StartAsync()
    {
        // It refuses to run as root. Not as a daemon, so that it stays our child and ends with our process group.
        string[] arguments = [Path.Combine(_folder, "pgbouncer.ini")];
        _process = Environment.IsPrivilegedProcess
            ? new ChildProcess("setpriv", ["--reuid=postgres", "--regid=postgres", "--init-groups", Program, .. arguments], folder: _folder)
            : new ChildProcess(Program, arguments, folder: _folder);
        await _process.UntilAsync(IsAnsweringAsync, "an answer to a connection");
    }

    /// <summary>kill -9: every connection breaks.</summary>
    public async Task Kill9Async()
    {
        if (_process is { } process)
        {
            _process = null;
            await process.Kill9Async();
            await process.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Kill9Async();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task PrepareAsync(string[] settings)
    {
        Directory.CreateDirectory(_folder);

        // As Debian ships it, but for where it listens, and what a restart of the server costs (docs/operations/install.md): nothing is added for Rondo.
        string[] lines =
        [
            "[databases]",
            $"* = host=127.0.0.1 port={_server.Port}",
            "[pgbouncer]",
            "listen_addr = 127.0.0.1",
            $"listen_port = {Port}",
            "unix_socket_dir =",
            "auth_type = scram-sha-256",
            $"auth_file = {Path.Combine(_folder, "userlist.txt")}",
            "pool_mode = transaction",
            "server_login_retry = 1",
            .. settings,
        ];
        await File.WriteAllLinesAsync(Path.Combine(_folder, "pgbouncer.ini"), lines);
        await File.WriteAllTextAsync(Path.Combine(_folder, "userlist.txt"), $"\"{_server.Username}\" \"{_server.Password}\"\n");
        if (Environment.IsPrivilegedProcess)
        {
            await PrivatePostgres.RunAsync(new ChildProcess("chown", ["-R", "postgres", _folder]));
        }
    }

    private async Task<bool> IsAnsweringAsync()
    {
        try
        {
            await using var link = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_server.ConnectionString) { Port = Port, NoResetOnClose = true }.ConnectionString);
            await link.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
