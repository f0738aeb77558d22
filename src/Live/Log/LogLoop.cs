using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Live.Log;

/// <summary>
/// Numbers what was committed (PostgreSQL; one node at a time, any of them), reads what is new in the log for the clients of this process, and forgets what is too old. Woken by
/// the process's own commits and by the hints of others; without either it looks by itself.
/// </summary>
internal sealed class LogLoop : Loop
{
    private const int Piece = 500;
    private const int Slice = 2_000;
    private static readonly TimeSpan _trimEvery = TimeSpan.FromMinutes(1);
    private readonly Database _database;
    private readonly LiveOptions _options;
    private readonly ILogReader? _reader;
    private readonly Action<string> _hint;
    private readonly bool _isShared;
    private readonly TimeSpan _look;
    private long _seen = -1;
    private int _stamp;
    private int _written;
    private long _trimmedAt = long.MinValue;

    /// <summary>The loop of one process.</summary>
    /// <param name="database">The database.</param>
    /// <param name="options">How much is kept.</param>
    /// <param name="log">Tells of commits.</param>
    /// <param name="reader">Gets what is new; null when nobody listens here.</param>
    /// <param name="hint">Tells other nodes.</param>
    /// <param name="time">Time.</param>
    public LogLoop(Database database, LiveOptions options, EventLog log, ILogReader? reader, Action<string> hint, TimeProvider time)
        : base("live.log", time)
    {
        (_database, _options, _reader, _hint) = (database, options, reader, hint);
        _isShared = database.Dialect == Dialect.Postgres;
        _look = _isShared ? TimeSpan.FromSeconds(1) : TimeSpan.FromMilliseconds(500);
        log.OnWritten(() =>
        {
            Interlocked.Exchange(ref _written, 1);
            Wake();
        });
    }

    protected override bool OwnThread => true;

    // Everybody who listens waits for this loop: once the database is back they hear within moments.
    protected override (TimeSpan First, TimeSpan Cap) BackoffRange => (TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(2));

    /// <inheritdoc/>
    protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        var isWritten = Interlocked.Exchange(ref _written, 0) == 1;
        if (_seen < 0)
        {
            Begin(Look());
        }
        else if (!isWritten || !_isShared)
        {
            var head = Look();
            isWritten |= head.IsWaiting;
            if (head.Stamp != _stamp && _seen > 0)
            {
                // What was last seen is not there, or is something else: a restore, a failover that lost something.
                Begin(head);
            }
            else if (head.Last > _seen)
            {
                Read();
            }
        }

        var isMore = isWritten && _isShared && Sequence();
        Trim();
        return new(isMore ? TimeSpan.Zero : _look);
    }

    private void Begin(LogHead head)
    {
        _stamp = head.Last == 0 ? 0 : Look(head.Last).Stamp ?? 0;
        _seen = head.Last;
        _reader?.Begin(new ResumeToken(head.Epoch, _seen, _stamp));
    }

    /// <summary>True when there may be more.</summary>
    private bool Sequence()
    {
        var numbered = _database.Write("live.sequence", tx => EventStore.Sequence(tx, Piece, _seen));
        if (!IsAsSeen(numbered))
        {
            // What was numbered is told to nobody here: everybody has to come again, and is told from where.
            _hint(EventLog.Hint);
            Begin(Look());
            return true;
        }

        if (numbered.Count == 0)
        {
            return false;
        }

        _hint(EventLog.Hint);
        if (numbered[0].Id == _seen + 1)
        {
            Take(numbered);
        }
        else
        {
            Read();
        }

        return numbered.Count == Piece;
    }

    private void Read()
    {
        while (_reader is not null)
        {
            Beat();
            var news = Ask("live.from", tx => EventStore.From(tx, _seen, Piece));
            if (!IsAsSeen(news) || (news.Count > 0 && news[0].Id != _seen + 1))
            {
                // Forgotten before it was read: this process stood still for longer than events are kept. Or the log was set back.
                Begin(Look());
                return;
            }

            Take(news);
            if (news.Count < Piece)
            {
                return;
            }
        }

        Begin(Look());
    }

    /// <summary>
    /// True when what was last seen is still what it was; takes it off what was read with it. That numbers follow one another says nothing by itself: a log that was set back gives them anew.
    /// </summary>
    private bool IsAsSeen(List<LoggedEvent> read)
    {
        if (_seen == 0)
        {
            return true;
        }

        if (read.Count == 0 || read[0].Id != _seen || read[0].Stamp != _stamp)
        {
            return false;
        }

        read.RemoveAt(0);
        return true;
    }

    private void Take(List<LoggedEvent> news)
    {
        if (news.Count > 0)
        {
            (_seen, _stamp) = (news[^1].Id, news[^1].Stamp);
            _reader?.Take(news);
        }
    }

    private void Trim()
    {
        if (_trimmedAt != long.MinValue && Time.GetElapsedTime(_trimmedAt) < _trimEvery)
        {
            return;
        }

        _trimmedAt = Time.GetTimestamp();
        int trimmed;
        do
        {
            Beat();
            trimmed = _database.Write("live.trim", tx => EventStore.Trim(tx, _options.KeepEvents, tx.Now - _options.KeepFor, Slice));
        }
        while (trimmed == Slice);
    }

    private LogHead Look(long? id = null) => Ask("live.head", tx => EventStore.Head(tx, id ?? _seen));

    // On PostgreSQL on this thread; on SQLite a read has a connection of its own.
    private T Ask<T>(string name, Func<Transaction, T> query) => _isShared ? _database.Tell(name, query) : _database.AskAsync(name, query).GetAwaiter().GetResult();
}

/// <summary>Gets what is new in the log.</summary>
internal interface ILogReader
{
    /// <summary>From here on events are told; called again when the log is not what it was, and whoever listens has to begin anew.</summary>
    void Begin(ResumeToken head);

    /// <summary>The next events, in order, without holes.</summary>
    void Take(IReadOnlyList<LoggedEvent> events);
}
