using System.Text.Json;

namespace Rondo.Bench;

/// <summary>Some clients stop reading: what it costs the server in memory, and the others in time.</summary>
internal static class LiveStalledBench
{
    public static async Task<int> RunAsync(Settings settings)
    {
        if (settings.Stalled >= settings.Clients)
        {
            throw new BenchFault($"--stalled {settings.Stalled}: expected fewer than --clients {settings.Clients}");
        }

        await using var server = await LiveTarget.OursAsync(settings, settings.Clients);
        await using var clients = new LiveClients(server);
        await clients.ConnectAsync(settings.Clients - settings.Stalled);
        await clients.ConnectAsync(settings.Stalled, isNarrow: true);
        await LiveRun.FanOutAsync(server, clients, settings, settings.Rate, settings.Warmup);
        var all = await LiveRun.FanOutAsync(server, clients, settings, settings.Rate, settings.Seconds);
        var before = server.Use.ResidentMb;
        clients.Pause(settings.Stalled);
        Report.Say($"{settings.Stalled} of {clients.Count} read nothing from now on");
        using var over = new CancellationTokenSource();
        var watching = PeakAsync(server, over.Token);
        var others = await LiveRun.FanOutAsync(server, clients, settings, settings.Rate, settings.Seconds);
        await over.CancelAsync();
        var peak = await watching;
        var state = JsonSerializer.Deserialize<LiveServerState>(await server.StateAsync())!;
        await server.EndAsync();
        Report.Finish("live", settings, new StalledResult
        {
            Database = Report.Name(settings.Database),
            Clients = settings.Clients,
            Stalled = settings.Stalled,
            Rate = settings.Rate,
            Size = settings.Size,
            Seconds = settings.Seconds,
            Missing = all.Missing + others.Missing,
            P99BeforeMs = all.P99Ms,
            P99Ms = others.P99Ms,
            P99Ratio = others.P99Ms / all.P99Ms,
            RssBeforeMb = before,
            RssPeakMb = peak,
            LetGo = state.Behind + state.Lost,
            Commit = Report.Commit,
        });
        return all.Missing + others.Missing == 0 ? 0 : 1;
    }

    private static async Task<double> PeakAsync(LiveTarget server, CancellationToken over)
    {
        var peak = server.Use.ResidentMb;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        try
        {
            while (await timer.WaitForNextTickAsync(over))
            {
                peak = Math.Max(peak, server.Use.ResidentMb);
            }
        }
        catch (OperationCanceledException)
        {
            // The window is over.
        }

        return peak;
    }

    private sealed record StalledResult
    {
        public string Case => "stalled";

        public required string Database { get; init; }

        public required int Clients { get; init; }

        public required int Stalled { get; init; }

        public required int Rate { get; init; }

        public required int Size { get; init; }

        public required int Seconds { get; init; }

        public required long Missing { get; init; }

        public required double P99BeforeMs { get; init; }

        public required double P99Ms { get; init; }

        public required double P99Ratio { get; init; }

        public required double RssBeforeMb { get; init; }

        public required double RssPeakMb { get; init; }

        public required long LetGo { get; init; }

        public required string Commit { get; init; }
    }
}
