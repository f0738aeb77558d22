using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Rondo.Storage.Sqlite;

/// <summary>What whoever writes waits for: the file, the disk; and who kept the others waiting.</summary>
internal sealed partial class SqliteLane
{
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
            string? writer = null;
            while (true)
            {
                try
                {
                    _link.Execute("BEGIN IMMEDIATE");
                    if (writer is not null)
                    {
                        _holders.Held(writer, started);
                    }

                    return;
                }
                catch (SqliteException fault) when (
                    fault.SqliteErrorCode == raw.SQLITE_BUSY && _time.GetElapsedTime(started) < _longestWaitForLock)
                {
                    // Afterwards nobody can tell.
                    writer ??= _time.GetElapsedTime(started) < _askWhoWrites ? null : FileWriter.Of(_path) ?? "another process";
                    _pause.Wait(2);
                }
            }
        }
        finally
        {
            raw.sqlite3_busy_timeout(_link.Handle, 5_000);
        }
    }

    /// <summary>
    /// Whether the commit waits for the disk. Not when all that waits is one piece that need not: what comes while it is written is for the next group. In the log
    /// everything stands in the order of its commits, so the next one that is flushed takes this one with it.
    /// </summary>
    private void Flush()
    {
        bool isFlushed;
        lock (_waiting)
        {
            isFlushed = _again.Count > 0 || !_waiting.TryPeek(out var first) || first.IsFlushed || _waiting.Count > 1;
        }

        if (isFlushed != _isFlushed)
        {
            // SQLite obeys it when it reads it, so it cannot be prepared.
            SqliteFaults.Check(_link.Handle, raw.sqlite3_exec(_link.Handle, isFlushed ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"));
            _isFlushed = isFlushed;
        }
    }

    /// <summary>The first of a group has waited the longest: it is told for whom.</summary>
    private void Waited(Piece piece)
    {
        var waited = _time.GetElapsedTime(piece.WaitingSince);
        _wait.Add(waited);
        if (waited >= _times.SlowAfter)
        {
            _times.Tell(StatementTimes.LaneWait, piece.Name, waited, _holders.Since(piece.WaitingSince));
        }
    }
}
