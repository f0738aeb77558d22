using Rondo.Storage;

namespace Rondo.Jobs.Queue;

/// <summary>A job on its way into the database.</summary>
internal sealed class NewJob
{
    /// <summary>What one step of priority is worth: so much earlier than its due time a job is taken.</summary>
    public const long MicrosPerPriority = 30_000_000;

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

    public string? UniqueKey { get; init; }

    public string? ConcurrencyKey { get; init; }

    public int? ConcurrencyLimit { get; init; }

    /// <summary>True for the first of its concurrency key in a batch: one look at the key is enough for all.</summary>
    public bool IsKnocking { get; set; }

    public long Rank => RankOf(Due, Priority);

    public bool IsPlain => Tags is null && Note is null && Metadata is null && UniqueKey is null && ConcurrencyKey is null;

    public static long RankOf(Instant due, int priority) => due.Micros - (priority * MicrosPerPriority);
}
