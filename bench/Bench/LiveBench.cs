namespace Rondo.Bench;

/// <summary>Fan-out: many clients on one topic, events published at a rate; from commit to client. In turn with a bare broadcast server, when asked to.</summary>
internal static class LiveBench
{
    public static Settings Defaults { get; } = new() { Seconds = 30, Warmup = 3 };

    public static async Task<int> RunAsync(Settings settings)
    {
        var ours = new List<LiveRun>();
        var theirs = new List<LiveRun>();
        var peer = Environment.GetEnvironmentVariable("RONDO_BENCH_WS");
        for (var run = 0; run < settings.Runs; run++)
        {
            await using (var server = await LiveTarget.OursAsync(settings, settings.Clients))
            {
                ours.Add(await LiveRun.MeasureAsync(server, settings));
                await server.EndAsync();
            }

            if (peer is { Length: > 0 })
            {
                Report.Say("the same of ws");
                await using var bare = await LiveTarget.WsAsync(peer);
                theirs.Add(await LiveRun.MeasureAsync(bare, settings));
                await bare.EndAsync();
            }

            if (settings.Runs > 1)
            {
                Console.WriteLine(Report.Line(Result(settings, [ours[^1]], theirs.Count > 0 ? [theirs[^1]] : [])));
            }
        }

        var missing = ours.Concat(theirs).Sum(r => r.Missing);
        Report.Finish("live", settings, Result(settings, ours, theirs));
        return missing == 0 ? 0 : 1;
    }

    private static LiveResult Result(Settings settings, List<LiveRun> ours, List<LiveRun> theirs) => new()
    {
        Database = Report.Name(settings.Database),
        Clients = settings.Clients,
        Rate = settings.Rate,
        Seconds = settings.Seconds,
        Runs = ours.Count,
        DeliveredPerS = Of(ours, r => r.DeliveredPerS),
        Missing = ours.Sum(r => r.Missing),
        P50Ms = Of(ours, r => r.P50Ms),
        P99Ms = Of(ours, r => r.P99Ms),
        KbPerClient = Of(ours, r => r.KbPerClient),
        ServerCpuUs = Of(ours, r => r.CpuUs),
        SaturatedPerS = Of(ours, r => r.SaturatedDeliveredPerS),
        SaturatedCpuUs = Of(ours, r => r.SaturatedCpuUs),
        WsRatio = theirs.Count == 0 ? null : LiveRun.Median(ours.Zip(theirs, (one, other) => one.SaturatedDeliveredPerS / other.SaturatedDeliveredPerS)),
        WsDeliveredPerS = Maybe(theirs, r => r.DeliveredPerS),
        WsP50Ms = Maybe(theirs, r => r.P50Ms),
        WsP99Ms = Maybe(theirs, r => r.P99Ms),
        WsKbPerClient = Maybe(theirs, r => r.KbPerClient),
        WsServerCpuUs = Maybe(theirs, r => r.CpuUs),
        WsSaturatedPerS = Maybe(theirs, r => r.SaturatedDeliveredPerS),
        WsSaturatedCpuUs = Maybe(theirs, r => r.SaturatedCpuUs),
        Commit = Report.Commit,
    };

    private static double Of(List<LiveRun> runs, Func<LiveRun, double> field) => LiveRun.Median(runs.Select(field));

    private static double? Maybe(List<LiveRun> runs, Func<LiveRun, double> field) => runs.Count == 0 ? null : Of(runs, field);
}
