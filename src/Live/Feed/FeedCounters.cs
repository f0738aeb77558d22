namespace Rondo.Live.Feed;

/// <summary>How the feed goes.</summary>
public sealed record FeedState
{
    /// <summary>Clients by WebSocket now.</summary>
    public required int Sockets { get; init; }

    /// <summary>Clients by server-sent events now.</summary>
    public required int EventStreams { get; init; }

    /// <summary>Subscriptions of all clients now.</summary>
    public required int Subscriptions { get; init; }

    /// <summary>Messages sent since the start.</summary>
    public required long Sent { get; init; }

    /// <summary>Readings that newer ones replaced while they waited, since the start.</summary>
    public required long Conflated { get; init; }

    /// <summary>Clients that were closed because they stayed behind, since the start.</summary>
    public required long Behind { get; init; }

    /// <summary>Clients that were let go because they took nothing or said nothing, since the start.</summary>
    public required long Lost { get; init; }

    /// <summary>Number of the last event that was told.</summary>
    public required long LastEvent { get; init; }
}

/// <summary>Counts what happens to clients.</summary>
internal sealed class FeedCounters
{
    private long _sent;
    private long _conflated;
    private long _behind;
    private long _lost;

    public (long Sent, long Conflated, long Behind, long Lost) Now =>
        (Interlocked.Read(ref _sent), Interlocked.Read(ref _conflated), Interlocked.Read(ref _behind), Interlocked.Read(ref _lost));

    public void Sent() => Interlocked.Increment(ref _sent);

    public void Conflated() => Interlocked.Increment(ref _conflated);

    public void Behind() => Interlocked.Increment(ref _behind);

    public void Lost() => Interlocked.Increment(ref _lost);
}
