using Rondo.Storage;

namespace Rondo.Jobs.Queue;

/// <summary>A job on its way into the database.</summary>
internal sealed class NewJob
{
    /// <summary>What one step of priority is worth: so much earlier than its due time a job is taken.</summary>
    private const long MicrosPerPriority = 30_000_000;

    /// <summary>First character of a stored unique key that holds for a period, whatever becomes of the job.</summary>
    public const char PeriodMark = '#';

    public long Id { get; set; }

    /// <summary>False when a job of the same unique key was there, whose id this one then has.</summary>
    public bool IsNew { get; set; } = true;

    public required string Kind { get; init; }

    public required string Queue { get; init; }

    public required int Priority { get; init; }

    /// <summary>Null for now.</summary>
    public Instant? DueAt { get; init; }

    /// <summary>In force once it is stored.</summary>
    public Instant Due { get; set; }

    public required int MaxAttempts { get; init; }

    public required string Args { get; init; }

    public string? Tags { get; init; }

    public string? Note { get; init; }

    public string? Metadata { get; init; }

    /// <summary>In whose name it is enqueued; its metadata carry it, and it can be found by it.</summary>
    public TraceContext? Trace { get; init; }

    public string? UniqueKey { get; init; }

    /// <summary>How long the unique key holds; null for as long as the job says.</summary>
    public TimeSpan? UniquePeriod { get; init; }

    public string? ConcurrencyKey { get; init; }

    public int? ConcurrencyLimit { get; init; }

    /// <summary>True for the first of its concurrency key in a batch: one look at the key is enough for all.</summary>
    public bool IsKnocking { get; set; }

    public long Rank => RankOf(Due, Priority);

    /// <summary>The job before it in a chain that is enqueued with it.</summary>
    public NewJob? Follows { get; set; }

    /// <summary>A job that was there before, whose end it waits for.</summary>
    public long? After { get; init; }

    /// <summary>The batch whose end it waits for.</summary>
    public long? AfterBatch { get; set; }

    /// <summary>The batch it belongs to.</summary>
    public long? BatchId { get; set; }

    /// <summary>True when a job that is enqueued with it waits for its end.</summary>
    public bool IsAwaited { get; set; }

    /// <summary>The job or batch that it waits for once it is stored.</summary>
    public long? WaitsFor { get; set; }

    /// <summary><c>job</c> or <c>batch</c>.</summary>
    public string? WaitsOn => WaitsFor is null ? null : AfterBatch is null ? "job" : "batch";

    public bool IsPlain => Tags is null && Note is null && Metadata is null && UniqueKey is null && ConcurrencyKey is null
        && After is null && BatchId is null && !IsAwaited;

    /// <summary>The same job once more, not yet stored.</summary>
    public NewJob Copy() => (NewJob)MemberwiseClone();

    public static long RankOf(Instant due, int priority) => due.Micros - (priority * MicrosPerPriority);

    /// <summary>The same in SQL, of a row with a priority. In 64 bits: a hundred steps are more microseconds than an integer holds.</summary>
    public static string RankIn(string dueMicros) => $"{dueMicros} - cast(priority as bigint) * {MicrosPerPriority}";
}
