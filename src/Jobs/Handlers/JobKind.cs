namespace Rondo.Jobs;

/// <summary>One kind of job as this program knows it: how it is enqueued, and how it runs.</summary>
internal abstract class JobKind(string name)
{
    public string Name { get; } = name;

    public required string Queue { get; init; }

    public required int? Priority { get; init; }

    public required TimeSpan Timeout { get; init; }

    public required int Attempts { get; init; }

    public required RetryPolicy Backoff { get; init; }

    public required UniqueScope UniqueScope { get; init; }

    public TimeSpan? UniquePeriod { get; init; }

    public required int ConcurrencyLimit { get; init; }

    /// <summary>Whether this program runs it too, or only enqueues.</summary>
    public abstract bool IsRunnable { get; }

    /// <summary>Reads arguments that come as text, and says where they are wrong.</summary>
    /// <exception cref="JobRefused">They do not fit the record.</exception>
    public abstract JobDraft Draft(string args);

    /// <summary>One attempt.</summary>
    public abstract Task<JobResult> RunAsync(string args, JobContext job, CancellationToken stop);
}

/// <summary>What enqueueing needs to know of arguments.</summary>
/// <param name="Args">As stored.</param>
/// <param name="UniqueKey">Or null.</param>
/// <param name="ConcurrencyKey">Or null.</param>
internal readonly record struct JobDraft(string Args, string? UniqueKey, string? ConcurrencyKey);

/// <inheritdoc/>
internal sealed class JobKind<TArgs>(string name, HandlerOptions<TArgs> options, Func<IJobHandler<TArgs>>? handler) : JobKind(name)
{
    public override bool IsRunnable => handler is not null;

    /// <summary>A record may hold what its own text does not give back (a null where none may be): then no attempt could read it.</summary>
    /// <exception cref="JobRefused">It does not fit.</exception>
    public JobDraft Draft(TArgs args)
    {
        var text = JobArgs.Write(Name, args);
        JobArgs.Read<TArgs>(Name, text);
        return Draft(args, text);
    }

    public override JobDraft Draft(string args) => Draft(JobArgs.Read<TArgs>(Name, args), args);

    public override Task<JobResult> RunAsync(string args, JobContext job, CancellationToken stop) => handler!().Handle(JobArgs.Read<TArgs>(Name, args), job, stop);

    private JobDraft Draft(TArgs args, string text)
    {
        if (text.Length > JobArgs.MaxLength)
        {
            throw new JobRefused(JobRefusal.TooLarge, $"arguments of '{Name}' have {text.Length} characters; at most {JobArgs.MaxLength}. Store what is large, and pass where it is.");
        }

        if (options.Refuse?.Invoke(args) is { } problem)
        {
            throw new JobRefused(JobRefusal.BadArguments, $"arguments of '{Name}' will not do: {problem.Problem}", problem.Pointer);
        }

        return new JobDraft(text, Key(options.UniqueKey?.Invoke(args)), Key(options.ConcurrencyKey?.Invoke(args)));
    }

    /// <summary>Keys of different kinds do not meet.</summary>
    private string? Key(string? key) => key switch
    {
        null => null,
        _ when !Texts.IsFit(key) => throw new JobRefused(JobRefusal.BadArguments, $"a key of '{Name}' has a zero character, or half of one", ""),
        { Length: > 200 } => throw new JobRefused(JobRefusal.TooLarge, $"a key of '{Name}' has {key.Length} characters; at most 200"),
        _ => $"{Name}:{key}",
    };
}
