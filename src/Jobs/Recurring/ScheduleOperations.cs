using Rondo.Jobs.Recurring;
using Rondo.Jobs.Schedules;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>What operators ask and want of schedules. Nodes read a schedule anew for each tick, so a wish is in force with its commit.</summary>
public sealed class ScheduleOperations
{
    /// <summary>So many due instants are told ahead.</summary>
    public const int Ahead = 5;

    private const int Shown = 20;
    private readonly Database _database;
    private readonly JobsOptions _options;
    private readonly Action<string> _hint;
    private readonly JobQueue _queue;
    private readonly ScheduleWriter _writer;

    internal ScheduleOperations(Database database, JobHandlers handlers, JobsOptions options, Action<string> hint)
    {
        _database = database;
        _options = options;
        _hint = hint;
        _queue = new JobQueue(database, handlers, _ => hint(JobServer.Topic), priorities: options.Priorities);
        _writer = new ScheduleWriter(_queue, new Ticker(_queue, options));
    }

    /// <summary>All schedules, each with its newest tick.</summary>
    public Task<ScheduleList> ListAsync(CancellationToken stop = default) => _database.ReadAsync(
        "schedules.list",
        tx =>
        {
            var last = TickStore.Last(tx);
            return new ScheduleList(
                tx.Now,
                [.. NodeRegister.All(tx).Where(n => n.HasRole("work") && NodeRegister.IsRunning(n, _database.Address, tx.Now)).Select(n => n.Id)],
                [.. ScheduleStore.All(tx).Select(row => ScheduleView.Of(row, last.GetValueOrDefault(row.Id)))]);
        },
        stop);

    /// <summary>All about one schedule, or null.</summary>
    public Task<ScheduleDetails?> ShowAsync(string name, CancellationToken stop = default) => _database.ReadAsync(
        "schedules.show",
        tx =>
        {
            if (ScheduleStore.Find(tx, name) is not { } row)
            {
                return null;
            }

            var ticks = TickStore.Newest(tx, row.Id, Shown);
            var next = row.TryRead(out var timing, out _) && row.NextDue is { } due ? [due, .. Next(timing, due, Ahead - 1)] : (IReadOnlyList<Instant>)[];
            return new ScheduleDetails(ScheduleView.Of(row, ticks.FirstOrDefault()), next, ticks, ScheduleJobs.Live(tx, row.Id));
        },
        stop);

    /// <summary>Compares the ledger of a schedule with its timings; null when there is no such schedule.</summary>
    public Task<LedgerProof?> ProveAsync(string name, CancellationToken stop = default) => _database.ReadLongAsync(
        "schedules.prove", tx => ScheduleStore.Find(tx, name) is { } row ? TickLedger.Prove(tx, row) : null, stop);

    /// <summary>When one would be due next, five times. Stores nothing.</summary>
    /// <exception cref="ScheduleRefused">It would not be accepted.</exception>
    public IReadOnlyList<Instant> Preview(ScheduleDefinition wanted)
    {
        var now = _database.Clock.Now;
        return [.. Next(wanted.Check(_queue, new Instant(now.Micros - (now.Micros % 1_000_000))), now, Ahead)];
    }

    /// <summary>Stores a schedule of an operator's.</summary>
    /// <param name="wanted">The schedule.</param>
    /// <param name="mayReplace">Whether one of its name may be there: it goes on by the new definition, and a pause of it stays.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="ScheduleRefused">It is wrong, or its name is taken.</exception>
    public async Task<ScheduleDetails> AddAsync(ScheduleDefinition wanted, bool mayReplace, CancellationToken stop = default)
    {
        // What was due may cancel an earlier job, before any node ran.
        await Upkeep.HistoryStore.PrepareAsync(_database, _options, stop).ConfigureAwait(false);
        await ScheduleWriter.UntilDoneAsync(async () =>
        {
            var put = await _database.WriteAsync("schedules.add", tx => _writer.Store(tx, wanted, JobSchedules.Operator, mayReplace), stop).ConfigureAwait(false);
            return put switch
            {
                ScheduleWriter.Put.Taken => throw new ScheduleRefused("name", $"there is a schedule '{wanted.Name}' already; replace it, or take another name", isTaken: true),
                _ => put == ScheduleWriter.Put.Done,
            };
        }).ConfigureAwait(false);
        _hint(JobServer.IntentTopic);
        return await ShowAsync(wanted.Name, stop).ConfigureAwait(false) ?? throw new ScheduleRefused("name", $"schedule '{wanted.Name}' was removed by somebody else at once");
    }

    /// <summary>Stores that the ticks of a schedule are skipped as paused, or that it goes on. False when there is no such schedule.</summary>
    public async Task<bool> PauseAsync(string name, bool isPaused, CancellationToken stop = default)
    {
        var isThere = false;
        await ScheduleWriter.UntilDoneAsync(() => _database.WriteAsync(
            "schedules.pause",
            tx =>
            {
                var row = ScheduleStore.Lock(tx, name);
                isThere = row is not null;
                return row is null || _writer.Pause(tx, row, isPaused);
            },
            stop)).ConfigureAwait(false);
        _hint(JobServer.IntentTopic);
        return isThere;
    }

    /// <summary>Enqueues a job of a schedule now, outside its plan: also when it is paused, and whatever runs. Null when there is no such schedule.</summary>
    /// <exception cref="JobRefused">The job is not acceptable any more, or its kind is not known here.</exception>
    public Task<Enqueued?> RunAsync(string name, CancellationToken stop = default) => _database.WriteAsync<Enqueued?>(
        "schedules.run",
        tx =>
        {
            if (ScheduleStore.Lock(tx, name) is not { } row)
            {
                return null;
            }

            var job = _queue.Enqueue(tx, row.Kind, row.Args, row.JobOptions(null));
            if (job.IsNew)
            {
                ScheduleJobs.Add(tx, row.Id, job.Id);
            }

            return job;
        },
        stop);

    /// <summary>Removes a schedule; its jobs go on, its ticks are forgotten. What it was, or null when there is none. One that a program defines comes back with the program's next start.</summary>
    public Task<ScheduleView?> RemoveAsync(string name, CancellationToken stop = default) => _database.WriteAsync(
        "schedules.remove",
        tx =>
        {
            if (ScheduleStore.Lock(tx, name) is not { } row)
            {
                return null;
            }

            ScheduleStore.Remove(tx, row.Id);
            return ScheduleView.Of(row, null);
        },
        stop);

    private static IEnumerable<Instant> Next(ScheduleTiming timing, Instant after, int count)
    {
        for (var n = 0; n < count && timing.Next(after) is { } due; n++, after = due)
        {
            yield return due;
        }
    }
}
