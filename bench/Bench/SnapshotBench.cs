using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Rondo.Jobs;
using Rondo.Jobs.Upkeep;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>
/// How long a claim takes while somebody holds a snapshot and nothing that was moved can be cleaned up: jobs pass in rounds, and the claim statements of the first
/// and the last rounds are compared. PostgreSQL only.
/// </summary>
internal static class SnapshotBench
{
    private const int Rounds = 20;
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(30);
    private static readonly Sql _done = new("bench.done", "select count(*) from job_history where state = 'done'");
    private static readonly Sql _dead = new("bench.dead", "select cast(coalesce(sum(n_dead_tup), 0) as bigint) from pg_stat_user_tables where relname in ('job_ready', 'job_running')");

    public static async Task<int> RunAsync(Settings settings)
    {
        if (settings.Database != DatabaseKind.Postgres)
        {
            throw new BenchFault("--snapshot needs --database postgres: on SQLite what a claim reads is never kept for others in its tables");
        }

        await using var made = await BenchDatabase.CreateAsync(settings, []);
        await using var database = new TimedDatabase(Database.Open(made.Address, DatabaseUse.Server, TimeProvider.System));
        var chance = new Chance(1);
        await using var supervisor = new LoopSupervisor(TimeProvider.System, chance, (loop, fault) => Report.Say($"{loop.Name}: {fault.Message}"), _ => { });
        var node = await Node.RegisterAsync(database, TimeProvider.System, "work", "bench", default);
        supervisor.Start(new LeaseLoop(database, node, supervisor.CheckProgress, _ => { }, TimeProvider.System, NullLogger.Instance));
        var handlers = new JobHandlers().Add("bench", new Handler());
        JobServer? server = null;
        await using var queue = new JobQueue(database, handlers, _ => server?.Wake());

        // A short life: the room for history is not what is measured.
        var options = new JobsOptions();
        HistoryStore.Prepare(database, options);
        server = new JobServer(database, node, handlers, options, TimeProvider.System, chance, _ => { }, NullLogger.Instance);
        server.Start(supervisor);

        // Compiled, planned and filled before the clock starts.
        var round = Math.Max(1, settings.Count / Rounds);
        await PassAsync(queue, server, Math.Min(20_000, round));
        database.Take();
        await using var holder = await made.OpenAsync();
        await SayAsync(holder, "begin isolation level repeatable read");
        await SayAsync(holder, "select count(*) from job_history");
        var rounds = new List<double[]>();
        var from = Stopwatch.GetTimestamp();
        for (var n = 0; n < Rounds; n++)
        {
            await PassAsync(queue, server, round);
            var took = database.Take();
            Array.Sort(took);
            rounds.Add(took);
            var rows = await made.ReadAsync(tx => tx.First<long>(_dead));
            Report.Say(string.Create(CultureInfo.InvariantCulture, $"round {n + 1}: {took.Length} claims, p50 {At(took, 0.5):0.000} ms, p99 {At(took, 0.99):0.000} ms, {rows} dead rows"));
        }

        var seconds = Stopwatch.GetElapsedTime(from).TotalSeconds;
        var dead = await made.ReadAsync(tx => tx.First<long>(_dead));
        await using (var held = new NpgsqlCommand("select count(*) from job_history", holder))
        {
            // Proof that the snapshot was held to the end: it still sees what was there at its beginning.
            var seen = (long)(await held.ExecuteScalarAsync())!;
            var done = await made.ReadAsync(tx => tx.First<long>(_done));
            if (done - seen != (long)round * Rounds)
            {
                throw new BenchFault($"{(long)round * Rounds} jobs were to pass under the snapshot and {done - seen} did");
            }
        }

        await SayAsync(holder, "rollback");
        await server.DrainAsync();
        await supervisor.StopAsync(TimeSpan.FromSeconds(3));
        await node.EndAsync();

        // A tenth of the rounds at each end.
        var (first, last) = (Merge(rounds.Take(Rounds / 10)), Merge(rounds.TakeLast(Rounds / 10)));
        Report.Finish("jobs-snapshot", settings, new SnapshotResult
        {
            Jobs = (long)round * Rounds,
            JobsPerS = (long)round * Rounds / seconds,
            ClaimP50FirstMs = At(first, 0.5),
            ClaimP99FirstMs = At(first, 0.99),
            ClaimP50LastMs = At(last, 0.5),
            ClaimP99LastMs = At(last, 0.99),
            P50Ratio = At(last, 0.5) / At(first, 0.5),
            P99Ratio = At(last, 0.99) / At(first, 0.99),
            ClaimsFirst = first.Length,
            ClaimsLast = last.Length,
            DeadRows = dead,
            Database = Report.Name(settings.Database),
            Commit = Report.Commit,
        });
        return 0;
    }

    private static async Task PassAsync(JobQueue queue, JobServer server, int count)
    {
        var wanted = server.State.Finished + count;
        for (var n = 0; n < count; n += 1_000)
        {
            await queue.EnqueueManyAsync(Enumerable.Repeat(new BenchArgs(0), Math.Min(1_000, count - n)));
        }

        var from = Stopwatch.GetTimestamp();
        while (server.State.Finished < wanted)
        {
            if (Stopwatch.GetElapsedTime(from) > _patience)
            {
                throw new BenchFault($"a round of {count} jobs did not end within {_patience.TotalMinutes:0} min");
            }

            await Task.Delay(5);
        }
    }

    private static async Task SayAsync(NpgsqlConnection link, string text)
    {
        await using var command = new NpgsqlCommand(text, link);
        await command.ExecuteNonQueryAsync();
    }

    private static double[] Merge(IEnumerable<double[]> rounds) => [.. rounds.SelectMany(r => r).Order()];

    private static double At(double[] sorted, double share) => sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))];

    private sealed class Handler : IJobHandler<BenchArgs>
    {
        public Task<JobResult> Handle(BenchArgs args, JobContext job, CancellationToken stop) => Task.FromResult(JobResult.Done);
    }
}

/// <summary>The last line of <c>bench/run jobs --snapshot</c>; times of the claim statement, seen by the node.</summary>
internal sealed record SnapshotResult
{
    public long Jobs { get; init; }

    public double JobsPerS { get; init; }

    public double ClaimP50FirstMs { get; init; }

    public double ClaimP99FirstMs { get; init; }

    public double ClaimP50LastMs { get; init; }

    public double ClaimP99LastMs { get; init; }

    public double P50Ratio { get; init; }

    public double P99Ratio { get; init; }

    public int ClaimsFirst { get; init; }

    public int ClaimsLast { get; init; }

    public long DeadRows { get; init; }

    public string? Database { get; init; }

    public string? Commit { get; init; }
}
