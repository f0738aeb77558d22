using Rondo.Jobs.Operations;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>What operators ask and want of queues. A wish is stored; nodes obey within their poll interval, mostly at once.</summary>
public sealed class QueueOperations
{
    private static readonly TimeSpan _window = TimeSpan.FromMinutes(10);
    private readonly Database _database;
    private readonly JobHandlers _handlers;
    private readonly JobsOptions _options;
    private readonly Action<string> _hint;

    internal QueueOperations(Database database, JobHandlers handlers, JobsOptions options, Action<string> hint)
    {
        _database = database;
        _handlers = handlers;
        _options = options;
        _hint = hint;
    }

    /// <summary>True for what can be a queue: 1 to 60 letters, digits, <c>. - _</c>.</summary>
    public static bool IsName(string? name) => Names.IsFit(name);

    /// <summary>Every queue that has jobs, had some in the last 10 minutes, is configured here, or of which something is wanted.</summary>
    public Task<QueueStatus> ReadAsync(CancellationToken stop = default) => _database.ReadLongAsync("queues.list", Read, stop);

    /// <summary>Stores that nothing of a queue is to be begun, or that it may again.</summary>
    public async Task PauseAsync(string queue, bool isPaused, CancellationToken stop = default)
    {
        await _database.WriteAsync("queues.pause", tx => { QueueStore.Pause(tx, queue, isPaused); }, stop).ConfigureAwait(false);
        _hint(JobServer.IntentTopic);
    }

    /// <summary>Stores how many workers each node is to have for a queue, 0 to 1,000; null for as many as it is configured with. Returns what was wanted before.</summary>
    public async Task<int?> ScaleAsync(string queue, int? workers, CancellationToken stop = default)
    {
        var before = await _database.WriteAsync(
            "queues.scale",
            tx =>
            {
                var wanted = QueueStore.Intents(tx).Find(q => q.Name == queue)?.Workers;
                QueueStore.Scale(tx, queue, workers);
                return wanted;
            },
            stop).ConfigureAwait(false);
        _hint(JobServer.IntentTopic);
        return before;
    }

    /// <summary>What queues hold, by name; those that hold nothing are left out.</summary>
    public static IReadOnlyList<QueueDepth> Depths(Transaction tx)
    {
        var now = tx.Now;
        return [.. QueueStore.Depths(tx).OrderBy(d => d.Queue, StringComparer.Ordinal).Select(d => new QueueDepth(
            d.Queue, d.Ready, d.Running, d.Scheduled, d.Blocked, d.Oldest is { } oldest ? Math.Max(0, (now - oldest).TotalSeconds) : null))];
    }

    /// <summary>Jobs of a queue that nodes hold.</summary>
    public Task<long> RunningAsync(string queue, CancellationToken stop = default) => _database.ReadAsync("queues.running", tx => QueueStore.Running(tx, queue), stop);

    /// <summary>Whether something of <paramref name="queues"/> can run now, or in a moment.</summary>
    public Task<bool> CanRunAsync(IReadOnlyCollection<string> queues, CancellationToken stop = default) =>
        _database.ReadAsync("queues.open", tx => QueueStore.Open(tx).Exists(q => queues.Contains(q, StringComparer.Ordinal)), stop);

    private QueueStatus Read(Transaction tx)
    {
        var now = tx.Now;
        var depths = QueueStore.Kinds(tx).ToLookup(d => d.Queue, StringComparer.Ordinal);
        var intents = QueueStore.Intents(tx).ToDictionary(i => i.Name, StringComparer.Ordinal);
        var ends = QueueStore.ReadEnds(tx, now - _window).ToLookup(e => e.Queue, StringComparer.Ordinal);
        var times = Times(tx, now - _window, ends);
        string[] configured = [.. _options.Queues.Keys, .. _handlers.Queues];
        var names = depths.Select(d => d.Key).Concat(intents.Keys).Concat(ends.Select(e => e.Key)).Concat(configured).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        List<QueueView> queues =
        [
            .. names.Select(name => View(
                name,
                [.. depths[name]],
                intents.GetValueOrDefault(name),
                configured.Contains(name, StringComparer.Ordinal) ? _options.WorkersOf(name) : null,
                [.. ends[name]],
                [.. times[name]],
                now)),
        ];
        return new QueueStatus(
            now,
            [.. NodeRegister.All(tx).Where(n => n.HasRole("work") && NodeRegister.IsRunning(n, _database.Address, now)).Select(n => n.Id)],
            queues,
            QueueStore.Loads(tx),
            new QueueTotal(
                queues.Sum(q => q.Ready), queues.Sum(q => q.Running), queues.Sum(q => q.Scheduled), queues.Sum(q => q.Blocked), queues.Sum(q => q.Finished),
                queues.Sum(q => q.Dead), Rate(queues.Sum(q => q.Finished))));
    }

    /// <summary>A queue that ends thousands of jobs must not take the others' times away.</summary>
    private static ILookup<string, QueueStore.Times> Times(Transaction tx, Instant since, ILookup<string, QueueStore.Ends> ends)
    {
        var all = QueueStore.ReadTimes(tx, since);
        var times = all.ToLookup(t => t.Queue, StringComparer.Ordinal);
        var few = all.Count < QueueStore.Sample ? [] : ends.Where(e => times[e.Key].Count() is var count && count < QueueStore.OfOne && count < e.Sum(end => end.Timed)).Select(e => e.Key).ToArray();
        return few.Length == 0 ? times : all.Where(t => !few.Contains(t.Queue)).Concat(QueueStore.ReadTimes(tx, few, since)).ToLookup(t => t.Queue, StringComparer.Ordinal);
    }

    private QueueView View(string name, QueueStore.Depth[] depths, QueueStore.Intent? intent, int? configured, QueueStore.Ends[] ends, QueueStore.Times[] times, Instant now) => new(name, Figures(depths, ends, times, now))
    {
        Workers = intent?.Workers,
        ConfiguredWorkers = configured,
        Priority = _options.PriorityOf(name),
        IsPaused = intent?.IsPaused ?? false,
        Kinds =
        [
            .. depths.Select(d => d.Kind).Concat(ends.Select(e => e.Kind)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(kind => new KindView(
                kind, Figures([.. depths.Where(d => d.Kind == kind)], [.. ends.Where(e => e.Kind == kind)], [.. times.Where(t => t.Kind == kind)], now))),
        ],
    };

    private static JobFigures Figures(QueueStore.Depth[] depths, QueueStore.Ends[] ends, QueueStore.Times[] times, Instant now)
    {
        var tried = ends.Where(e => e.State is "done" or "dead").ToArray();
        var attempts = tried.Sum(e => e.Attempts);
        var waits = times.Select(t => t.StartedAt - t.Due).Order().ToArray();
        var runs = times.Select(t => t.FinishedAt - t.StartedAt).Order().ToArray();
        return new JobFigures
        {
            Ready = depths.Sum(d => d.Ready),
            Running = depths.Sum(d => d.Running),
            Scheduled = depths.Sum(d => d.Scheduled),
            Blocked = depths.Sum(d => d.Blocked),
            OldestReadyAgeS = depths.Min(d => d.Oldest) is { } oldest ? Math.Round(Math.Max(0, (now - oldest).TotalSeconds), 1) : null,
            Finished = ends.Sum(e => e.Count),
            Dead = ends.Where(e => e.State == "dead").Sum(e => e.Count),
            ThroughputPerS = Rate(ends.Sum(e => e.Count)),
            FailureRate = attempts > 0 ? Math.Round((attempts - tried.Where(e => e.State == "done").Sum(e => e.Count)) / (double)attempts, 4) : null,
            WaitP50Ms = Quantile(waits, 0.5),
            WaitP99Ms = Quantile(waits, 0.99),
            RunP50Ms = Quantile(runs, 0.5),
            RunP99Ms = Quantile(runs, 0.99),
        };
    }

    private static double Rate(long count) => Math.Round(count / _window.TotalSeconds, 3);

    private static double? Quantile(TimeSpan[] sorted, double share) =>
        sorted.Length == 0 ? null : Math.Round(Math.Max(0, sorted[(int)Math.Ceiling(share * sorted.Length) - 1].TotalMilliseconds), 3);
}
