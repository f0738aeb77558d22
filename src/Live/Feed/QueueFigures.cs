using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>What a queue of jobs holds and does at one moment.</summary>
/// <param name="Queue">Its name.</param>
/// <param name="Ready">Jobs that can run now.</param>
/// <param name="Running">Jobs that nodes hold.</param>
/// <param name="Scheduled">Jobs that wait for their due time.</param>
/// <param name="Blocked">Jobs that wait for a slot of their key, for another job or for a batch.</param>
/// <param name="OldestReadyDue">Since when the oldest ready one could run; null without one.</param>
/// <param name="IsPaused">True while nothing of it is to be begun.</param>
/// <param name="DonePerS">Jobs that ended well, a second, since the count before.</param>
/// <param name="DeadPerS">Jobs that died, a second, since the count before.</param>
public sealed record QueueFigures(string Queue, long Ready, long Running, long Scheduled, long Blocked, Instant? OldestReadyDue, bool IsPaused, double DonePerS, double DeadPerS)
{
    /// <summary>Name of the message that tells them.</summary>
    public const string MessageName = "queue_counted";

    /// <summary>Those of a queue that holds nothing.</summary>
    internal static QueueFigures Empty(string queue) => new(queue, 0, 0, 0, 0, null, false, 0, 0);
}

/// <summary>Counts queues; given by the module that has them.</summary>
public interface IQueueFigures
{
    /// <summary>The figures of all queues that hold something, did something lately or are paused.</summary>
    /// <param name="database">Where they are.</param>
    /// <param name="window">Over how long the ends of jobs are counted.</param>
    /// <param name="stop">Gives up.</param>
    Task<IReadOnlyList<QueueFigures>> ReadAsync(Database database, TimeSpan window, CancellationToken stop);

    /// <summary>How far batches are that are sealed and have not finished: the newest <see cref="BatchFigures.Most"/>.</summary>
    /// <param name="database">Where they are.</param>
    /// <param name="stop">Gives up.</param>
    Task<IReadOnlyList<BatchFigures>> ReadBatchesAsync(Database database, CancellationToken stop);
}
