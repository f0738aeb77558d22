using System.Diagnostics;
using System.Globalization;

namespace Rondo.Bench;

/// <summary>A fleet polled for a while: how fast, how late, at what price; and whether the ledger is whole afterwards.</summary>
internal static class PollingBench
{
    public static async Task<int> RunAsync(Settings settings)
    {
        var results = new List<PollingResult>();
        for (var run = 1; run <= settings.Runs; run++)
        {
            var result = await OnceAsync(settings);
            results.Add(result);
            if (settings.Runs > 1)
            {
                Console.WriteLine(Report.Line(result));
            }
        }

        var last = PollingResult.Median(results);
        Report.Finish("polling", settings, last);
        return 0;
    }

    private static async Task<PollingResult> OnceAsync(Settings settings)
    {
        await using var simulators = await SimulatorFleet.StartAsync(settings.Devices);
        await using var database = await BenchDatabase.CreateAsync(settings, Meters.Of(simulators.Endpoints, settings.Points, settings.Interval));
        await using var server = await MeasuredServer.StartAsync(database, settings.Devices);
        Report.Say(string.Create(CultureInfo.InvariantCulture,
            $"{settings.Devices} gateways in {simulators.Processes} process(es); server up after {server.StartedMs:0} ms, all armed after {server.ArmedMs:0} ms; warming up {settings.Warmup} s"));
        await WaitAsync(settings.Warmup);

        var requests = await simulators.RequestsAsync();
        var begin = await server.MarkAsync();
        var useAtBegin = ProcessUse.Of(server.Id);
        var clock = Stopwatch.GetTimestamp();
        using var profile = StackProfile.Start(settings, server.Id);
        await WaitAsync(settings.Seconds - Stopwatch.GetElapsedTime(clock).TotalSeconds);
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        var use = ProcessUse.Of(server.Id);
        var end = await server.StateAsync();
        requests = await simulators.RequestsAsync() - requests;

        // Some more, so that the last slots of the window get their outcome from polling and not from stopping.
        await WaitAsync(Math.Min(2, settings.Interval));
        var stop = new Storage.Instant((await server.StateAsync()).Now);
        await server.StopAsync();
        profile?.Print();

        var from = new Storage.Instant(begin.Now);
        var to = new Storage.Instant(begin.Now + (settings.Seconds * 1_000_000L));
        var facts = await database.ReadAsync(tx => LedgerFacts.Read(tx, from, to));
        var duplicates = end.State.Duplicates + await ProveAsync(settings, database, facts, stop);
        if (facts.Why.Length > 0)
        {
            Report.Say($"not ok in the window: {facts.Why}");
        }

        Report.Say($"{requests} requests reached the simulators in the window; {end.State.Waiting} outcomes waited for their commit at its end");
        var cpu = use.CpuSeconds - useAtBegin.CpuSeconds;
        return new PollingResult
        {
            PollsPerS = (facts.Ok + facts.Partial + facts.Failed) / (double)settings.Seconds,
            PointsPerS = facts.Points / (double)settings.Seconds,
            LatenessP50Ms = facts.LatenessP50Ms,
            LatenessP99Ms = facts.LatenessP99Ms,
            LatenessMaxMs = facts.LatenessMaxMs,
            CommitP99Ms = end.State.CommitP99Ms ?? 0,
            Missed = facts.Missed,
            Failed = facts.Failed + facts.Partial,
            Duplicates = duplicates,
            CpuS = cpu * settings.Seconds / seconds,
            RssMb = use.ResidentMb,
            CpuUsPerPoint = cpu * 1e6 / Math.Max(1, end.State.Points - begin.State.Points),
            CpuUsPerPoll = cpu * 1e6 / Math.Max(1, end.State.Ok + end.State.Partial + end.State.Failed - begin.State.Ok - begin.State.Partial - begin.State.Failed),
            Database = Report.Name(settings.Database),
            Seconds = settings.Seconds,
            Devices = settings.Devices,
            Commit = Report.Commit,
            ArmedMs = server.ArmedMs,
            Points = settings.Points,
            IntervalS = settings.Interval,
            PeakRssMb = use.PeakMb,
            PollsPerBatch = (end.State.Ok - begin.State.Ok) / (double)Math.Max(1, end.State.Batches - begin.State.Batches),
            RequestsPerS = requests / seconds,
            Runs = 1,
        };
    }

    /// <summary>Fails loudly unless every slot of the window, and of the whole run as far as it can be judged, has exactly one outcome.</summary>
    private static async Task<long> ProveAsync(Settings settings, BenchDatabase database, LedgerFacts facts, Storage.Instant stop)
    {
        if (settings.Seconds % settings.Interval == 0)
        {
            var expected = (long)settings.Devices * (settings.Seconds / settings.Interval);
            if (facts.Recorded != expected)
            {
                throw new BenchFault($"the window has {expected} slots, the ledger has outcomes for {facts.Recorded}");
            }
        }

        var proof = await database.ProveAsync(stop);
        Report.Say($"ledger clean: {proof.Expected} slots expected, {proof.Recorded} recorded ({string.Join(", ", proof.Outcomes.Concat(proof.Missed).Select(pair => $"{pair.Key} {pair.Value}"))})");
        return proof.Overlaps + proof.Duplicates;
    }

    private static Task WaitAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(Math.Max(0, seconds)));
}
