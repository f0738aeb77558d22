using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Rondo.Host;
using Rondo.Host.Http;
using Rondo.Host.Logs;
using Rondo.Live;
using Rondo.Polling;
using Rondo.Security;

namespace Rondo.Bench;

/// <summary>The server whose feed or API is measured, in a process of its own, and whoever publishes there: each event in a transaction of its own.</summary>
internal static class LiveServerProcess
{
    public const string Verb = "live-server";

    public const string Topic = "jobs.bench";

    /// <summary>Clients that share a token; 100 may.</summary>
    public const int PerToken = 100;

    /// <summary>
    /// Says its port and its tokens, then answers each line of its input: <c>publish RATE SECONDS SIZE</c> with the instants of the commits (ticks of the machine's monotonic clock),
    /// <c>state</c>, <c>collect</c> after a collection of garbage.
    /// </summary>
    public static async Task<int> ServeAsync(string database, int tokens, string role)
    {
        using var logs = new ProgramLogs(LogLevel.Warning, LogFormat.Pretty);
        await using var server = await Server.StartAsync(BenchDatabase.Parse(database), [role], new PollingOptions(), TimeProvider.System, logs, CancellationToken.None);
        await using var api = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://127.0.0.1:0"), Logs = logs }, CancellationToken.None);
        var access = new TokenOperations(server.Database, server.Hints.Send);
        var texts = new List<string>();
        for (var n = 0; n < tokens; n++)
        {
            texts.Add((await access.AddAsync(new NewToken($"bench-{n}", Role.Viewer, null, Scopes.Everything), new Actor("command", "bench", "here"))).Text);
        }

        Console.WriteLine($"{api.Address.Port.ToString(CultureInfo.InvariantCulture)} {string.Join(',', texts)}");
        while (await Console.In.ReadLineAsync() is { } line)
        {
            switch (line.Split(' '))
            {
                case ["publish", var rate, var seconds, var size]:
                    Console.WriteLine(string.Join(',', await PublishAsync(server, Number(rate), Number(seconds), Number(size))));
                    break;
                case ["state"]:
                    Console.WriteLine(JsonSerializer.Serialize(new LiveServerState(server.Database.Clock.Now.Micros, server.Live.Feed.State.Behind, server.Live.Feed.State.Lost, server.Poller?.State.Groups ?? 0)));
                    break;
                default:
                    GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                    Console.WriteLine("collected");
                    break;
            }
        }

        await server.StopAsync();
        return 0;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static async Task<long[]> PublishAsync(Server server, int rate, int seconds, int size)
    {
        var commits = new long[rate * seconds];
        var text = new string('x', size);
        var began = Stopwatch.GetTimestamp();
        var writing = new List<Task>();
        for (var n = 0; n < commits.Length; n++)
        {
            var due = TimeSpan.FromSeconds(n / (double)rate) - Stopwatch.GetElapsedTime(began);
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due);
            }

            var number = n;
            writing.Add(server.Database.WriteAsync("bench.publish", tx =>
            {
                server.Live.Events.Write(tx, new LiveEvent("bench", Topic, tx.Now, $$"""{"n":{{number}},"text":"{{text}}"}"""));
                tx.OnCommit(() => commits[number] = Stopwatch.GetTimestamp());
            }));
        }

        await Task.WhenAll(writing);
        return commits;
    }
}

/// <summary>What a server says of itself.</summary>
/// <param name="Now">Database time in microseconds.</param>
/// <param name="Behind">Clients that were closed because they stayed behind.</param>
/// <param name="Lost">Clients that were let go because they took nothing or said nothing.</param>
/// <param name="Groups">Poll groups that have their next slot.</param>
internal sealed record LiveServerState(long Now, long Behind, long Lost, int Groups);
