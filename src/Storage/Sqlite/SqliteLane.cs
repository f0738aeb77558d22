using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Rondo.Storage.Sqlite;

/// <summary>
/// The one writer of a process. Whatever is waiting goes into one transaction (group commit), each piece in a savepoint of its own, so that one
/// failing piece takes nothing else with it; nothing is acknowledged before the COMMIT. There is no artificial wait: the commit of one group is
/// the time in which the next one gathers.
/// </summary>
internal sealed class SqliteLane : IDisposable
{
    private static readonly TimeSpan _longestTransaction = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _longestWork = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestWaitForLock = TimeSpan.FromSeconds(10);
    private const int Capacity = 10_000;

    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly DatabaseClock _clock;
    private readonly SqliteLink _link;
    private readonly Queue<Piece> _waiting = new();

    // The lane's own: pieces whose transaction another piece took with it, before anything newer.
    private readonly Queue<Piece> _again = new();
    private readonly Thread _thread;
    private long _workStartedAt;
    private bool _unbounded;
    private bool _closing;

    // Never set: a bounded pause of the lane's own thread.
    private readonly ManualResetEventSlim _pause = new();

    public SqliteLane(string path, TimeProvider time, DatabaseClock clock)
    {
        _path = path;
        _time = time;
        _clock = clock;
        _link = new SqliteLink(path, readOnly: false);
        raw.sqlite3_progress_handler(_link.Handle, 2_000, _ => TookTooLong() ? 1 : 0, null);
        _thread = new Thread(Run) { IsBackground = true, Name = "rondo-sqlite-lane" };
        _thread.Start();
    }

    public Task<T> Post<T>(string name, Func<Transaction, T> work, bool unbounded, CancellationToken stop)
    {
        var piece = new Piece<T>(name, work, unbounded, stop);
        lock (_waiting)
        {
            ObjectDisposedException.ThrowIf(_closing, this);
            if (_waiting.Count >= Capacity)
            {
                throw new StorageFault(StorageFaultKind.Busy, $"{name}: {Capacity} pieces of work are already waiting for the write lane of {_path}. Is the disk stuck?");
            }

            _waiting.Enqueue(piece);
            Monitor.Pulse(_waiting);
        }

        return piece.Result;
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
                while (_waiting.Count + _again.Count == 0)
                {
                    if (_closing)
                    {
                        return;
                    }

                    Monitor.Wait(_waiting);
                }
            }

            var started = _time.GetTimestamp();
            RunGroup(group);
            group.Clear();
            if (_time.GetElapsedTime(started) >= _longestTransaction)
            {
                // A breath for other processes: they try again every 2 ms.
                _pause.Wait(3);
            }
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Every failure of a group is handed to whoever waits for its pieces.")]
    private void RunGroup(List<Piece> group)
    {
        try
        {
            Begin();
            var started = _time.GetTimestamp();
            while (TryTake(out var piece))
            {
                if (piece.IsCancelled)
                {
                    continue;
                }

                group.Add(piece);
                if (group.Count == 1 && IsNobodyWaiting())
                {
                    // Alone, the transaction itself is the savepoint; a savepoint would copy every page before it is changed.
                    RunAlone(piece);
                    break;
                }

                RunPiece(piece);
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
            _link.Execute("COMMIT");
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

            // Nothing of the group was kept. When not even the BEGIN worked, whoever is first must hear it, or would wait for ever.
            if (group.Count == 0 && TryTake(out var first))
            {
                group.Add(first);
            }

            foreach (var piece in group)
            {
                piece.Fail(fault as StorageFault ?? (fault is SqliteException sqlite ? SqliteFaults.Classify(sqlite, piece.Name, _path) : fault));
            }
        }
    }

    /// <summary>An interrupted write takes the whole transaction with it, says SQLite. Only its own piece may suffer: the others run from their start.</summary>
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
    }

    private void RunAlone(Piece piece)
    {
        _unbounded = piece.Unbounded;
        _workStartedAt = _time.GetTimestamp();
        piece.Run(new SqliteWork(_link, _clock));
        if (TookTooLong())
        {
            throw SqliteFaults.TookTooLong(piece.Name, _path);
        }
    }

    private bool IsNobodyWaiting()
    {
        lock (_waiting)
        {
            return _waiting.Count + _again.Count == 0;
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "A piece may fail with anything; its savepoint undoes it and its caller hears it.")]
    private void RunPiece(Piece piece)
    {
        _link.Execute("SAVEPOINT piece");
        _unbounded = piece.Unbounded;
        _workStartedAt = _time.GetTimestamp();
        try
        {
            piece.Run(new SqliteWork(_link, _clock));
            if (TookTooLong())
            {
                throw SqliteFaults.TookTooLong(piece.Name, _path);
            }

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

    /// <summary>
    /// Tries for the file's write lock every 2 ms for 10 s. SQLite's own busy handler sleeps longer and longer, up to 100 ms, and would
    /// sleep through the breath that a busy server takes between its transactions.
    /// </summary>
    private void Begin()
    {
        _unbounded = true;
        raw.sqlite3_busy_timeout(_link.Handle, 0);
        try
        {
            var started = _time.GetTimestamp();
            while (true)
            {
                try
                {
                    _link.Execute("BEGIN IMMEDIATE");
                    return;
                }
                catch (SqliteException fault) when (
                    fault.SqliteErrorCode == raw.SQLITE_BUSY && _time.GetElapsedTime(started) < _longestWaitForLock)
                {
                    _pause.Wait(2);
                }
            }
        }
        finally
        {
            raw.sqlite3_busy_timeout(_link.Handle, 5_000);
        }
    }

    private bool TookTooLong() => !_unbounded && _time.GetElapsedTime(_workStartedAt) > _longestWork;

    private bool TryTake([MaybeNullWhen(false)] out Piece piece)
    {
        if (_again.TryDequeue(out piece))
        {
            return true;
        }

        lock (_waiting)
        {
            return _waiting.TryDequeue(out piece);
        }
    }

    private abstract class Piece(string name, bool unbounded)
    {
        public string Name { get; } = name;

        public bool Unbounded { get; } = unbounded;

        public Exception? Fault { get; set; }

        public abstract bool IsCancelled { get; }

        public abstract void Run(Transaction tx);

        public abstract void Complete();

        public abstract void Fail(Exception fault);
    }

    private sealed class Piece<T>(string name, Func<Transaction, T> work, bool unbounded, CancellationToken stop) : Piece(name, unbounded)
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Transaction? _tx;
        private T? _result;

        public Task<T> Result => _done.Task;

        public override bool IsCancelled => stop.IsCancellationRequested && _done.TrySetCanceled(stop);

        public override void Run(Transaction tx)
        {
            Fault = null;
            _tx = tx;
            _result = work(tx);
        }

        public override void Complete()
        {
            if (Fault is not null)
            {
                _done.TrySetException(Fault);
                return;
            }

            try
            {
                _tx!.Committed();
                _done.TrySetResult(_result!);
            }
            catch (Exception fault)
            {
                // A bug in what follows the commit is this caller's alone; the others of the group are committed as well and must hear so.
                _done.TrySetException(fault);
            }
        }

        public override void Fail(Exception fault) => _done.TrySetException(Fault ?? fault);
    }
}
