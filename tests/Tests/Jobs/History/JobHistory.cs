using Rondo.Storage;

namespace Rondo.Tests.Jobs.History;

/// <summary>Everything that is known about jobs once a test is over: what clients were told, what handlers left behind, and what the tables say.</summary>
public sealed record JobHistory
{
    /// <summary>Ids that an enqueue has acknowledged as new.</summary>
    public IReadOnlyCollection<long> Accepted { get; init; } = [];

    /// <summary>Kinds whose handler writes exactly one effect, through <c>FinishIn</c>.</summary>
    public IReadOnlyCollection<string> EffectKinds { get; init; } = [];

    /// <summary>Jobs that are to be found guilty of crashes.</summary>
    public IReadOnlyCollection<long> Culprits { get; init; } = [];

    /// <summary>Jobs that an operator had run again after they had ended: they may end, and leave an effect, more than once.</summary>
    public IReadOnlyCollection<long> Rerun { get; init; } = [];

    /// <summary>True when nothing works any more: then every job has ended.</summary>
    public bool IsOver { get; init; } = true;

    /// <summary>What handlers wrote in the transaction that ended their job.</summary>
    public IReadOnlyList<JobEffect> Effects { get; init; } = [];

    /// <summary>Attempts under a concurrency key, written by their handlers as they began and as they ended.</summary>
    public IReadOnlyList<JobRun> Runs { get; init; } = [];

    /// <summary>The four tables of jobs.</summary>
    public IReadOnlyList<StoredJob> Jobs { get; init; } = [];

    /// <summary>Attempts that did not end well.</summary>
    public IReadOnlyList<StoredFailure> Failures { get; init; } = [];

    /// <summary>Slots of concurrency keys.</summary>
    public IReadOnlyList<StoredSlot> Slots { get; init; } = [];

    /// <summary>Unique keys that are held.</summary>
    public IReadOnlyList<StoredUnique> Uniques { get; init; } = [];

    /// <summary>Jobs that somebody asked to be cancelled while they ran.</summary>
    public IReadOnlyList<long> Wishes { get; init; } = [];

    /// <summary>When each node that is dead was declared so.</summary>
    public IReadOnlyDictionary<string, Instant> Deaths { get; init; } = new Dictionary<string, Instant>();
}

/// <summary>An effect, under the fence of the attempt that left it.</summary>
public sealed record JobEffect(long JobId, int LeaseNo, string Node, int Attempt);

/// <summary>An attempt under a concurrency key of limit 1, by the machine's clock; without an end when its process was killed or its end was not stored.</summary>
public sealed record JobRun(string Key, long JobId, int LeaseNo, string Node, Instant Began, Instant? Ended);

/// <summary>A job as one of the tables has it.</summary>
public sealed record StoredJob(long Id, string Table, string State, string Kind)
{
    public int Attempts { get; init; }

    public int MaxAttempts { get; init; } = 5;

    public int LeaseNo { get; init; }

    public int Crashes { get; init; }

    public string? UniqueKey { get; init; }

    public string? ConcurrencyKey { get; init; }

    public int? ConcurrencyLimit { get; init; }

    public string? Node { get; init; }

    public string? Error { get; init; }
}

/// <summary>A row of <c>job_failure</c>.</summary>
public sealed record StoredFailure(long JobId, int Attempt, int LeaseNo, string Outcome);

/// <summary>A row of <c>job_slot</c>.</summary>
public sealed record StoredSlot(string Key, int N, long JobId);

/// <summary>A row of <c>job_unique</c>.</summary>
public sealed record StoredUnique(string Key, long JobId);
