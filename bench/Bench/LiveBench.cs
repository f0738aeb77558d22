using System.Diagnostics;
using System.Globalization;

namespace Rondo.Bench;

/// <summary>What came of it.</summary>
internal sealed record LiveResult
{
    public required string Database { get; init; }

    public required int Clients { get; init; }

    public required int Rate { get; init; }

    public required int Seconds { get; init; }

    public required double DeliveredPerS { get; init; }

    /// <summary>Messages that did not arrive within the time that was waited for them.</summary>
    public required long Missing { get; init; }

    public required double P50Ms { get; init; }

    public required double P99Ms { get; init; }

    /// <summary>Memory of the server for one more connected client that is idle, KiB in RAM.</summary>
    public required double KbPerClient { get; init; }

    /// <summary>CPU of the server for one delivered message, µs.</summary>
    public required double ServerCpuUs { get; init; }

    public required string Commit { get; init; }
}

/// <summary>Fan-out: many clients on one topic, events published at a rate; from commit to client.</summary>
internal static class LiveBench
{
    private const string Topic = "jobs.bench";
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    public static Settings Defaults { get; } = new() { Seconds = 30, Warmup = 3 };

    public static async Task<int> RunAsync(Settings settings)
    {
        await using var database = await BenchDatabase.CreateAsync(settings, []);
        await using var server = Child.Start(MeasuredServer.ProductRuntimeSettings(), LiveServerProcess.Verb, database.Address.Target);
        var (port, token) = (await server.ReadAsync()).Split(' ') is [var first, var second] ? (int.Parse(first, CultureInfo.InvariantCulture), second) : throw new BenchFault("the server did not say where it is");
        await using var clients = new LiveClients(token);

        // Some first, so that what is made once is not counted for each.
        var some = Math.Min(20, settings.Clients);
        await clients.ConnectAsync(port, some, Topic);
        await server.AskAsync("collect");
        var before = ProcessUse.Of(server.Id).ResidentMb;
        await clients.ConnectAsync(port, settings.Clients - some, Topic);
        await server.AskAsync("collect");
        var perClient = settings.Clients > some ? (ProcessUse.Of(server.Id).ResidentMb - before) * 1024 / (settings.Clients - some) : 0;
        Report.Say($"{clients.Count} clients are connected");

        await PublishAsync(server, settings.Rate, settings.Warmup);
        await ArriveAsync(clients, (long)settings.Clients * settings.Rate * settings.Warmup);
        var warm = clients.Delivered;
        var cpu = ProcessUse.Of(server.Id).CpuSeconds;
        var began = Stopwatch.GetTimestamp();
        var commits = await PublishAsync(server, settings.Rate, settings.Seconds);
        var expected = (long)settings.Clients * commits.Length;
        await ArriveAsync(clients, warm + expected);
        var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var used = ProcessUse.Of(server.Id).CpuSeconds - cpu;
        var delivered = clients.Delivered - warm;
        var late = clients.Received.Where(r => r.At >= began).Select(r => (r.At - commits[r.Number]) * 1e3 / Stopwatch.Frequency).ToArray();
        Array.Sort(late);
        Report.Finish("live", settings, new LiveResult
        {
            Database = Report.Name(settings.Database),
            Clients = settings.Clients,
            Rate = settings.Rate,
            Seconds = settings.Seconds,
            DeliveredPerS = delivered / took,
            Missing = expected - delivered,
            P50Ms = At(late, 0.5),
            P99Ms = At(late, 0.99),
            KbPerClient = perClient,
            ServerCpuUs = delivered > 0 ? used * 1e6 / delivered : 0,
            Commit = Report.Commit,
        });
        await server.EndAsync();
        return delivered == expected ? 0 : 1;
    }

    private static async Task<long[]> PublishAsync(Child server, int rate, int seconds)
    {
        var answer = server.AskAsync($"publish {rate} {seconds}", TimeSpan.FromSeconds(seconds + 60));
        return [.. (await answer).Split(',').Select(t => long.Parse(t, CultureInfo.InvariantCulture))];
    }

    private static async Task ArriveAsync(LiveClients clients, long count)
    {
        var began = Stopwatch.GetTimestamp();
        while (clients.Delivered < count && Stopwatch.GetElapsedTime(began) < _patience)
        {
            await Task.Delay(10);
        }
    }

    private static double At(double[] sorted, double share) => sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];
}
