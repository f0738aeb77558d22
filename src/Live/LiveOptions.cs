using Rondo.Live.Pusher;

namespace Rondo.Live;

/// <summary>Bounds of the log and of the feed.</summary>
public sealed record LiveOptions
{
    /// <summary>Most events that are kept. Default 100,000; 1,000 to 10,000,000.</summary>
    public int KeepEvents { get; init; } = 100_000;

    /// <summary>How long an event is kept. Default 24 hours; 1 minute to 366 days.</summary>
    public TimeSpan KeepFor { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Most clients of one process by WebSocket. Default 10,000; 1 to 100,000.</summary>
    public int MaxSockets { get; init; } = 10_000;

    /// <summary>Most clients of one process by server-sent events, each of which holds one of the API's connections. Default 128; 1 to 1,000.</summary>
    public int MaxEventStreams { get; init; } = 128;

    /// <summary>Most connections with one token. Default 100; 1 to 100,000.</summary>
    public int MaxPerToken { get; init; } = 100;

    /// <summary>Most topics of one client. Default 1,000; 1 to 10,000.</summary>
    public int MaxTopics { get; init; } = 1_000;

    /// <summary>Most bytes that may wait for one client. Default 1 MiB; 512 KiB to 64 MiB.</summary>
    public int MaxQueue { get; init; } = 1024 * 1024;

    /// <summary>Largest message of a client, bytes. Default 64 KiB.</summary>
    public int MaxInbound { get; init; } = 64 * 1024;

    /// <summary>How many mistakes a client may make before it is closed. Default 20.</summary>
    public int MaxErrors { get; init; } = 20;

    /// <summary>How long a client may take to say who it is. Default 10 s.</summary>
    public TimeSpan AuthWithin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Between two heartbeats, which either side sends. Default 25 s.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>A client that was silent for so long is closed. Default 75 s.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>A client that has not taken a message for so long is let go. Default 30 s.</summary>
    public TimeSpan Stuck { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The application whose clients are served by the Pusher protocol; null for none.</summary>
    public PusherApp? Pusher { get; init; }

    /// <summary>A client of the Pusher protocol that was silent for so long is asked whether it is there; it does the same. Whole seconds. Default 120 s.</summary>
    public TimeSpan ActivityTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long it may take to answer. Default 30 s.</summary>
    public TimeSpan PongWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a client may take to answer a close. Default 3 s.</summary>
    public TimeSpan CloseWithin { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Between two looks for readings of other nodes when no hint comes: 1 s; tests set it.</summary>
    internal TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What is out of its range, in words; null for nothing.</summary>
    public string? Problem =>
        KeepEvents is < 1_000 or > 10_000_000 ? $"{KeepEvents} events are kept; 1000 to 10000000"
        : KeepFor < TimeSpan.FromMinutes(1) || KeepFor > TimeSpan.FromDays(366) ? $"events are kept for {KeepFor}; 1 minute to 366 days"
        : MaxSockets is < 1 or > 100_000 ? $"{MaxSockets} clients by WebSocket; 1 to 100000"
        : MaxEventStreams is < 1 or > 1_000 ? $"{MaxEventStreams} clients by server-sent events; 1 to 1000"
        : MaxPerToken is < 1 or > 100_000 ? $"{MaxPerToken} connections with one token; 1 to 100000"
        : MaxTopics is < 1 or > 10_000 ? $"{MaxTopics} topics of one client; 1 to 10000"
        : MaxQueue is < 512 * 1024 or > 64 * 1024 * 1024 ? $"{MaxQueue / 1024} KiB wait for one client; 512KiB to 64MiB"
        : null;
}
