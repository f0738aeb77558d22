using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Rondo.Jobs;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>
/// The queue: how fast jobs that do nothing go through one worker process with the defaults it is shipped with, history kept and every end fenced; how fast they
/// are accepted; and how long one alone waits. On PostgreSQL the producer is a process of its own; a SQLite file has one process.
/// </summary>
internal static class JobsBench
{
    private const int Singles = 20_000;
    private const int Paced = 500;
    private static readonly TimeSpan _settle = TimeSpan.FromSeconds(3);
    private static readonly Sql _done = new("bench.done", "select count(*) from job_history where state = 'done'");

    public static async Task<int> RunAsync(Settings settings)
    {
        var runs = new List<JobsResult>();
        var peers = JobsPeers.Ready();
        for (var run = 0; run < settings.Runs; run++)
        {
            runs.Add(await RunOnceAsync(settings));
            Console.WriteLine(Report.Line(runs[^1]));
            await (peers?.MeasureAsync() ?? Task.CompletedTask);
        }

        var median = JobsResult.Median(runs) with { Database = Report.Name(settings.Database), Count = settings.Count, Crowd = settings.Crowd > 0 ? settings.Crowd : null, Runs = runs.Count, Commit = Report.Commit, Peers = peers?.Medians() };
        foreach (var row in median.Table())
        {
            Report.Say(row);
        }

        Report.Finish("jobs", settings, median);
        return 0;
    }

    private static async Task<JobsResult> RunOnceAsync(Settings settings)
    {
        await using var made = await BenchDatabase.CreateAsync(settings, []);
        var target = made.Address.Target;
        if (settings.Crowd > 0)
        {
            await JobsCrowd.FillAsync(made, settings.Crowd);
        }

        await using var worker = Child.Start(MeasuredServer.ProductRuntimeSettings(), JobsWorker.Verb, target);
        await worker.ReadAsync();

        var isApart = settings.Database == DatabaseKind.Postgres;
        await using var database = Database.Open(made.Address, DatabaseUse.Command, TimeProvider.System);
        await using var hints = new Hints(database, TimeProvider.System);
        var chance = new Chance(1);
        await using var supervisor = new LoopSupervisor(TimeProvider.System, chance, (_, _) => { }, _ => { });
        hints.Start(supervisor, chance);
        await using var queue = new JobQueue(database, new JobHandlers().AddForEnqueue<BenchArgs>("bench"), _ => hints.Send(JobServer.Topic), hints);
        async Task<double> ProduceAsync(string what, int count) => isApart
            ? await JobsProducer.RunAsync(queue, what, count)
            : double.Parse(await worker.AskAsync($"{what} {count}"), CultureInfo.InvariantCulture);

        await ProduceAsync("single", 1_000);
        var single = await ProduceAsync("single", Singles);
        await ProduceAsync("bulk", 5_000);
        var bulk = await ProduceAsync("bulk", settings.Count);
        var total = Singles + settings.Count + 6_000;
        Report.Say($"{total} jobs wait");
        var server = await made.ServerAsync();
        var (cpuBefore, serverBefore) = (ProcessUse.Of(worker.Id).CpuSeconds, server?.CpuSeconds() ?? 0);
        var from = Stopwatch.GetTimestamp();
        await worker.AskAsync(settings.Crowd > 0 ? "start apart" : "start");

        // The worker counts what is committed; a question to the database in between would be work for it.
        await worker.AskAsync($"finished {total}");
        var seconds = Stopwatch.GetElapsedTime(from).TotalSeconds;
        var busy = ProcessUse.Of(worker.Id);
        var serverCpu = (server?.CpuSeconds() ?? 0) - serverBefore;
        var done = await made.ReadAsync(tx => tx.First<long>(_done));
        if (done != total)
        {
            throw new BenchFault($"{total} jobs were accepted and {done} are done");
        }

        await Task.Delay(_settle);
        await ProduceAsync("paced", 100);
        await Task.Delay(500);
        await worker.AskAsync("latencies");
        await worker.AskAsync("claims");
        await ProduceAsync("paced", Paced);
        await Task.Delay(500);
        var latencies = JsonSerializer.Deserialize<List<double>>(await worker.AskAsync("latencies"))!;
        latencies.Sort();
        var claims = JsonSerializer.Deserialize<List<double>>(await worker.AskAsync("claims"))!;
        claims.Sort();
        if (latencies.Count != Paced)
        {
            throw new BenchFault($"{Paced} jobs were sent and {latencies.Count} were picked up");
        }

        await supervisor.StopAsync(TimeSpan.FromSeconds(3));
        await worker.EndAsync();

        // One that has never had anything to do.
        await using var idler = Child.Start(MeasuredServer.ProductRuntimeSettings(), JobsWorker.Verb, target);
        await idler.ReadAsync();
        await idler.AskAsync("start");
        await Task.Delay(_settle);
        var idle = ProcessUse.Of(idler.Id);
        await idler.EndAsync();
        return new JobsResult
        {
            JobsPerS = total / seconds,
            EnqueueSinglePerS = single,
            EnqueueBulkPerS = bulk,
            PickupP50Ms = latencies[Paced / 2],
            PickupP99Ms = latencies[Paced * 99 / 100],
            ClaimP50Ms = claims.Count == 0 ? null : claims[claims.Count / 2],
            ClaimP99Ms = claims.Count == 0 ? null : claims[claims.Count * 99 / 100],
            RssIdleMb = idle.ResidentMb,
            RssBusyMb = busy.PeakMb,
            WorkerCpuUsPerJob = (busy.CpuSeconds - cpuBefore) * 1e6 / total,
            ServerCpuUsPerJob = server is null ? null : serverCpu * 1e6 / total,
        };
    }
}

/// <summary>The last line of <c>bench/run jobs</c>.</summary>
internal sealed record JobsResult
{
    public double JobsPerS { get; init; }

    public double EnqueueSinglePerS { get; init; }

    public double EnqueueBulkPerS { get; init; }

    public double PickupP50Ms { get; init; }

    public double PickupP99Ms { get; init; }

    /// <summary>The claims of these, with their commit; null where all of them went along with the transactions that stored the jobs.</summary>
    public double? ClaimP50Ms { get; init; }

    public double? ClaimP99Ms { get; init; }

    public double RssIdleMb { get; init; }

    public double RssBusyMb { get; init; }

    public double WorkerCpuUsPerJob { get; init; }

    public double? ServerCpuUsPerJob { get; init; }

    public string? Database { get; init; }

    public int? Count { get; init; }

    public int? Crowd { get; init; }

    public int? Runs { get; init; }

    public string? Commit { get; init; }

    /// <summary>The same figures of other queues, by peer and variant.</summary>
    public SortedDictionary<string, Dictionary<string, double>>? Peers { get; init; }

    /// <summary>All in one table, for people.</summary>
    public IEnumerable<string> Table()
    {
        string[] columns = ["jobs_per_s", "enqueue_single_per_s", "enqueue_bulk_per_s", "pickup_p50_ms", "pickup_p99_ms", "rss_idle_mb", "rss_busy_mb"];
        yield return string.Join(" | ", columns.Prepend($"{"",-28}"));
        double[] own = [JobsPerS, EnqueueSinglePerS, EnqueueBulkPerS, PickupP50Ms, PickupP99Ms, RssIdleMb, RssBusyMb];
        yield return Row($"rondo {Database}", own.Select(v => (double?)v));
        foreach (var (who, figures) in Peers ?? [])
        {
            yield return Row(who, columns.Select(c => figures.TryGetValue(c, out var value) ? value : (double?)null));
        }

        string Row(string who, IEnumerable<double?> values) =>
            string.Join(" | ", values.Select((v, n) => (v is { } value ? value.ToString(value >= 100 ? "N0" : "0.00", CultureInfo.InvariantCulture) : "").PadLeft(columns[n].Length)).Prepend($"{who,-28}"));
    }

    /// <summary>Each figure's own median.</summary>
    public static JobsResult Median(IReadOnlyList<JobsResult> runs)
    {
        return new JobsResult
        {
            JobsPerS = Of(r => r.JobsPerS),
            EnqueueSinglePerS = Of(r => r.EnqueueSinglePerS),
            EnqueueBulkPerS = Of(r => r.EnqueueBulkPerS),
            PickupP50Ms = Of(r => r.PickupP50Ms),
            PickupP99Ms = Of(r => r.PickupP99Ms),
            ClaimP50Ms = OfSome(r => r.ClaimP50Ms),
            ClaimP99Ms = OfSome(r => r.ClaimP99Ms),
            RssIdleMb = Of(r => r.RssIdleMb),
            RssBusyMb = Of(r => r.RssBusyMb),
            WorkerCpuUsPerJob = Of(r => r.WorkerCpuUsPerJob),
            ServerCpuUsPerJob = OfSome(r => r.ServerCpuUsPerJob),
        };

        double? OfSome(Func<JobsResult, double?> value) => runs.Any(r => value(r) is null) ? null : Of(r => value(r)!.Value);
        double Of(Func<JobsResult, double> value) => runs.Select(value).Order().ElementAt(runs.Count / 2);
    }
}
