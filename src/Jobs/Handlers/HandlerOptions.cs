namespace Rondo.Jobs;

/// <summary>For how long a unique key keeps a second job away.</summary>
public enum UniqueScope
{
    /// <summary>Until the job has ended, however: default.</summary>
    UntilFinished,

    /// <summary>Until it is claimed: a second one may wait while the first runs.</summary>
    UntilStarted,

    /// <summary>Until the period is over that the enqueue falls into (<see cref="HandlerOptions{TArgs}.UniquePeriod"/>), whatever becomes of the job.</summary>
    Period,
}

/// <summary>How jobs of one kind run.</summary>
/// <typeparam name="TArgs">Their arguments.</typeparam>
public sealed record HandlerOptions<TArgs>
{
    /// <summary>Queue when the caller names none. Default <c>default</c>.</summary>
    public string Queue { get; init; } = JobsOptions.DefaultQueue;

    /// <summary>-100 to 100, higher first; one step is worth 30 s of waiting. Null, the default: that of the queue (<see cref="JobsOptions.Priorities"/>).</summary>
    public int? Priority { get; init; }

    /// <summary>An attempt is cancelled after it. Default 5 min; 100 ms to 7 days.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>All runs of a job, the first included. Default 5; 1 to 1,000.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>Delays between attempts. Default 10 s, 30 s, 60 s.</summary>
    public RetryPolicy Backoff { get; init; } = RetryPolicy.Default;

    /// <summary>Jobs of equal key are one: a second enqueue returns the first one's id. Null, or a null key: no uniqueness.</summary>
    public Func<TArgs, string?>? UniqueKey { get; init; }

    /// <summary>For how long.</summary>
    public UniqueScope UniqueScope { get; init; }

    /// <summary>
    /// At most one job of a unique key in each period of this length, 1 s to 366 days; with <see cref="UniqueScope.Period"/> and only with it. Periods begin at multiples of it since
    /// 1970-01-01 UTC, by the database clock.
    /// </summary>
    public TimeSpan? UniquePeriod { get; init; }

    /// <summary>Jobs of equal key run at most <see cref="ConcurrencyLimit"/> at once, on all nodes together. Null, or a null key: no limit.</summary>
    public Func<TArgs, string?>? ConcurrencyKey { get; init; }

    /// <summary>How many of one concurrency key may run at once. Default 1; 1 to 1,000.</summary>
    public int ConcurrencyLimit { get; init; } = 1;

    /// <summary>Looks at arguments that fit their record and says what is wrong with them, or null; they are refused at enqueue then. Null: nothing more is asked.</summary>
    public Func<TArgs, JobArgsProblem?>? Refuse { get; init; }

    internal void Check(string kind)
    {
        Require(Names.IsFit(Queue), $"queue '{Queue}' is not a name: 1 to 60 letters, digits, '.', '-', '_'");
        Require(Priority is null or >= -100 and <= 100, $"priority {Priority} is not from -100 to 100");
        Require(Timeout >= TimeSpan.FromMilliseconds(100) && Timeout <= TimeSpan.FromDays(7), $"timeout {Timeout} is not from 100 ms to 7 days");
        Require(Attempts is >= 1 and <= 1_000, $"attempts {Attempts} is not from 1 to 1000");
        Require(ConcurrencyLimit is >= 1 and <= 1_000, $"concurrency limit {ConcurrencyLimit} is not from 1 to 1000");
        Require((UniqueScope == UniqueScope.Period) == (UniquePeriod is not null), "a unique period goes with the scope Period, and the scope with a period");
        Require(UniquePeriod is not { } period || JobQueue.IsPeriod(period), $"unique period {UniquePeriod} is not from 1 s to 366 days");

        void Require(bool holds, string message)
        {
            if (!holds)
            {
                throw new ArgumentException($"handler of '{kind}': {message}", nameof(kind));
            }
        }
    }
}
