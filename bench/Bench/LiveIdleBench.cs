namespace Rondo.Bench;

/// <summary>Memory of the server for a client that is connected, authenticated and subscribed, and gets nothing.</summary>
internal static class LiveIdleBench
{
    public static async Task<int> RunAsync(Settings settings)
    {
        var perClient = new List<double>();
        var cpu = new List<double>();
        for (var run = 0; run < settings.Runs; run++)
        {
            await using var server = await LiveTarget.OursAsync(settings, settings.Clients);
            await using var clients = new LiveClients(server);
            perClient.Add(await LiveRun.ConnectAsync(server, clients, settings.Clients));
            var used = server.Use.CpuSeconds;
            await Task.Delay(TimeSpan.FromSeconds(settings.Seconds));
            cpu.Add((server.Use.CpuSeconds - used) / settings.Seconds * 1e3);
            await server.EndAsync();
        }

        Report.Finish("live", settings, new IdleResult(
            Report.Name(settings.Database), settings.Clients, settings.Seconds, settings.Runs, LiveRun.Median(perClient), LiveRun.Median(cpu), Report.Commit));
        return 0;
    }

    /// <param name="KbPerClient">KiB in RAM.</param>
    /// <param name="CpuMsPerS">CPU time of the whole server a second, heartbeats of all clients included.</param>
    private sealed record IdleResult(string Database, int Clients, int Seconds, int Runs, double KbPerClient, double CpuMsPerS, string Commit)
    {
        public string Case => "idle";
    }
}
