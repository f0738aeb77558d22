using Rondo.Jobs.Calls;
using Rondo.Jobs.Logs;

namespace Rondo.Jobs;

/// <summary>Settings of the queue on one node.</summary>
public sealed record JobsOptions
{
    /// <summary>The queue of whoever names none.</summary>
    public const string DefaultQueue = "default";

    /// <summary>Workers of each queue on this node. A queue that handlers use and that is not named here has <see cref="DefaultWorkers"/>.</summary>
    public IReadOnlyDictionary<string, int> Queues { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal) { [DefaultQueue] = 10 };

    /// <summary>Priority of the jobs of a queue whose caller and kind name none, given by whoever enqueues them: -100 to 100, higher first; 0 for a queue that is not named here.</summary>
    public IReadOnlyDictionary<string, int> Priorities { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Workers of a queue that is not named. Default 2; 0 to 1,000.</summary>
    public int DefaultWorkers { get; init; } = 2;

    /// <summary>True: only the queues that are named here, not those of handlers.</summary>
    public bool OnlyNamedQueues { get; init; }

    /// <summary>Claims so many jobs and then none any more; null for no end.</summary>
    public int? MostJobs { get; init; }

    /// <summary>Longest time until a node looks by itself, however many hints are lost. Default 1 s; 50 ms to 60 s.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest time until operators are obeyed, however many hints are lost and however seldom it looks for jobs.</summary>
    internal TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Jobs claimed ahead of free workers of one queue, at most. Default 1,000; 0 to 5,000. How many it is follows from how fast they go.</summary>
    public int Prefetch { get; init; } = 1_000;

    /// <summary>How long a clean stop waits for running jobs before their attempts are cancelled and given back. Default 20 s.</summary>
    public TimeSpan StopPatience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long an attempt may go on after its timeout cancelled it, before it is fenced and its worker replaced. Default 10 s.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a job that ended well is kept; at least 2 days, for the balance to see it. Default 7 days.</summary>
    public TimeSpan KeepDone { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long a cancelled job is kept. Default 30 days.</summary>
    public TimeSpan KeepCancelled { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long a dead job is kept. Default 90 days.</summary>
    public TimeSpan KeepDead { get; init; } = TimeSpan.FromDays(90);

    /// <summary>How long ticks of schedules are kept. Default 30 days; 1 hour to 366 days. The newest of each schedule stays.</summary>
    public TimeSpan KeepTicks { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Settings of jobs that call a URL.</summary>
    public HttpCallOptions Http { get; init; } = new();

    /// <summary>Settings of the log files of queues.</summary>
    public JobLogOptions Log { get; init; } = new();

    /// <summary>After so many ended attempts, and up to a tenth more, the process should end for its supervisor to start another. Null for never; 1 to 1,000,000,000.</summary>
    public long? RecycleAfterJobs { get; init; }

    /// <summary>The same when the process holds so many bytes of memory. Null for never; 64 MB to 1 TB.</summary>
    public long? RecycleAboveMemory { get; init; }

    /// <summary>Time between two balances of what was accepted against what is there. Default 5 min; 1 s to 1 h.</summary>
    public TimeSpan BalanceEvery { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long somebody may hold PostgreSQL's vacuum back before that is a reason in health; a tenth of it when many dead rows wait for it. Default 10 min; 1 s to 7 days.</summary>
    public TimeSpan VacuumPatience { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Checks ranges.</summary>
    /// <exception cref="InvalidOperationException">One is out of its range.</exception>
    public void Check()
    {
        foreach (var (name, workers) in Queues)
        {
            Require(Names.IsFit(name), $"queue '{name}' is not a name: 1 to 60 letters, digits, '.', '-', '_'");
            Require(workers is >= 0 and <= 1_000, $"queue '{name}': {workers} workers; 0 to 1000");
        }

        foreach (var (name, priority) in Priorities)
        {
            Require(priority is >= -100 and <= 100, $"queue '{name}': priority {priority}; -100 to 100");
        }

        Require(DefaultWorkers is >= 0 and <= 1_000, $"default workers {DefaultWorkers}; 0 to 1000");
        Require(PollInterval >= TimeSpan.FromMilliseconds(50) && PollInterval <= TimeSpan.FromMinutes(1), $"poll interval {PollInterval}; 50 ms to 60 s");
        Require(Prefetch is >= 0 and <= 5_000, $"prefetch {Prefetch}; 0 to 5000");
        Require(StopPatience >= TimeSpan.Zero && Grace >= TimeSpan.Zero, "stop patience and grace are not negative");
        Require(Array.TrueForAll([KeepDone, KeepCancelled, KeepDead], k => k > TimeSpan.Zero && k <= TimeSpan.FromDays(366)), "what has ended is kept for more than nothing and at most 366 days");
        Require(KeepTicks >= TimeSpan.FromHours(1) && KeepTicks <= TimeSpan.FromDays(366), $"ticks are kept for {KeepTicks}; 1 h to 366 days");
        Http.Check();
        Log.Check();
        Require(RecycleAfterJobs is null or (>= 1 and <= 1_000_000_000), $"recycle after {RecycleAfterJobs} jobs; 1 to 1000000000");
        Require(RecycleAboveMemory is null or (>= 64_000_000 and <= 1_000_000_000_000), $"recycle above {RecycleAboveMemory / 1_000_000} MB of memory; 64 MB to 1 TB");
        Require(BalanceEvery >= TimeSpan.FromSeconds(1) && BalanceEvery <= TimeSpan.FromHours(1), $"balance every {BalanceEvery}; 1 s to 1 h");
        Require(VacuumPatience >= TimeSpan.FromSeconds(1) && VacuumPatience <= TimeSpan.FromDays(7), $"vacuum patience {VacuumPatience}; 1 s to 7 days");

        static void Require(bool holds, string message)
        {
            if (!holds)
            {
                throw new InvalidOperationException($"jobs: {message}");
            }
        }
    }

    internal int WorkersOf(string queue) => Queues.TryGetValue(queue, out var workers) ? workers : DefaultWorkers;

    internal int PriorityOf(string queue) => Priorities.GetValueOrDefault(queue);

    internal TimeSpan KeepLongest => new[] { KeepDone, KeepCancelled, KeepDead }.Max();

    internal TimeSpan Keep(JobState state) => state switch
    {
        JobState.Done => KeepDone,
        JobState.Cancelled => KeepCancelled,
        _ => KeepDead,
    };
}
