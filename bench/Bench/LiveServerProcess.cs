using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Rondo.Host;
using Rondo.Host.Http;
using Rondo.Live;
using Rondo.Polling;
using Rondo.Security;

namespace Rondo.Bench;

/// <summary>The server whose feed is measured, in a process of its own, and whoever publishes there: each event in a transaction of its own.</summary>
internal static class LiveServerProcess
{
    public const string Verb = "live-server";

    /// <summary>Answers each line of its input: <c>publish RATE SECONDS</c> with the instants of the commits (ticks of the machine's monotonic clock), <c>collect</c> after a collection of garbage.</summary>
    public static async Task<int> ServeAsync(string database)
    {
        using var logs = LoggerFactory.Create(builder => builder.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning));
        await using var server = await Server.StartAsync(BenchDatabase.Parse(database), ["work"], new PollingOptions(), TimeProvider.System, logs, CancellationToken.None);
        await using var api = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://127.0.0.1:0"), Logs = logs }, CancellationToken.None);
        var token = await new TokenOperations(server.Database, server.Hints.Send).AddAsync(new NewToken("bench", Role.Viewer, null, Scopes.Everything), new Actor("command", "bench", "here"));
        Console.WriteLine($"{api.Address.Port.ToString(CultureInfo.InvariantCulture)} {token.Text}");
        while (await Console.In.ReadLineAsync() is { } line)
        {
            switch (line.Split(' '))
            {
                case ["publish", var rate, var seconds]:
                    Console.WriteLine(string.Join(',', await PublishAsync(server, int.Parse(rate, CultureInfo.InvariantCulture), int.Parse(seconds, CultureInfo.InvariantCulture))));
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

    private static async Task<long[]> PublishAsync(Server server, int rate, int seconds)
    {
        var commits = new long[rate * seconds];
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
                server.Live.Events.Write(tx, new LiveEvent("bench", "jobs.bench", tx.Now, $$"""{"n":{{number}},"text":"{{new string('x', 100)}}"}"""));
                tx.OnCommit(() => commits[number] = Stopwatch.GetTimestamp());
            }));
        }

        await Task.WhenAll(writing);
        return commits;
    }
}
