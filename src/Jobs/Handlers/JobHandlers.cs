namespace Rondo.Jobs;

/// <summary>The kinds of jobs of one program, added by hand at its start.</summary>
public sealed class JobHandlers
{
    private readonly Dictionary<string, JobKind> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, JobKind> _byArgs = [];

    /// <summary>Names of all kinds.</summary>
    public IReadOnlyCollection<string> Kinds => _byName.Keys;

    /// <summary>Names of the queues that handlers use when a caller names none.</summary>
    internal IEnumerable<string> Queues => _byName.Values.Select(k => k.Queue).Distinct(StringComparer.Ordinal);

    /// <summary>Adds a kind whose handler is one object for all jobs.</summary>
    /// <param name="kind">Its name, stored with each job: 1 to 60 letters, digits, <c>. - _</c>.</param>
    /// <param name="handler">Runs them, several at once.</param>
    /// <param name="options">How they run.</param>
    public JobHandlers Add<TArgs>(string kind, IJobHandler<TArgs> handler, HandlerOptions<TArgs>? options = null) => Add(kind, () => handler, options);

    /// <summary>Adds a kind whose handler is made anew for each attempt.</summary>
    public JobHandlers Add<TArgs>(string kind, Func<IJobHandler<TArgs>> handler, HandlerOptions<TArgs>? options = null) => Put(kind, handler, options ?? new());

    /// <summary>Adds a kind that this program enqueues and never runs.</summary>
    public JobHandlers AddForEnqueue<TArgs>(string kind, HandlerOptions<TArgs>? options = null) => Put(kind, null, options ?? new());

    /// <exception cref="JobRefused">No such kind.</exception>
    internal JobKind Of(string kind) => _byName.GetValueOrDefault(kind) ?? throw new JobRefused(
        JobRefusal.UnknownKind, $"no handler knows jobs of kind '{kind}'; known: {(_byName.Count == 0 ? "none" : string.Join(", ", _byName.Keys.Order(StringComparer.Ordinal)))}");

    internal JobKind? Find(string kind) => _byName.GetValueOrDefault(kind);

    /// <exception cref="JobRefused">No kind has such arguments.</exception>
    internal JobKind<TArgs> Of<TArgs>() => _byArgs.GetValueOrDefault(typeof(TArgs)) as JobKind<TArgs>
        ?? throw new JobRefused(JobRefusal.UnknownKind, $"no handler takes arguments of type {typeof(TArgs).Name}; add one before enqueueing");

    private JobHandlers Put<TArgs>(string kind, Func<IJobHandler<TArgs>>? handler, HandlerOptions<TArgs> options)
    {
        if (!Names.IsFit(kind))
        {
            throw new ArgumentException($"'{kind}' is not a name of a kind: 1 to 60 letters, digits, '.', '-', '_'", nameof(kind));
        }

        options.Check(kind);
        if (_byName.ContainsKey(kind) || _byArgs.ContainsKey(typeof(TArgs)))
        {
            throw new ArgumentException($"the kind '{kind}' or its arguments {typeof(TArgs).Name} are added already; one record belongs to one kind", nameof(kind));
        }

        var known = new JobKind<TArgs>(kind, options, handler)
        {
            Queue = options.Queue,
            Priority = options.Priority,
            Timeout = options.Timeout,
            Attempts = options.Attempts,
            Backoff = options.Backoff,
            UniqueScope = options.UniqueScope,
            UniquePeriod = options.UniquePeriod,
            ConcurrencyLimit = options.ConcurrencyLimit,
        };
        _byName.Add(kind, known);
        _byArgs.Add(typeof(TArgs), known);
        return this;
    }
}
