using Rondo.Live.Pusher;

namespace Rondo.Live;

/// <summary>Bounds of the log and of the feed.</summary>
public sealed record LiveOptions
{
    /// <summary>Most events that are kept. Default 100,000.</summary>
    public int KeepEvents { get; init; } = 100_000;

    /// <summary>How long an event is kept. Default 24 hours.</summary>
    public TimeSpan KeepFor { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Most clients of one process by WebSocket. Default 10,000.</summary>
    public int MaxSockets { get; init; } = 10_000;

    /// <summary>Most clients of one process by server-sent events, each of which holds one of the API's connections. Default 128.</summary>
    public int MaxEventStreams { get; init; } = 128;

    /// <summary>Most connections with one token. Default 100.</summary>
    public int MaxPerToken { get; init; } = 100;

    /// <summary>Most topics of one client. Default 1,000.</summary>
    public int MaxTopics { get; init; } = 1_000;

    /// <summary>Most bytes that may wait for one client. Default 1 MiB.</summary>
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
}
