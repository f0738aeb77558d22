using System.Diagnostics;
using Rondo.Jobs;
using Rondo.JobWorker;
using Rondo.Storage;
using Rondo.SystemTests.Cluster;
using Rondo.SystemTests.Support;
using Rondo.Tests.Jobs.History;

namespace Rondo.SystemTests.Jobs;

/// <summary>
/// Workers that are killed, stopped beyond their lease, ended in order and started again, at random and at named places, while a client enqueues; and a database
/// that is restarted. Each worker and the client draw from a seed of their own, so the same seed does the same, as far as the machine lets it.
/// </summary>
internal sealed class JobChaos(JobSite site, int seed, int jobs, TimeSpan length, int workers, Action<string> say)
{
    private static readonly string[] Places = ["jobs.claimed", "jobs.finish", "jobs.finished", "jobs.run"];
    private static readonly TimeSpan BeyondLease = TimeSpan.FromSeconds(15.5);
    private readonly HashSet<long> _accepted = [];
    private readonly CancellationTokenSource _over = new();
    private readonly Lock _gate = new();
    private int _kills;
    private int _atPlaces;
    private int _stops;
    private int _unsure;
    private int _cancels;

    /// <summary>What clients were told, and what is to be expected.</summary>
    public JobHistory Known { get; private set; } = new();

    public int Kills => _kills;

    public int AtPlaces => _atPlaces;

    public int Stops => _stops;

    /// <summary>Enqueues of which nobody could say whether they were stored.</summary>
    public int Unsure => _unsure;

    public async Task RunAsync(bool isLeased)
    {
        var from = Stopwatch.GetTimestamp();
        // Who buries others has to have been connected for the length of a lease; of the rest nobody lives that long. It runs no job itself.
        var witness = isLeased ? site.Start(workers: 0) : null;
        Task[] fates = [.. Enumerable.Range(0, workers).Select(slot => FateAsync(slot, isLeased))];
        var restarts = site.Postgres is null ? Task.CompletedTask : RestartsAsync();
        var accuse = CulpritAsync();
        await EnqueueAllAsync();
        var culprit = await accuse;
        await PassAsync(length - Stopwatch.GetElapsedTime(from));
        await restarts;
        await _over.CancelAsync();
        await Task.WhenAll(fates);
        await (witness?.EndAsync() ?? Task.CompletedTask);
        Known = new JobHistory { Accepted = [.. _accepted], Culprits = [culprit] };
        say($"{_accepted.Count} accepted, {_unsure} unsure, {_cancels} asked to be cancelled; {_kills} kills, {_atPlaces} of them at a named place, {_stops} stops beyond the lease");
    }

    /// <summary>One after another bears the name of one worker; the last one is left alone.</summary>
    private async Task FateAsync(int slot, bool isLeased)
    {
        var random = new Random((seed * 31) + slot);

        // One of them is on another machine, as it were.
        var isApart = isLeased && slot == workers - 1 && NodeProcess.CanBeApart;
        for (var life = 0; !_over.IsCancellationRequested; life++)
        {
            var place = Places[random.Next(Places.Length)];
            var (isAtPlace, times, lasts, fate) = (random.Next(2) == 0, random.Next(1, 30), 1 + (random.NextDouble() * 3), random.Next(10));

            // The first of each second slot stands still beyond its lease: between a handler's end and its record, or where it happens to be.
            var isStopped = isLeased && slot % 2 == 0 && (life == 0 || random.Next(12) == 0);
            (isAtPlace, place) = life == 0 && isStopped ? (slot == 0, "jobs.finish") : (isAtPlace, place);
            var worker = site.Start(isApart, isStopped && isAtPlace ? $"{place}=stop@{times}" : isAtPlace ? $"{place}=kill@{times}" : "");
            if (isStopped)
            {
                await StandStillAsync(worker, isAtPlace, lasts);
                continue;
            }

            await AliveAsync(worker, lasts);
            if (worker.HasExited)
            {
                Interlocked.Increment(ref _kills);
                Interlocked.Add(ref _atPlaces, isAtPlace ? 1 : 0);
            }
            else if (fate < 7)
            {
                await worker.Kill9Async();
                Interlocked.Increment(ref _kills);
            }
            else if (fate == 7 && worker.Output.Length > 0)
            {
                await EndAsync(worker);
            }

            // Else it lives on, for as long again, and is then killed.
            else
            {
                await AliveAsync(worker, lasts);
                await worker.Kill9Async();
                Interlocked.Increment(ref _kills);
            }
        }

        while (true)
        {
            // The culprit may still be about.
            var last = site.Start(isApart);
            await JobSite.UntilAsync(async () => last.HasExited || (last.Output.Length > 0 && await site.OpenAsync() == 0), () => Task.FromResult("the last jobs ended"), TimeSpan.FromMinutes(10));
            if (!last.HasExited)
            {
                await EndAsync(last);
                return;
            }
        }
    }

    private async Task StandStillAsync(WorkerProcess worker, bool isAtPlace, double lasts)
    {
        if (!isAtPlace)
        {
            await AliveAsync(worker, lasts);
            if (!worker.HasExited)
            {
                worker.Pause();
            }
        }
        else
        {
            await AliveAsync(worker, 10, isOver: () => worker.IsPaused);
        }

        if (worker.IsPaused)
        {
            Interlocked.Increment(ref _stops);
            await PassAsync(BeyondLease);
            worker.Cont();
            await AliveAsync(worker, 4);
        }

        if (!worker.HasExited)
        {
            await worker.Kill9Async();
            Interlocked.Increment(ref _kills);
        }
    }

    /// <summary>A clean stop; the culprit, or the place that it was started with, may come first.</summary>
    private static async Task EndAsync(WorkerProcess worker)
    {
        var code = await worker.StopAsync(TimeSpan.FromSeconds(30));
        Assert.True(code is 0 or 137, $"{worker.CommandLine} ended with {code}:\n{string.Join('\n', worker.Errors.TakeLast(30))}");
    }

    private static async Task AliveAsync(WorkerProcess worker, double seconds, Func<bool>? isOver = null)
    {
        var from = Stopwatch.GetTimestamp();
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!worker.HasExited && Stopwatch.GetElapsedTime(from).TotalSeconds < seconds && isOver?.Invoke() != true)
        {
            await again.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>When those who stand still have had their time.</summary>
    private async Task<long> CulpritAsync()
    {
        await PassAsync(length * 0.6);
        var culprit = await site.EnqueueAsync(new EffectArgs(0, Does.Crash));
        lock (_gate)
        {
            _accepted.Add(culprit);
        }

        return culprit;
    }

    /// <summary>Late: while the database is away nobody's lease lapses.</summary>
    private async Task RestartsAsync()
    {
        await PassAsync(length * 0.75);
        say("the database stops in order, and starts");
        await site.Postgres!.StopAsync();
        await PassAsync(TimeSpan.FromSeconds(0.5));
        await site.Postgres.StartAsync();
        await PassAsync(length * 0.15);
        say("the database crashes, and starts");
        await site.Postgres.CrashAndStartAsync();
    }

    private async Task EnqueueAllAsync()
    {
        var random = new Random(seed);
        var from = Stopwatch.GetTimestamp();
        for (var n = 1; n <= jobs;)
        {
            var count = Math.Min(jobs - n + 1, random.Next(3) switch { 0 => 1, 1 => random.Next(2, 20), _ => random.Next(50, 120) });
            var args = Enumerable.Range(n, count).Select(each => New(random, each)).ToArray();
            try
            {
                long[] ids = random.Next(3) switch
                {
                    0 => [.. (await site.Client.Queue.EnqueueManyAsync(args)).Select(e => e.Id)],
                    1 => await Task.WhenAll(args.Select(site.EnqueueAsync)),
                    _ => await site.Client.Database.WriteAsync("test.enqueue", tx => args.Select(each => site.Client.Queue.Enqueue(tx, each).Id).ToArray()),
                };
                lock (_gate)
                {
                    _accepted.UnionWith(ids);
                }

                if (random.Next(4) == 0)
                {
                    _cancels++;
                    await site.Client.Operations.ActAsync(JobVerb.Cancel, ids[^1]);
                }
            }
            catch (StorageFault fault) when (fault.IsTransient)
            {
                // What is enqueued one by one may have been acknowledged in part; that part is not counted on.
                _unsure += count;
            }

            n += count;
            await PassAsync((length * 0.9 * n / jobs) - Stopwatch.GetElapsedTime(from));
        }
    }

    private static EffectArgs New(Random random, int n)
    {
        var (does, key) = (random.Next(100), random.Next(10) == 0 ? $"k{random.Next(10)}" : null);
        return does switch
        {
            < 8 => new EffectArgs(n, Does.Fail, random.Next(1, 4), 0, key),
            < 12 => new EffectArgs(n, Does.Snooze, Key: key),
            < 14 => new EffectArgs(n, Does.Discard, Key: key),
            < 20 => new EffectArgs(n, TakesMs: random.Next(20, 300)),
            < 24 => new EffectArgs(n, TakesMs: random.Next(4), Key: key, Unique: $"u{random.Next(10)}"),
            _ => new EffectArgs(n, TakesMs: random.Next(4), Key: key),
        };
    }

    private static Task PassAsync(TimeSpan time) => time > TimeSpan.FromMilliseconds(1) ? Passing.Of(time) : Task.CompletedTask;
}
