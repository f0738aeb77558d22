using Rondo.Loops;
using Rondo.Storage;
using Rondo.Storage.Postgres;

namespace Rondo.Nodes;

/// <summary>
/// "Something changed, look": said to every process of one database, so that it is obeyed at once and not at the next look. Never needed for
/// correctness: each may be lost, doubled or late. Within the process a hint needs no database; to other processes it goes by NOTIFY on
/// PostgreSQL, coalesced and outside of every other transaction, or by a Redis where there is one. Say it after the commit.
/// </summary>
public sealed class Hints : IAsyncDisposable
{
    /// <summary>The channel of all hints in the database.</summary>
    public const string Channel = "rondo_hints";

    private const int MaxSubscribers = 64;
    private static readonly TimeSpan _flushWithin = TimeSpan.FromSeconds(1);

    private static readonly Sql _notify = new("hints.send", "select pg_notify(@channel, @payload)");
    private readonly Database _database;
    private readonly TimeProvider _time;
    private readonly bool _isTold;
    private readonly RedisCarrier? _redis;
    private readonly HintSet _waiting = new();
    private readonly Lock _gate = new();
    private volatile (string Topic, Action Wake)[] _subscribers = [];
    private HintSendLoop? _sender;
    private HintListenLoop? _listener;
    private volatile bool _isListening;
    private long _lastHeardAt = long.MinValue;
    private long _sent;
    private long _received;
    private long _failed;
    private long _toldAt = long.MinValue;

    /// <summary>Hints of this process.</summary>
    /// <param name="database">Where other processes are told; on SQLite nobody is.</param>
    /// <param name="time">Time.</param>
    /// <param name="isShared">False to neither tell nor hear other processes, for trying that nothing depends on it.</param>
    /// <param name="redis">Another way to other processes; null for none. Ends with these hints.</param>
    public Hints(Database database, TimeProvider time, bool isShared = true, RedisCarrier? redis = null)
    {
        _redis = redis;
        _database = database;
        _time = time;
        _isTold = isShared && database.Dialect == Dialect.Postgres;
    }

    /// <summary>How it goes.</summary>
    public HintState State
    {
        get
        {
            var heard = Interlocked.Read(ref _lastHeardAt);
            return new HintState(
                _isListening, heard == long.MinValue ? null : new Instant(heard), Interlocked.Read(ref _sent), Interlocked.Read(ref _received), Interlocked.Read(ref _failed))
            {
                Redis = _isTold ? _redis?.State : null,
            };
        }
    }

    /// <summary>How long ago other processes were told something.</summary>
    internal TimeSpan SinceTold => Interlocked.Read(ref _toldAt) is var at && at == long.MinValue ? TimeSpan.MaxValue : _time.GetElapsedTime(at);

    /// <summary>True while something waits to be told to other processes.</summary>
    internal bool IsWaiting => _waiting.IsWaiting;

    /// <summary>Calls <paramref name="wake"/> for each hint on <paramref name="topic"/>, whoever sent it, and once whenever some may have been missed.</summary>
    /// <param name="topic">Letters, digits, <c>. - _</c>, at most 100.</param>
    /// <param name="wake">Sets a signal: must not block. Called from any thread.</param>
    /// <exception cref="InvalidOperationException">More than 64 subscriptions; a process has a few, made at its start.</exception>
    public void On(string topic, Action wake)
    {
        lock (_gate)
        {
            if (_subscribers.Length == MaxSubscribers)
            {
                throw new InvalidOperationException($"more than {MaxSubscribers} subscriptions to hints");
            }

            _subscribers = [.. _subscribers, (topic, wake)];
        }
    }

    /// <summary>Sends and listens from now on, where there are other processes to be told and heard.</summary>
    /// <param name="supervisor">Runs the loops.</param>
    /// <param name="chance">Draws the delays before a Redis that is away is tried again.</param>
    public void Start(LoopSupervisor supervisor, Chance chance)
    {
        if (!_isTold)
        {
            _redis?.Unused();
            return;
        }

        _sender = new HintSendLoop(this, _time);
        supervisor.Start(_sender);

        // Behind PgBouncer nobody can listen; telling works, and those who are connected directly hear it.
        if (_database is PostgresDatabase postgres && !_database.Address.IsBehindPgBouncer)
        {
            _listener = new HintListenLoop(this, postgres, _time);
            supervisor.Start(_listener);
        }

        if (_redis is not null)
        {
            supervisor.Start(new RedisLoop(this, _redis, _time, chance));
        }
    }

    /// <summary>
    /// The message of a hint that goes along with a statement which is a transaction of its own and brief (<c>select pg_notify('rondo_hints', message)</c>): other processes hear
    /// of it a round trip sooner than by <see cref="Send"/>. After its commit, <see cref="WakeHere"/> is left to do. Null when there is nobody to be told in this way, or somebody was
    /// told within the last 5 ms: a NOTIFY takes a lock of the whole database at its commit, so it is not for many writes at once.
    /// </summary>
    /// <param name="topic">As for <see cref="On"/>.</param>
    public string? Ride(string topic)
    {
        // What waits for the sender goes first, or a stream of these would keep it waiting for ever.
        if (!_isTold || _redis is not null || !HintSet.IsFit(topic) || SinceTold < HintSendLoop.Every || _waiting.IsWaiting)
        {
            return null;
        }

        Interlocked.Exchange(ref _toldAt, _time.GetTimestamp());
        Interlocked.Increment(ref _sent);
        return $"{_database.Session} {topic}";
    }

    /// <summary>Wakes the subscribers of this process.</summary>
    public void WakeHere(string topic) => Wake(topic);

    /// <summary>Wakes the subscribers of this process at once and tells the other processes in a moment. Never blocks, never throws.</summary>
    public void Send(string topic)
    {
        Wake(topic);
        SendElsewhere(topic);
    }

    /// <summary>Tells the other processes alone, in a moment: for what this one knows already. Never blocks, never throws.</summary>
    public void SendElsewhere(string topic)
    {
        if (!_isTold)
        {
            return;
        }

        var isFirst = false;
        if (!HintSet.IsFit(topic) || !_waiting.Add(topic, out isFirst))
        {
            Interlocked.Increment(ref _failed);
        }

        if (isFirst)
        {
            _sender?.Wake();
        }
    }

    /// <summary>For a command that ends right after: tells now what waits. At most a second; what cannot be told is found out without it.</summary>
    public async Task FlushAsync()
    {
        try
        {
            await Task.Run(Tell).WaitAsync(_flushWithin, _time).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is StorageFault or TimeoutException)
        {
            // Best effort: the running nodes look by themselves.
        }
    }

    /// <summary>Closes the connections of their own, after the loops were stopped.</summary>
    public ValueTask DisposeAsync()
    {
        _redis?.Dispose();
        _listener?.Dispose();
        return default;
    }

    /// <summary>Tells the other processes everything that waits, in one message. False when nothing does.</summary>
    internal bool Tell()
    {
        if (_waiting.Take() is not { } topics)
        {
            return false;
        }

        var isDone = false;
        try
        {
            // The name of the sender first: by it a process knows its own.
            Carry($"{_database.Session} {string.Join(' ', topics)}");
            isDone = true;
            Interlocked.Exchange(ref _toldAt, _time.GetTimestamp());
            return true;
        }
        finally
        {
            Interlocked.Increment(ref isDone ? ref _sent : ref _failed);
            _waiting.Told(topics, isDone);
        }
    }

    /// <summary>Another process, or this one, said something. True when it was a hint of another one.</summary>
    internal bool Heard(string payload)
    {
        var words = payload.Split(' ');
        if (words[0] == _database.Session || words.Length == 1)
        {
            return false;
        }

        Interlocked.Increment(ref _received);
        Interlocked.Exchange(ref _lastHeardAt, _database.Clock.Now.Micros);
        foreach (var topic in words.AsSpan(1))
        {
            Wake(topic);
        }

        return true;
    }

    /// <summary>Hearing from the database begins or ends.</summary>
    internal void Listening(bool isListening)
    {
        _isListening = isListening;
        if (isListening)
        {
            MayHaveMissed();
        }
    }

    /// <summary>Hearing began. What was said before may have been missed, so everybody looks.</summary>
    internal void MayHaveMissed() => Wake(null);

    private void Carry(string payload)
    {
        if (_redis is not null && _sender is null)
        {
            // A command knows nothing of how Redis is, and has a second: it tells both ways at the same time. A double is harmless.
            var told = _redis.TellOnceAsync(payload);
            Notify(payload);
            told.GetAwaiter().GetResult();
        }
        else if (_redis?.TryTell(payload) != true)
        {
            Notify(payload);
        }
    }

    private void Notify(string payload) => _database.Tell("hints.send", tx => tx.Execute(_notify, new { channel = Channel, payload }));

    private void Wake(string? topic)
    {
        foreach (var (wanted, wake) in _subscribers)
        {
            if (topic is not null && topic != wanted)
            {
                continue;
            }

            try
            {
                wake();
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                // A subscriber's trouble must not reach whoever gave the hint.
                Interlocked.Increment(ref _failed);
            }
        }
    }
}
