using Rondo.Storage;

namespace Rondo.Nodes;

/// <summary>How hints go, for health and people. None of it says that anything is wrong: without hints everything is found out a little later.</summary>
/// <param name="IsListening">True while hints of other processes are heard from the database (NOTIFY).</param>
/// <param name="LastHeardAt">When the last one of another process was heard, or null.</param>
/// <param name="Sent">Messages sent, each counted once whatever carried it; one carries everything that was asked for meanwhile.</param>
/// <param name="Received">Messages of other processes; what came by two ways is counted twice.</param>
/// <param name="Failed">Messages that could not be sent (they are tried again), topics that were refused, and subscribers that threw.</param>
public sealed record HintState(bool IsListening, Instant? LastHeardAt, long Sent, long Received, long Failed)
{
    /// <summary>Redis as another way; null when none is configured, or nobody could be told by it.</summary>
    public RedisHintState? Redis { get; init; }
}
