using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Rondo.Storage.Sqlite;

/// <summary>
/// The one writer of a process. Whatever is waiting goes into one transaction (group commit). When a piece fails, the transaction is undone and the others
/// run again, then each in a savepoint of its own, so that one failing piece takes nothing else with it; nothing is acknowledged before the COMMIT. There is no
/// artificial wait: the commit of one group is the time in which the next one gathers. A caller that blocks anyway and finds nobody writing writes by itself: to hand its work to another thread and
/// to be woken by it would take longer than the write. For all others, and for what came meanwhile, there is a thread.
/// </summary>
internal sealed partial class SqliteLane : IDisposable
{
    private static readonly TimeSpan _longestTransaction = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _longestWork = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestWaitForLock = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _askWhoWrites = TimeSpan.FromMilliseconds(50);
    private const int Capacity = 10_000;

    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly DatabaseClock _clock;
    private readonly SqliteLink _link;
    private readonly Queue<Piece> _waiting = new();

    // Of whoever writes: pieces whose transaction another piece took with it, before anything newer.
    private readonly Queue<Piece> _again = new();
    private readonly Thread _thread;
    private long _workStartedAt;
    private bool _unbounded;
    private bool _closing;

    // Of whoever writes: whether commits wait for the disk now.
    private bool _isFlushed = true;

    // Of whoever writes: pieces run again, and one of them may fail as well.
    private bool _isCareful;

    // Somebody writes: the lane's thread or a caller.
    private bool _isWriting;

    // Never set: a bounded pause of whoever writes.
    private readonly ManualResetEventSlim _pause = new();

    // Of whoever writes: who kept others waiting.
    private readonly LaneHolders _holders;
    private readonly StatementTimes _times;
    private readonly Metrics.Timing _wait;

    public SqliteLane(string path, TimeProvider time, DatabaseClock clock, StatementTimes times)
    {
        _times = times;
        _wait = times.ByName[StatementTimes.LaneWait];
        _holders = new LaneHolders(time);
        _path = path;
        _time = time;
        _clock = clock;
        _link = new SqliteLink(path, readOnly: false, times);
        raw.sqlite3_progress_handler(_link.Handle, 2_000, _ => TookTooLong() ? 1 : 0, null);
        _thread = new Thread(Run) { IsBackground = true, Name = "rondo-sqlite-lane" };
        _thread.Start();
    }

    public Task<T> Post<T>(string name, Func<Transaction, T> work, bool unbounded, CancellationToken stop)
    {
        var piece = new Piece<T>(name, work, unbounded, stop);
        lock (_waiting)
        {
            Enqueue(piece);
            Monitor.Pulse(_waiting);
        }

        return piece.Result;
    }

    /// <summary>Blocks until it is committed.</summary>
    public T Write<T>(string name, Func<Transaction, T> work, bool isFlushed = true)
    {
        var piece = new Piece<T>(name, work, unbounded: false, CancellationToken.None) { IsFlushed = isFlushed };
        bool writes;
        lock (_waiting)
        {
            Enqueue(piece);
            writes = !_isWriting;
            _isWriting = true;
            if (!writes)
            {
                Monitor.Pulse(_waiting);
            }
        }

        if (writes)
        {
            var group = new List<Piece>();
            while (!piece.Result.IsCompleted)
            {
                RunGroup(group);
            }

            Leave();
        }

        return piece.Result.GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        lock (_waiting)
        {
            _closing = true;
            Monitor.Pulse(_waiting);
        }

        // Bounded: a lane stuck in a dead disk must not keep the process from ending.
        if (_thread.Join(TimeSpan.FromSeconds(15)))
        {
            _link.Dispose();
            _pause.Dispose();
        }
    }

    private void Run()
    {
        var group = new List<Piece>();
        while (true)
        {
            lock (_waiting)
            {
                while (_isWriting || _waiting.Count + _again.Count == 0)
                {
                    if (_closing && !_isWriting)
                    {
                        return;
                    }

                    Monitor.Wait(_waiting);
                }

                _isWriting = true;
            }

            RunGroup(group);
            Leave();
        }
    }

    private void Enqueue(Piece piece)
    {
        ObjectDisposedException.ThrowIf(_closing, this);
        if (_waiting.Count >= Capacity)
        {
            throw new StorageFault(StorageFaultKind.Busy, $"{piece.Name}: {Capacity} pieces of work are already waiting for the write lane of {_path}. Is the disk stuck?");
        }

        piece.WaitingSince = _time.GetTimestamp();
        _waiting.Enqueue(piece);
    }

    private void Leave()
    {
        lock (_waiting)
        {
            _isWriting = false;
            if (_closing || _waiting.Count + _again.Count > 0)
            {
                Monitor.Pulse(_waiting);
            }
        }
    }

    private void RunGroup(List<Piece> group)
    {
        var started = _time.GetTimestamp();
        Commit(group);
        group.Clear();
        if (_time.GetElapsedTime(started) >= _longestTransaction)
        {
            // A breath for other processes: they try again every 2 ms.
            _pause.Wait(3);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Every failure of a group is handed to whoever waits for its pieces.")]
    private void Commit(List<Piece> group)
    {
        try
        {
            Flush();
            Begin();
            var started = _time.GetTimestamp();
            while (TryTake(out var piece))
            {
                if (piece.IsCancelled)
                {
                    continue;
                }

                if (group.Count == 0)
                {
                    Waited(piece);
                }

                group.Add(piece);
                if (_isCareful)
                {
                    RunPiece(piece);
                }
                else if (!TryRun(piece))
                {
                    _link.Execute("ROLLBACK");
                    RunOthersAgain(group, piece);
                    return;
                }

                if (raw.sqlite3_get_autocommit(_link.Handle) != 0)
                {
                    if (piece.Fault is StorageFault { Kind: StorageFaultKind.Busy })
                    {
                        RunOthersAgain(group, piece);
                        return;
                    }

                    // A full disk or an I/O error has rolled the whole transaction back.
                    throw piece.Fault ?? new StorageFault(StorageFaultKind.Full, $"{piece.Name}: the transaction was rolled back by SQLite ({_path})");
                }

                if (_time.GetElapsedTime(started) >= _longestTransaction)
                {
                    break;
                }
            }

            _unbounded = true;
            var committing = _time.GetTimestamp();
            _link.Execute("COMMIT");
            _times.Add("commit", committing, group.Count > 0 ? group[0].Name : "");
            _holders.Held("the disk (a commit)", committing);
            _isCareful &= _again.Count > 0;
            foreach (var piece in group)
            {
                piece.Complete();
            }
        }
        catch (Exception fault)
        {
            _unbounded = true;
            if (raw.sqlite3_get_autocommit(_link.Handle) == 0)
            {
                try
                {
                    _link.Execute("ROLLBACK");
                }
                catch (SqliteException)
                {
                    // Nothing more to undo: SQLite has done it.
                }
            }

            // Nothing of the group was kept. When not even the BEGIN worked, whoever is first must hear it, flushed or not, or would wait for ever.
            if (group.Count == 0 && TryTake(out var first, whatever: true))
            {
                group.Add(first);
            }

            foreach (var piece in group)
            {
                piece.Fail(fault as StorageFault ?? (fault is SqliteException sqlite ? SqliteFaults.Classify(sqlite, piece.Name, _path) : fault));
            }
        }
    }

    /// <summary>The transaction is undone for one piece. Only that may suffer: the others run from their start.</summary>
    private void RunOthersAgain(List<Piece> group, Piece culprit)
    {
        foreach (var piece in group)
        {
            if (piece == culprit || piece.Fault is not null)
            {
                piece.Complete();
            }
            else
            {
                _again.Enqueue(piece);
            }
        }

        _isCareful = _again.Count > 0;
    }

    /// <summary>Without a savepoint, which would copy every page before it is changed: most groups have nobody who fails. False when what it did is to be undone.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "A piece may fail with anything; its caller hears it.")]
    private bool TryRun(Piece piece)
    {
        try
        {
            Execute(piece);
            return true;
        }
        catch (Exception fault)
        {
            piece.Fault = fault is SqliteException sqlite ? SqliteFaults.Classify(sqlite, piece.Name, _path) : fault;
            _unbounded = true;
            return raw.sqlite3_get_autocommit(_link.Handle) != 0;
        }
    }

    private void Execute(Piece piece)
    {
        _unbounded = piece.Unbounded;
        _workStartedAt = _time.GetTimestamp();
        try
        {
            piece.Run(new SqliteWork(_link, _clock, piece.Name) { Trace = piece.Trace });
        }
        finally
        {
            _holders.Held(piece.Name, _workStartedAt);
        }

        if (TookTooLong())
        {
            throw SqliteFaults.TookTooLong(piece.Name, _path);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "A piece may fail with anything; its savepoint undoes it and its caller hears it.")]
    private void RunPiece(Piece piece)
    {
        _link.Execute("SAVEPOINT piece");
        try
        {
            Execute(piece);
            _unbounded = true;
            _link.Execute("RELEASE piece");
        }
        catch (Exception fault)
        {
            piece.Fault = fault is SqliteException sqlite ? SqliteFaults.Classify(sqlite, piece.Name, _path) : fault;
            _unbounded = true;
            if (raw.sqlite3_get_autocommit(_link.Handle) == 0)
            {
                _link.Execute("ROLLBACK TO piece");
                _link.Execute("RELEASE piece");
            }
        }
    }

    private bool TookTooLong() => !_unbounded && _time.GetElapsedTime(_workStartedAt) > _longestWork;

    private bool TryTake([MaybeNullWhen(false)] out Piece piece, bool whatever = false)
    {
        if (_again.TryDequeue(out piece))
        {
            return true;
        }

        lock (_waiting)
        {
            piece = null;
            return (whatever || _isFlushed || _waiting is { Count: > 0 } && !_waiting.Peek().IsFlushed) && _waiting.TryDequeue(out piece);
        }
    }
}
