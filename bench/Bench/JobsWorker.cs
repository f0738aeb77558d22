using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Jobs;
using Rondo.Jobs.Upkeep;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>Arguments of the jobs that are measured.</summary>
/// <param name="Sent">Monotonic time of the call that enqueued it, which is one clock for the whole machine; 0 when it is not asked for.</param>
internal sealed record BenchArgs(long Sent);

/// <summary>A worker process with the defaults it is shipped with, told by lines what to do.</summary>
internal static class JobsWorker
{
    /// <summary>Hidden verb that starts it.</summary>
    public const string Verb = "jobs-worker";

    public static async Task<int> ServeAsync(string address)
    {
        var opened = Database.Open(BenchDatabase.Parse(address), DatabaseUse.Server, TimeProvider.System);
        await using var database = new TimedDatabase(opened);
        var chance = new Chance(1);
        await using var supervisor = new LoopSupervisor(TimeProvider.System, chance, (loop, fault) => Report.Say($"{loop.Name}: {fault.Message}"), _ => { });
        var node = await Node.RegisterAsync(database, TimeProvider.System, "work", "bench", default);
        if (database.Address.Kind == DatabaseKind.Postgres)
        {
            supervisor.Start(new LeaseLoop(database, node, supervisor.CheckProgress, _ => { }, TimeProvider.System, NullLogger.Instance));
        }

        await using var hints = new Hints(opened, TimeProvider.System);
        var handler = new Handler();
        var handlers = new JobHandlers().Add("bench", handler);
        var server = new JobServer(database, node, handlers, new JobsOptions(), TimeProvider.System, chance, hints.Send, NullLogger.Instance);
        await using var queue = new JobQueue(database, handlers, _ => server.Wake());
        hints.On(JobServer.Topic, server.Wake);
        hints.Start(supervisor, chance);

        // The room for history is made once in the life of a database, not once a start.
        HistoryStore.Prepare(database, new JobsOptions());
        Console.WriteLine("started");
        while (await Console.In.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ');
            switch (words[0])
            {
                case "start":
                    // Apart: every claim is a transaction of its own, whose time is known.
                    server.Start(supervisor, words.Length > 1 ? null : queue);
                    Console.WriteLine("ok");
                    break;
                case "finished":
                    for (var wanted = long.Parse(words[1], CultureInfo.InvariantCulture); server.State.Finished < wanted;)
                    {
                        await Task.Delay(2);
                    }

                    Console.WriteLine("ok");
                    break;
                case "claims":
                    Console.WriteLine(JsonSerializer.Serialize(database.Take()));
                    break;
                case "latencies":
                    Console.WriteLine(JsonSerializer.Serialize(handler.Take()));
                    break;
                default:
                    Console.WriteLine((await JobsProducer.RunAsync(queue, words[0], int.Parse(words[1], CultureInfo.InvariantCulture))).ToString("R", CultureInfo.InvariantCulture));
                    break;
            }
        }

        await server.DrainAsync();
        await supervisor.StopAsync(TimeSpan.FromSeconds(3));
        await node.EndAsync();
        return 0;
    }

    private sealed class Handler : IJobHandler<BenchArgs>
    {
        private readonly Lock _gate = new();
        private List<double> _latencies = [];

        public Task<JobResult> Handle(BenchArgs args, JobContext job, CancellationToken stop)
        {
            if (args.Sent > 0)
            {
                var took = Stopwatch.GetElapsedTime(args.Sent).TotalMilliseconds;
                lock (_gate)
                {
                    _latencies.Add(took);
                }
            }

            return Task.FromResult(JobResult.Done);
        }

        public List<double> Take()
        {
            lock (_gate)
            {
                var taken = _latencies;
                _latencies = [];
                return taken;
            }
        }
    }
}

/// <summary>What a producer does, in the worker's process (SQLite) or in one of its own.</summary>
internal static class JobsProducer
{
    private const int Clients = 10;
    private static readonly TimeSpan _pace = TimeSpan.FromMilliseconds(20);

    /// <summary>Jobs per second; for <c>paced</c> nothing of interest.</summary>
    public static async Task<double> RunAsync(JobQueue queue, string what, int count)
    {
        var from = Stopwatch.GetTimestamp();
        switch (what)
        {
            case "single":
                await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
                {
                    for (var n = 0; n < count / Clients; n++)
                    {
                        await queue.EnqueueAsync(new BenchArgs(0));
                    }
                }));
                break;
            case "bulk":
                for (var n = 0; n < count; n += 1_000)
                {
                    await queue.EnqueueManyAsync(Enumerable.Repeat(new BenchArgs(0), Math.Min(1_000, count - n)));
                }

                break;
            default:
                using (var timer = new PeriodicTimer(_pace))
                {
                    for (var n = 0; n < count && await timer.WaitForNextTickAsync(); n++)
                    {
                        // Not waited for: the next call does not depend on this one.
                        _ = queue.EnqueueAsync(new BenchArgs(Stopwatch.GetTimestamp()));
                    }
                }

                break;
        }

        return count / Stopwatch.GetElapsedTime(from).TotalSeconds;
    }
}
