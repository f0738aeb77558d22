using System.Net.Sockets;
using System.Text;

namespace Rondo.SystemTests.Support;

/// <summary>A Redis of one test, which may kill it and start it again on the same port. It keeps nothing on disk.</summary>
internal sealed class PrivateRedis : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rondo-redis-").FullName;
    private readonly string _program;
    private ChildProcess? _process;

    private PrivateRedis(string program) => _program = program;

    /// <summary>The port, the same over restarts.</summary>
    public int Port { get; } = PrivatePostgres.FreePort();

    /// <summary>What <c>--redis</c> takes.</summary>
    public string At => $"127.0.0.1:{Port}";

    /// <param name="settings">Lines of redis.conf, such as <c>requirepass secret</c>.</param>
    public static async Task<PrivateRedis> StartNewAsync(params string[] settings)
    {
        var redis = new PrivateRedis(Tools.Find("redis-server", "redis-server"));
        string[] lines = ["bind 127.0.0.1", $"port {redis.Port}", $"dir {redis._folder}", "save \"\"", "appendonly no", .. settings];
        await File.WriteAllLinesAsync(redis.Configuration, lines);
        await redis.StartAsync();
        return redis;
    }

    /// <summary>Starts it and waits until it answers.</summary>
    public async Task StartAsync()
    {
        // Not as a daemon, so that it stays our child and ends with our process group.
        _process = new ChildProcess(_program, [Configuration], folder: _folder);
        await _process.UntilAsync(IsAnsweringAsync, "an answer");
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

    /// <summary>SIGSTOP: it stands still, its connections stay open.</summary>
    public void Pause() => _process!.Pause();

    /// <summary>SIGCONT.</summary>
    public void Cont() => _process!.Cont();

    public async ValueTask DisposeAsync()
    {
        await Kill9Async();
        Directory.Delete(_folder, recursive: true);
    }

    private string Configuration => Path.Combine(_folder, "redis.conf");

    private async Task<bool> IsAnsweringAsync()
    {
        try
        {
            using var link = new TcpClient();
            await link.ConnectAsync("127.0.0.1", Port);
            await link.GetStream().WriteAsync(Encoding.ASCII.GetBytes("PING\r\n"));

            // Also that it wants a password.
            return link.GetStream().ReadByte() is '+' or '-';
        }
        catch (Exception fault) when (fault is SocketException or IOException)
        {
            return false;
        }
    }
}
