using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>A batch, and how far it is.</summary>
public sealed record BatchView
{
    /// <summary>Its number; batches and jobs are numbered apart.</summary>
    public required long Id { get; init; }

    /// <summary>Its name, for people.</summary>
    public required string Name { get; init; }

    /// <summary><c>filling</c> (not sealed yet), <c>running</c>, <c>cancelling</c> or <c>finished</c>.</summary>
    public required string State { get; init; }

    /// <summary>Members.</summary>
    public required int Total { get; init; }

    /// <summary>Of them have ended. Of a finished batch: when it finished, like the numbers below; a member that an operator had run again since changes none of them.</summary>
    public required int Ended { get; init; }

    /// <summary>Ended well.</summary>
    public required int Done { get; init; }

    /// <summary>Ended badly.</summary>
    public required int Dead { get; init; }

    /// <summary>Were cancelled.</summary>
    public required int Cancelled { get; init; }

    /// <summary>Ended so long ago that the history does not have them any more.</summary>
    public required int Forgotten { get; init; }

    /// <summary>Wait for their due time, now.</summary>
    public required int Scheduled { get; init; }

    /// <summary>Wait for other jobs or for a slot of their concurrency key, now.</summary>
    public required int Blocked { get; init; }

    /// <summary>Can run, now.</summary>
    public required int Ready { get; init; }

    /// <summary>Run, now.</summary>
    public required int Running { get; init; }

    /// <summary>The job that runs when it has finished; null for none.</summary>
    public long? CallbackJobId { get; init; }

    /// <summary>When it was started.</summary>
    public required Instant CreatedAt { get; init; }

    /// <summary>When somebody cancelled it, or null.</summary>
    public Instant? CancelledAt { get; init; }

    /// <summary>When it finished, or null.</summary>
    public Instant? FinishedAt { get; init; }
}
