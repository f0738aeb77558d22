using System.Collections.Concurrent;
using Rondo.Live;
using Rondo.Live.Log;
using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Tests.Live;

/// <summary>The log of one process over a database, with what its loop told.</summary>
internal sealed class LogTail : ILogReader, IAsyncDisposable
{
    private readonly LoopSupervisor _supervisor = new(TimeProvider.System, new Chance(1), (_, _) => { }, _ => { });

    public LogTail(Database database, LiveOptions? options = null, Action<string>? hint = null)
    {
        Database = database;
        Loop = new LogLoop(database, options ?? new LiveOptions(), Log, this, hint ?? (_ => { }), TimeProvider.System);
    }

    public Database Database { get; }

    public EventLog Log { get; } = new();

    public LogLoop Loop { get; }

    public ConcurrentQueue<LoggedEvent> Told { get; } = new();

    public ConcurrentQueue<ResumeToken> Begun { get; } = new();

    public IEnumerable<string> Names => Told.Select(e => e.Name);

    public void Run() => _supervisor.Start(Loop);

    public Task WriteAsync(params string[] names) => Database.WriteAsync("test", tx => { Log.Write(tx, [.. names.Select(n => Event(n))]); });

    public static LiveEvent Event(string name, string topic = "global", string data = "{}") => new(name, topic, new Instant(1_700_000_000_000_000), data);

    public void Begin(ResumeToken head) => Begun.Enqueue(head);

    public void Take(IReadOnlyList<LoggedEvent> events)
    {
        foreach (var happened in events)
        {
            Told.Enqueue(happened);
        }
    }

    public ValueTask DisposeAsync() => _supervisor.DisposeAsync();
}
