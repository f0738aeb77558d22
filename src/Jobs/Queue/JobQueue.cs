using System.Text.Json;
using Rondo.Jobs.Pump;
using Rondo.Jobs.Queue;
using Rondo.Jobs.Told;
using Rondo.Live.Log;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>
/// Accepts jobs. In a transaction of the caller's they exist when it commits and not otherwise; without one, what is enqueued at the same time shares one insert,
/// and a job is acknowledged when it is committed.
/// </summary>
public sealed partial class JobQueue : IAsyncDisposable
{
    private const int BulkPiece = 1_000;
    private static readonly TimeSpan _farthest = TimeSpan.FromDays(3_653);
    private readonly Database _database;
    private readonly JobHandlers _handlers;
    private readonly Action<IReadOnlyCollection<string>> _accepted;
    private readonly IReadOnlyDictionary<string, int>? _priorities;
    private readonly EnqueueStore _store = new(new JobIds());
    private readonly EnqueueMerger _merger;
    private readonly JobEvents _events;

    /// <summary>A queue over <paramref name="database"/>.</summary>
    /// <param name="database">Migrated.</param>
    /// <param name="handlers">The kinds that are known here.</param>
    /// <param name="accepted">Told after each commit which queues have something new (a hint; null for nobody).</param>
    /// <param name="hints">Where given, a hint may go along with a commit; then only the subscribers of this process are woken after it, and <paramref name="accepted"/> is not told.</param>
    /// <param name="log">Where it is told that a batch finished which is sealed when all of it has ended; null where nobody keeps a log of events.</param>
    /// <param name="priorities">See <see cref="JobsOptions.Priorities"/>; null for none.</param>
    public JobQueue(
        Database database, JobHandlers handlers, Action<IReadOnlyCollection<string>>? accepted = null, Hints? hints = null, EventLog? log = null, IReadOnlyDictionary<string, int>? priorities = null)
    {
        _priorities = priorities;
        _events = new JobEvents(log);
        _database = database;
        _handlers = handlers;
        _accepted = accepted ?? (_ => { });
        _merger = new EnqueueMerger(database, _store, _accepted, hints);
    }

    /// <summary>Enqueues one job in the caller's transaction: it runs when that commits, and never when it does not.</summary>
    /// <exception cref="JobRefused">The job is not acceptable; nothing was stored.</exception>
    public Enqueued Enqueue<TArgs>(Transaction tx, TArgs args, EnqueueOptions? options = null)
    {
        var kind = _handlers.Of<TArgs>();
        return Enqueue(tx, [Make(kind, kind.Draft(args), options, tx.Trace)])[0];
    }

    /// <summary>The same for a kind by name and arguments as JSON.</summary>
    /// <exception cref="JobRefused">The kind is unknown, the arguments do not fit, or an option is out of range; nothing was stored.</exception>
    public Enqueued Enqueue(Transaction tx, string kind, string args, EnqueueOptions? options = null)
    {
        var known = _handlers.Of(kind);
        return Enqueue(tx, [Make(known, known.Draft(args), options, tx.Trace)])[0];
    }

    /// <summary>Enqueues one job and returns after its commit.</summary>
    /// <exception cref="JobRefused">The job is not acceptable; nothing was stored.</exception>
    /// <exception cref="StorageFault">It was not stored, or nobody can say (the database went away while it was).</exception>
    public Task<Enqueued> EnqueueAsync<TArgs>(TArgs args, EnqueueOptions? options = null, CancellationToken stop = default)
    {
        var kind = _handlers.Of<TArgs>();
        return EnqueueAsync(Make(kind, kind.Draft(args), options, TraceContext.Current), stop);
    }

    /// <summary>The same for a kind by name and arguments as JSON.</summary>
    public Task<Enqueued> EnqueueAsync(string kind, string args, EnqueueOptions? options = null, CancellationToken stop = default)
    {
        var known = _handlers.Of(kind);
        return EnqueueAsync(Make(known, known.Draft(args), options, TraceContext.Current), stop);
    }

    /// <summary>Enqueues many, in pieces of 1,000 that are each one transaction; all of them are checked before the first is stored.</summary>
    public async Task<IReadOnlyList<Enqueued>> EnqueueManyAsync<TArgs>(IEnumerable<TArgs> args, EnqueueOptions? options = null, CancellationToken stop = default)
    {
        var kind = _handlers.Of<TArgs>();
        var accepted = new List<Enqueued>();
        foreach (var piece in args.Select(a => Make(kind, kind.Draft(a), options, TraceContext.Current)).ToList().Chunk(BulkPiece))
        {
            await _database.WriteAsync("jobs.enqueue.many", tx => { _store.Insert(tx, piece); }, stop).ConfigureAwait(false);
            accepted.AddRange(piece.Select(j => new Enqueued(j.Id, j.IsNew)));
            _accepted(Queues(piece));
        }

        return accepted;
    }

    /// <summary>Checks what an enqueue would, and stores nothing.</summary>
    /// <exception cref="JobRefused">It is not acceptable.</exception>
    internal void Check(string kind, string args, EnqueueOptions? options)
    {
        var known = _handlers.Of(kind);
        _ = Make(known, known.Draft(args), options, trace: null);
    }

    /// <summary>Claims that may go along with what is stored here.</summary>
    internal Func<IReadOnlyCollection<string>, RidingClaim?>? Rides
    {
        set => _merger.Rides = value;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _merger.DisposeAsync();

    internal static IReadOnlyCollection<string> Queues(IReadOnlyList<NewJob> jobs) =>
        jobs.Count == 1 ? [jobs[0].Queue] : jobs.Select(j => j.Queue).ToHashSet(StringComparer.Ordinal);

    /// <summary>One with a unique key may have to wait for somebody else's transaction, and one that comes after another may be refused: by itself, so that nobody waits or fails with it.</summary>
    private async Task<Enqueued> EnqueueAsync(NewJob job, CancellationToken stop) => job.UniqueKey is null && job.After is null
        ? await _merger.EnqueueAsync(job, stop).ConfigureAwait(false)
        : await _database.WriteAsync("jobs.enqueue.unique", tx => Enqueue(tx, [job])[0], stop).ConfigureAwait(false);

    private Enqueued[] Enqueue(Transaction tx, NewJob[] jobs)
    {
        _store.Insert(tx, jobs);
        tx.OnCommit(() => _accepted(Queues(jobs)));
        return [.. jobs.Select(j => new Enqueued(j.Id, j.IsNew))];
    }

    private NewJob Make(JobKind kind, JobDraft draft, EnqueueOptions? options, TraceContext? trace)
    {
        var unique = draft.UniqueKey;
        if (options is not null)
        {
            Check(options);
            unique = options.UniqueKey is { } own ? $"{kind.Name}:{own}" : unique;
            Require(options.UniquePeriod is null || unique is not null, "a period of uniqueness needs a unique key", "/unique_period");
        }

        var queue = options?.Queue ?? kind.Queue;
        var period = options?.UniquePeriod ?? kind.UniquePeriod;
        trace = options?.Trace ?? TraceMark.Of(options?.Metadata) ?? trace;
        return new NewJob
        {
            Kind = kind.Name,
            Queue = queue,
            Priority = options?.Priority ?? kind.Priority ?? _priorities?.GetValueOrDefault(queue) ?? 0,
            DueAt = options?.Due ?? (options?.Delay is { } delay ? _database.Clock.Now + delay : null),
            MaxAttempts = options?.Attempts ?? kind.Attempts,
            Args = draft.Args,
            Tags = options?.Tags is { Count: > 0 } tags ? JsonSerializer.Serialize(tags) : null,
            Note = options?.Note,
            Metadata = TraceMark.On(options?.Metadata, trace) is { Count: > 0 } metadata ? JsonSerializer.Serialize(metadata) : null,
            Trace = trace,

            // Told apart by its first character, so that a claim sees which keys it sets free, and a retry which it need not hold.
            UniqueKey = unique is null ? null : period is not null ? NewJob.PeriodMark + unique : kind.UniqueScope == UniqueScope.UntilStarted ? "~" + unique : unique,
            UniquePeriod = unique is null ? null : period,
            After = options?.After,
            ConcurrencyKey = draft.ConcurrencyKey,
            ConcurrencyLimit = draft.ConcurrencyKey is null ? null : kind.ConcurrencyLimit,
        };
    }

    private void Check(EnqueueOptions options)
    {
        Require(options.Queue is null || Names.IsFit(options.Queue), $"queue '{options.Queue}' is not a name: 1 to 60 letters, digits, '.', '-', '_'", "/queue");
        Require(options.Priority is null or (>= -100 and <= 100), $"priority {options.Priority} is not from -100 to 100", "/priority");
        Require(options.Delay is null || options.Due is null, "give a delay or a due time, not both", "/due");
        Require(options.Delay is null || (options.Delay >= TimeSpan.Zero && options.Delay <= _farthest), $"delay {options.Delay} is not from 0 to 10 years", "/delay");
        Require(options.Due is not { } due || due <= _database.Clock.Now + _farthest, $"due time {options.Due} is more than 10 years away", "/due");
        Require(options.Attempts is null or (>= 1 and <= 1_000), $"attempts {options.Attempts} is not from 1 to 1000", "/attempts");
        Require(options.Tags is null || (options.Tags.Count <= 20 && options.Tags.All(t => t is { Length: > 0 and <= 60 })), "at most 20 tags, each of 1 to 60 characters", "/tags");
        Require(options.Note is null || (options.Note.Length <= 1_000 && Texts.IsFit(options.Note)), "a note has at most 1000 characters, none of them zero", "/note");
        Require(
            options.Metadata is null || (options.Metadata.Count <= 50 && options.Metadata.All(m => m.Value is not null) && options.Metadata.Sum(m => m.Key.Length + m.Value.Length) <= 8_000),
            "metadata has at most 50 entries of together 8000 characters, none of them null",
            "/metadata");
        Require(options.UniqueKey is null || (options.UniqueKey.Length is > 0 and <= 200 && Texts.IsFit(options.UniqueKey)), "a unique key has 1 to 200 characters, none of them zero", "/unique_key");
        Require(options.UniquePeriod is null || IsPeriod(options.UniquePeriod.Value), $"the period of uniqueness {options.UniquePeriod} is not from 1 s to 366 days", "/unique_period");
        Require(options.After is null or > 0, $"there is no job {options.After} to wait for", "/after");
    }

    private static void Require(bool holds, string message, string? pointer = null)
    {
        if (!holds)
        {
            throw new JobRefused(JobRefusal.BadOption, message, pointer);
        }
    }

    internal static bool IsPeriod(TimeSpan period) => period >= TimeSpan.FromSeconds(1) && period <= TimeSpan.FromDays(366);
}
