using Rondo.Live.Feed;
using Rondo.Live.Log;
using Rondo.Live.Pusher;
using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Live;

/// <summary>The live part of one running server: the log of events, and the feed where clients are served.</summary>
public sealed class LiveServer
{
    private readonly LogLoop _log;

    /// <summary>Puts the parts together; nothing runs before <see cref="Start"/>.</summary>
    /// <param name="database">Migrated.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="bus">Where readings are published after their commit.</param>
    /// <param name="hint">Tells other nodes that the log has grown.</param>
    /// <param name="time">Time.</param>
    /// <param name="access">Who may listen.</param>
    /// <param name="newest">The newest stored readings; null when none are stored.</param>
    /// <param name="node">Incarnation of this node.</param>
    /// <param name="queues">Counts queues of jobs; null when there are none.</param>
    /// <param name="elsewhere">Tells other nodes alone what is heard as <see cref="Hints"/>; null for nobody.</param>
    public LiveServer(
        Database database, LiveOptions options, EventBus bus, Action<string> hint, TimeProvider time, IFeedAccess access, INewestReadings? newest, string node, IQueueFigures? queues = null,
        Action<string>? elsewhere = null)
    {
        var hub = new FeedHub(database, options, bus, time);
        Feed = new FeedServer(hub, database, access, newest, queues, node, elsewhere ?? (_ => { }), bus, time);
        Pusher = new PusherServer(hub, access, newest, database.Dialect == Dialect.Postgres, time);
        _log = new LogLoop(database, options, Events, hub, hint, time);
    }

    /// <summary>Where events are written.</summary>
    public EventLog Events { get; } = new();

    /// <summary>The feed.</summary>
    public FeedServer Feed { get; }

    /// <summary>The door for clients and back-ends of the Pusher protocol.</summary>
    public PusherServer Pusher { get; }

    /// <summary>The log has grown, as another node says.</summary>
    public void Wake() => _log.Wake();

    /// <summary>Topics of hints to be heard, and what to do then.</summary>
    public IReadOnlyList<(string Topic, Action Heard)> Hints => [(EventLog.Hint, Wake), .. Feed.Hints];

    /// <summary>Starts the loops.</summary>
    public void Start(LoopSupervisor supervisor)
    {
        supervisor.Start(_log);
        Feed.Start(supervisor);
    }
}
