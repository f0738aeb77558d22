using System.Text.Json;
using Microsoft.Extensions.Logging;
using Rondo.Host;
using Rondo.Host.Logs;
using Rondo.Polling;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>
/// The system under test, or one node of it, in a process of its own: what <c>rondo serve</c> runs, under the runtime settings of <c>rondo</c>, without the HTTP pipeline.
/// </summary>
internal sealed class MeasuredServer : IAsyncDisposable
{
    public const string Verb = "server";
    private readonly Child _process;

    private MeasuredServer(Child process) => _process = process;

    public int Id => _process.Id;

    /// <summary>Starts the process. It runs when <see cref="RunsAsync"/> says so.</summary>
    public static MeasuredServer Start(BenchDatabase database) => new(Child.Start(ProductRuntimeSettings(), Verb, database.Address.Target));

    /// <summary>Waits until the server runs (runtime, schema check, registration).</summary>
    public async Task RunsAsync()
    {
        if (await _process.ReadAsync() != "started")
        {
            throw new BenchFault("the measured server did not start");
        }
    }

    /// <summary>Starts the distributions over. Database time, and what was done until then.</summary>
    public async Task<ServerState> MarkAsync() => Read(await _process.AskAsync("mark"));

    public async Task<ServerState> StateAsync() => Read(await _process.AskAsync("state"));

    /// <summary>A clean stop.</summary>
    public async Task StopAsync()
    {
        var code = await _process.EndAsync();
        if (code != 0)
        {
            throw new BenchFault($"the measured server ended with code {code}");
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    /// <summary>The other side: answers each line of its input, and stops cleanly at its end.</summary>
    public static async Task<int> ServeAsync(string database)
    {
        var address = BenchDatabase.Parse(database);
        using var logs = new ProgramLogs(LogLevel.Warning, LogFormat.Pretty);
        await using var server = await Server.StartAsync(address, ["poll"], new PollingOptions(), TimeProvider.System, logs, CancellationToken.None);
        Console.WriteLine("started");
        while (await Console.In.ReadLineAsync() is { } line)
        {
            if (line == "mark")
            {
                server.Poller!.ResetDistributions();
            }

            Console.WriteLine(JsonSerializer.Serialize(new ServerState(server.Database.Clock.Now.Micros, server.Poller!.State)));
        }

        await server.StopAsync();
        return 0;
    }

    private static ServerState Read(string line) => JsonSerializer.Deserialize<ServerState>(line)
        ?? throw new BenchFault("the measured server said nothing");

    // …/artifacts/bin/Bench/release/ → …/artifacts/bin/Host/release/: the settings of the garbage collector are part of what is measured.
    public static string ProductRuntimeSettings()
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(here.Parent!.Parent!.FullName, "Host", here.Name, "rondo.runtimeconfig.json");
    }
}

/// <summary>What a measured server says of itself.</summary>
/// <param name="Now">Database time in microseconds.</param>
/// <param name="State">Its poller.</param>
internal sealed record ServerState(long Now, PollerState State);
