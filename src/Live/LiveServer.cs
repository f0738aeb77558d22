using Rondo.Live.Log;
using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Live;

/// <summary>The live part of one running server: the log of events.</summary>
public sealed class LiveServer
{
    private readonly LogLoop _log;

    /// <summary>Puts the parts together; nothing runs before <see cref="Start"/>.</summary>
    /// <param name="database">Migrated.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="hint">Tells other nodes that the log has grown.</param>
    /// <param name="time">Time.</param>
    public LiveServer(Database database, LiveOptions options, Action<string> hint, TimeProvider time)
    {
        _log = new LogLoop(database, options, Events, null, hint, time);
    }

    /// <summary>Where events are written.</summary>
    public EventLog Events { get; } = new();

    /// <summary>The log has grown, as another node says.</summary>
    public void Wake() => _log.Wake();

    /// <summary>Starts the loops.</summary>
    public void Start(LoopSupervisor supervisor) => supervisor.Start(_log);
}
