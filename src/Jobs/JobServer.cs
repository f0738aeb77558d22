using Microsoft.Extensions.Logging;
using Rondo.Jobs.Links;
using Rondo.Jobs.Proof;
using Rondo.Jobs.Pump;
using Rondo.Jobs.Recurring;
using Rondo.Jobs.Told;
using Rondo.Jobs.Upkeep;
using Rondo.Live.Log;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Storage.Schema;

namespace Rondo.Jobs;

/// <summary>Runs jobs on this node: claims, runs, finishes, and looks after what has no owner. One a process.</summary>
public sealed class JobServer
{
    private readonly Database _database;
    private readonly TimeProvider _time;
    private readonly JobsOptions _options;
    private readonly Dictionary<string, QueueWork> _queues;
    private readonly Runner _runner;
    private readonly FinishLoop _finishes;
    private readonly ClaimLoop _claims;
    private readonly WatchLoop _watch;
    private readonly UpkeepLoop _upkeep;
    private readonly ScheduleLoop _schedules;
    private readonly BalanceLoop _balance;
    private readonly VacuumLoop? _vacuum;
    private readonly Recycler _recycler;
    private readonly JobCounts _counts = new();

    /// <summary>Prepares it; nothing runs before <see cref="Start"/>.</summary>
    /// <param name="database">Migrated with <see cref="Migrations"/>.</param>
    /// <param name="node">This process.</param>
    /// <param name="handlers">What it can run.</param>
    /// <param name="options">Settings.</param>
    /// <param name="time">Time.</param>
    /// <param name="chance">Chance.</param>
    /// <param name="hint">Tells every process that something changed (<see cref="Topic"/>).</param>
    /// <param name="log">Log.</param>
    /// <param name="schedules">Recurring jobs that the program defines; null when it defines none. What operators added recurs in any case.</param>
    /// <param name="memory">Bytes that this process holds; null to ask the system.</param>
    /// <param name="events">Where it is told of dead jobs and finished batches; null where nobody keeps a log of events.</param>
    /// <param name="written">The same database for what dead nodes held and is given back, and for keys of jobs that are gone, so that whoever opens it can write it down; null for <paramref name="database"/>.</param>
    public JobServer(
        Database database, Node node, JobHandlers handlers, JobsOptions options, TimeProvider time, Chance chance, Action<string> hint, ILogger log, JobSchedules? schedules = null,
        Func<long>? memory = null, EventLog? events = null, Database? written = null)
    {
        var told = new JobEvents(events);
        options.Check();
        _database = database;
        _time = time;
        _options = options;
        var store = PumpStore.For(database.Address.Kind, options, node.Id);
        _queues = options.Queues.Keys.Concat(options.OnlyNamedQueues ? [] : handlers.Queues).Distinct(StringComparer.Ordinal)
            .ToDictionary(name => name, name => new QueueWork(name, options.Prefetch, time) { Workers = options.WorkersOf(name) }, StringComparer.Ordinal);
        var followers = new Followers(database, options, told);
        _finishes = new FinishLoop(database, node, store, new Sequel(database, followers, Freed, log), told, _counts, () => _claims!.Wake(), due => _claims!.Expect(due), time, log);
        _runner = new Runner(database, handlers, store, _finishes, _counts, node, () => _claims!.Wake(), chance.For("jobs.retry"), time, log);
        var lookout = new Lookout(database, options, () => [.. _queues.Values.Where(q => q.IsIdle).Select(q => q.Name)], Freed, time);
        _claims = new ClaimLoop(database, node, store, _runner, _finishes, lookout, _queues.Values, options, time, chance.For("jobs.claim"));
        _watch = new WatchLoop(database, node, _runner, _finishes, _claims, _queues, options, time, log);
        var recurring = new JobQueue(database, handlers, Freed, log: events, priorities: options.Priorities);
        schedules?.Read(handlers, recurring, database.Clock.Now);
        _schedules = new ScheduleLoop(database, node, recurring, handlers, schedules, options, Cancelled, time, log);
        _upkeep = new UpkeepLoop(database, written ?? database, node, options, followers, told, Freed, time, log);
        _balance = new BalanceLoop(database, options, time, log);
        _vacuum = database.Dialect == Dialect.Postgres ? new VacuumLoop(database, options, time, log) : null;

        // Who polls as well must not stop polling because of jobs.
        var mayRecycle = Array.TrueForAll(node.Row.Roles.Split(','), role => role is "work" or "api");
        _recycler = new Recycler(options, mayRecycle, chance.For("jobs.recycle"), memory ?? (() => Environment.WorkingSet), time);

        void Freed(IReadOnlyCollection<string> queues)
        {
            _claims!.Ask();
            hint(Topic);
        }

        void Cancelled()
        {
            WakeForIntent();
            hint(Topic);
            hint(IntentTopic);
        }
    }

    /// <summary>Most queues whose numbers are told apart.</summary>
    public const int MostQueues = JobCounts.MostQueues;

    /// <summary>Topic of the hint that there is something new to run.</summary>
    public const string Topic = "jobs";

    /// <summary>Topic of the hint that an operator wants something.</summary>
    public const string IntentTopic = "jobs.intent";

    /// <summary>The tables of the queue; those of <see cref="Node"/> come before.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } = Migration.Of("jobs", typeof(JobServer).Assembly);

    /// <summary>How it goes here.</summary>
    public JobServerState State => new(
        [.. _queues.Values.Select(q => new QueueState(q.Name, q.Workers, q.IsPaused, q.Busy, q.Ahead))], _claims.Claimed, _finishes.Accepted, _finishes.Refused + _watch.Refused, _finishes.Waiting)
    {
        HasLooked = _watch.HasLooked, WrittenOff = _runner.WrittenOff, Overdue = _finishes.Overdue, Vacuum = _vacuum?.Latest, Recycle = Recycle,
    };

    /// <summary>What this node has done since its start, by queue.</summary>
    public IReadOnlyList<QueueNumbers> Numbers => [.. _counts.Queues.All.Select(q => new QueueNumbers(q.Label, q.Cell.Processed, [.. q.Cell.Attempts], q.Cell.Run, q.Cell.Wait))];

    /// <summary>Why a new process should take the place of this one; null while none should, and without the settings for it.</summary>
    public RecycleDue? Recycle => _recycler.Look(_finishes.Accepted);

    /// <summary>Starts its loops. The room for history is made first.</summary>
    /// <param name="supervisor">Runs them.</param>
    /// <param name="queue">By which this process enqueues, or null: on SQLite, what it stores is claimed by the same transaction when a worker has nothing to do.</param>
    public void Start(LoopSupervisor supervisor, JobQueue? queue = null)
    {
        if (queue is not null && _database.Dialect == Dialect.Sqlite)
        {
            queue.Rides = _claims.Ride;
        }

        HistoryStore.Prepare(_database, _options);
        supervisor.Start(_finishes);
        supervisor.Start(_watch);
        supervisor.Start(_claims);
        supervisor.Start(_upkeep);
        supervisor.Start(_schedules);
        supervisor.Start(_balance);
        if (_vacuum is not null)
        {
            supervisor.Start(_vacuum);
        }
    }

    /// <summary>Something may be there to run: look now.</summary>
    public void Wake() => _claims.Ask();

    /// <summary>An operator wants something of queues, running jobs or schedules: look now.</summary>
    public void WakeForIntent()
    {
        _watch.Look();
        _schedules.Wake();
        _claims.Wake();
    }

    /// <summary>
    /// Before the loops are stopped: begins nothing more, gives back what was not begun, lets run what runs for <see cref="JobsOptions.StopPatience"/>, then cancels
    /// it and gives it back as well. No attempt is lost.
    /// </summary>
    public async Task DrainAsync()
    {
        _claims.Stop();
        var began = _time.GetTimestamp();
        while (_queues.Values.Any(q => q.Busy > 0) && _time.GetElapsedTime(began) < _options.StopPatience)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), _time).ConfigureAwait(false);
        }

        foreach (var running in _runner.Running)
        {
            running.Stop(StopReason.Stopping);
        }

        var cancelled = _time.GetTimestamp();
        while (_queues.Values.Any(q => q.Busy > 0) && _time.GetElapsedTime(cancelled) < TimeSpan.FromSeconds(3))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), _time).ConfigureAwait(false);
        }

        foreach (var running in _runner.Running)
        {
            _runner.GiveUp(_queues[running.Job.Queue], running, Outcome.GivenBack, "");
        }

        // A claim may be on its way since before all this began, and what the database does not take in time comes back as a dead node's.
        var ended = _time.GetTimestamp();
        while (_time.GetElapsedTime(ended) < TimeSpan.FromSeconds(5))
        {
            var isClaiming = _claims.IsClaiming;
            _claims.Stop();
            if (!isClaiming && _finishes.Waiting == 0)
            {
                break;
            }

            _finishes.Wake();
            await Task.Delay(TimeSpan.FromMilliseconds(10), _time).ConfigureAwait(false);
        }
    }
}

/// <summary>One queue on this node.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Workers">Workers in force.</param>
/// <param name="IsPaused">Whether nothing is claimed.</param>
/// <param name="Busy">Attempts under way.</param>
/// <param name="Ahead">Claimed and not begun.</param>
public sealed record QueueState(string Name, int Workers, bool IsPaused, int Busy, int Ahead);

/// <summary>The queue on this node.</summary>
/// <param name="Queues">Its queues.</param>
/// <param name="Claimed">Claimed since the start.</param>
/// <param name="Finished">Ends of attempts that were written.</param>
/// <param name="Refused">Writes that were refused because the attempt had been taken away.</param>
/// <param name="Unwritten">Ends that wait to be written.</param>
public sealed record JobServerState(IReadOnlyList<QueueState> Queues, long Claimed, long Finished, long Refused, int Unwritten)
{
    /// <summary>False until it is known what operators want of the queues; nothing is claimed before.</summary>
    public bool HasLooked { get; init; }

    /// <summary>Handlers that were written off because they did not stop, and still run in this process. Their workers were replaced.</summary>
    public int WrittenOff { get; init; }

    /// <summary>How long the database has not taken the ends that are to be written next.</summary>
    public TimeSpan Overdue { get; init; }

    /// <summary>Who holds vacuum back on the tables of jobs; null on SQLite, and before the first look.</summary>
    public VacuumReport? Vacuum { get; init; }

    /// <summary>Why a new process should take the place of this one, or null.</summary>
    public RecycleDue? Recycle { get; init; }
}

/// <summary>That a process has done enough.</summary>
/// <param name="Reason">Which limit it has passed.</param>
/// <param name="MayRecycle">False when the process has another role that must not stop for jobs.</param>
public sealed record RecycleDue(string Reason, bool MayRecycle);
