using System.Diagnostics;
using System.Globalization;

namespace Rondo.Bench;

/// <summary>A fleet polled for a while: how fast, how late, at what price; and whether the ledger is whole afterwards.</summary>
internal static class PollingBench
{
    private const int UsualNodes = 3;

    public static async Task<int> RunAsync(Settings settings)
    {
        // One node and several in turn, so that whatever else the machine does meanwhile meets them alike.
        var most = settings is { CompareNodes: true, Nodes: 1 } ? UsualNodes : settings.Nodes;
        int[] counts = settings.CompareNodes ? [.. Enumerable.Range(1, most)] : most == 1 ? [1] : [1, most];
        var results = counts.ToDictionary(nodes => nodes, _ => new List<PollingResult>());
        for (var run = 1; run <= settings.Runs; run++)
        {
            foreach (var nodes in counts)
            {
                var result = await OnceAsync(settings, nodes);
                results[nodes].Add(result);
                if (settings.Runs > 1)
                {
                    Console.WriteLine(Report.Line(result));
                }
            }
        }

        var one = PollingResult.Median(results[1]);
        foreach (var nodes in counts[..^1])
        {
            Console.WriteLine(Report.Line(nodes == 1 ? one : PollingResult.Compared(results[nodes], results[1])));
        }

        Report.Finish("polling", settings, most == 1 ? one : PollingResult.Compared(results[most], results[1]));
        return 0;
    }

    private static async Task<PollingResult> OnceAsync(Settings settings, int nodes)
    {
        await using var simulators = await SimulatorFleet.StartAsync(settings.Devices);
        await using var database = await BenchDatabase.CreateAsync(settings, Meters.Of(simulators.Endpoints, settings.Points, settings.Interval));
        await using var servers = await MeasuredFleet.StartAsync(database, settings.Devices, nodes);
        var postgres = await database.ServerAsync();
        Report.Say(string.Create(CultureInfo.InvariantCulture,
            $"{settings.Devices} gateways in {simulators.Processes} process(es); {nodes} node(s) up after {servers.StartedMs:0} ms, all armed after {servers.ArmedMs:0} ms, shares even after {servers.EvenMs:0} ms; warming up {settings.Warmup} s"));
        await WaitAsync(settings.Warmup);

        var requests = await simulators.RequestsAsync();
        var databaseCpu = postgres?.CpuSeconds() ?? 0;
        var begin = await servers.MarkAsync();
        var clock = Stopwatch.GetTimestamp();
        using var profile = StackProfile.Start(settings, servers.Nodes[0].Id);
        await WaitAsync(settings.Seconds - Stopwatch.GetElapsedTime(clock).TotalSeconds);
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        var end = await servers.LookAsync();
        databaseCpu = (postgres?.CpuSeconds() ?? 0) - databaseCpu;
        requests = await simulators.RequestsAsync() - requests;

        // Some more, so that the last slots of the window get their outcome from polling and not from stopping.
        await WaitAsync(Math.Min(2, settings.Interval));
        var stop = (await servers.LookAsync()).Now;
        await servers.StopAsync();
        profile?.Print();

        var facts = await database.ReadAsync(tx => LedgerFacts.Read(tx, begin.Now, begin.Now + TimeSpan.FromSeconds(settings.Seconds)));
        var duplicates = end.Duplicates + await ProveAsync(settings, database, facts, stop);
        if (facts.Why.Length > 0)
        {
            Report.Say($"not ok in the window: {facts.Why}");
        }

        if (!begin.Endpoints.SequenceEqual(end.Endpoints))
        {
            Report.Say($"shares moved in the window: {string.Join(" + ", begin.Endpoints)} at its begin, {string.Join(" + ", end.Endpoints)} at its end");
        }

        Report.Say($"{requests} requests reached the simulators in the window; {end.Waiting} outcomes waited for their commit at its end");
        var cpu = end.CpuSeconds - begin.CpuSeconds;
        var polls = Math.Max(1, end.Polls - begin.Polls);
        return new PollingResult
        {
            PollsPerS = (facts.Ok + facts.Partial + facts.Failed) / (double)settings.Seconds,
            PointsPerS = facts.Points / (double)settings.Seconds,
            LatenessP50Ms = facts.LatenessP50Ms,
            LatenessP99Ms = facts.LatenessP99Ms,
            LatenessMaxMs = facts.LatenessMaxMs,
            CommitP99Ms = end.CommitP99Ms,
            Missed = facts.Missed,
            Failed = facts.Failed + facts.Partial,
            Duplicates = duplicates,
            CpuS = cpu * settings.Seconds / seconds,
            RssMb = end.Uses.Sum(use => use.ResidentMb),
            CpuUsPerPoint = cpu * 1e6 / Math.Max(1, end.Points - begin.Points),
            CpuUsPerPoll = cpu * 1e6 / polls,
            Database = Report.Name(settings.Database),
            Seconds = settings.Seconds,
            Devices = settings.Devices,
            Commit = Report.Commit,
            ArmedMs = servers.ArmedMs,
            Points = settings.Points,
            IntervalS = settings.Interval,
            PeakRssMb = end.Uses.Sum(use => use.PeakMb),
            PollsPerBatch = polls / (double)Math.Max(1, end.Batches - begin.Batches),
            RequestsPerS = requests / seconds,
            Runs = 1,
            Nodes = nodes,
            EndpointsPerNode = nodes == 1 ? null : [.. end.Endpoints],
            CpuSPerNode = nodes == 1 ? null : [.. end.Uses.Zip(begin.Uses, (last, first) => (last.CpuSeconds - first.CpuSeconds) * settings.Seconds / seconds)],
            RssMbPerNode = nodes == 1 ? null : [.. end.Uses.Select(use => use.ResidentMb)],
            EvenMs = nodes == 1 ? null : servers.EvenMs,
            PostgresCpuUsPerPoll = postgres is null ? null : databaseCpu * 1e6 / polls,
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
