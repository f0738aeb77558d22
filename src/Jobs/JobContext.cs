using System.Text.Json;
using Rondo.Jobs.Pump;
using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>What a running attempt is written under: a write that does not match it is refused.</summary>
/// <param name="JobId">The job.</param>
/// <param name="LeaseNo">Rises with every claim of it.</param>
/// <param name="Node">The incarnation that runs it.</param>
public readonly record struct JobFence(long JobId, int LeaseNo, string Node);

/// <summary>One attempt, as its handler sees it.</summary>
public sealed class JobContext
{
    /// <summary>Lines of log that are kept of one attempt; the last one says that there were more.</summary>
    public const int MaxLines = 200;

    private readonly RunningJob _running;
    private readonly Runner _runner;
    private readonly ClaimedJob _job;

    internal JobContext(RunningJob running, Runner runner, string node, TraceContext? trace = null)
    {
        Trace = trace;
        _running = running;
        _runner = runner;
        _job = running.Job;
        Fence = new JobFence(_job.Id, _job.LeaseNo, node);
    }

    /// <summary>The job.</summary>
    public long Id => _job.Id;

    /// <summary>Its queue.</summary>
    public string Queue => _job.Queue;

    /// <summary>Its kind.</summary>
    public string Kind => _job.Kind;

    /// <summary>This run; the first is 1.</summary>
    public int Attempt => _job.Attempts;

    /// <summary>All runs it may have.</summary>
    public int MaxAttempts => _job.MaxAttempts;

    /// <summary>True when nothing comes after a failure of this run.</summary>
    public bool IsLastAttempt => Attempt >= MaxAttempts;

    /// <summary>When it was accepted.</summary>
    public Instant EnqueuedAt => _job.EnqueuedAt;

    /// <summary>When it was to run.</summary>
    public Instant Due => _job.Due;

    /// <summary>The time of the database, in which due times are told.</summary>
    public Instant Now => _runner.Now;

    /// <summary>Under what this attempt writes.</summary>
    public JobFence Fence { get; }

    /// <summary>
    /// The request that this job comes from, as it is sent on to others and as jobs enqueued here carry it by themselves; null when it comes from none.
    /// </summary>
    public TraceContext? Trace { get; }

    /// <summary>
    /// The same for every attempt of this job, also when an operator has it run again, and for no other job, of this or any other database: for servers that take a key to do a thing once. Numbers of
    /// jobs begin anew with each database; together with the moment it was accepted they do not.
    /// </summary>
    public string IdempotencyKey => $"rondo-job-{_job.Id}-{Texts.InBase36(_job.EnqueuedAt.Micros)}";

    /// <summary>Words it was enqueued with.</summary>
    public IReadOnlyList<string> Tags => _job.Tags is { } tags ? JsonSerializer.Deserialize<string[]>(tags) ?? [] : [];

    /// <summary>Names and values it was enqueued with.</summary>
    public IReadOnlyDictionary<string, string> Metadata =>
        _job.Metadata is { } metadata ? JsonSerializer.Deserialize<Dictionary<string, string>>(metadata) ?? [] : [];

    /// <summary>What came of the batch that this job is the callback of; null for every other job.</summary>
    public BatchEnd? FinishedBatch => BatchEnd.From(Metadata);

    /// <summary>True when the attempt was taken away or is to end; the token says the same.</summary>
    public bool IsStopping => _running.StopReason != StopReason.None;

    /// <summary>How far it is. Kept in memory and stored within a second, or with the end of the attempt; the last one counts, and none after <see cref="FinishIn"/>.</summary>
    public void Progress(long done, long? total = null, string? note = null) => _running.Say(new JobProgress(done, total, Texts.Fit(note), _runner.Now));

    /// <summary>A line about this attempt, stored within a second. Lines beyond <see cref="MaxLines"/> are dropped.</summary>
    public void Log(string text, string level = "info")
    {
        var said = Texts.Fit(text)!;
        level = Texts.Fit(level)!;
        if (_running.Say(level, said, _runner.Now))
        {
            JobsLog.Says(_runner.Log, _job.Queue, _job.Kind, _job.Id, _job.Attempts, level, said);
        }
    }

    /// <summary>
    /// Ends the job well inside the handler's own transaction: its effects and the end are committed together, or neither is. Call it last, so that it holds
    /// nothing up, and return <see cref="JobResult.Done"/>.
    /// </summary>
    /// <exception cref="StorageFault">Kind Fenced: the attempt was taken away. Let it pass, so that the transaction is undone.</exception>
    public void FinishIn(Transaction tx) => _runner.FinishIn(tx, _running);

    /// <summary>
    /// For work in several transactions: the first statement of each. While the transaction lasts nobody takes the attempt away, and one that was taken away writes nothing.
    /// </summary>
    /// <exception cref="StorageFault">Kind Fenced: the attempt was taken away. Let it pass, so that the transaction is undone.</exception>
    public void HoldIn(Transaction tx)
    {
        if (!WatchStore.Hold(tx, Fence))
        {
            throw new StorageFault(StorageFaultKind.Fenced, $"job {Id}, attempt {Attempt}, was taken away from node {Fence.Node}; what it wanted to write is refused");
        }
    }
}

/// <summary>How far a job is.</summary>
/// <param name="Done">So many.</param>
/// <param name="Total">Of so many, or null when nobody knows.</param>
/// <param name="Note">In words.</param>
/// <param name="At">When that was said.</param>
internal sealed record JobProgress(long Done, long? Total, string? Note, Instant At);
