using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Rondo.Storage.Sqlite;

/// <summary>SQLite's result codes, classified once.</summary>
internal static class SqliteFaults
{
    public static void Check(sqlite3 connection, int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw new SqliteException(raw.sqlite3_errmsg(connection).utf8_to_string(), code & 0xff, raw.sqlite3_extended_errcode(connection));
        }
    }

    public static StorageFault Classify(SqliteException fault, string work, string path) => fault.SqliteErrorCode switch
    {
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new(
            StorageFaultKind.Busy, $"{work}: {path} was locked by another process for longer than the busy time-out (10 s). Try again, or end the process that holds it.", fault),
        raw.SQLITE_INTERRUPT => TookTooLong(work, path, fault),
        raw.SQLITE_FULL => new(
            StorageFaultKind.Full, $"{work}: the disk under {path} is full; nothing was written. Free some space: work goes on by itself.", fault),
        raw.SQLITE_IOERR or raw.SQLITE_READONLY or raw.SQLITE_PERM => new(
            StorageFaultKind.Full, $"{work}: {path} could not be written ({fault.Message}). Check the disk, its mount and the file's owner.", fault),
        raw.SQLITE_CONSTRAINT => new(StorageFaultKind.Conflict, $"{work}: {fault.Message}", fault),
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => new(
            StorageFaultKind.Corrupt, $"{work}: {path} is not a sound SQLite database ({fault.Message}). Restore the latest backup.", fault),
        raw.SQLITE_CANTOPEN => new(
            StorageFaultKind.Misuse, $"{work}: {path} cannot be opened. Does its folder exist, and may this user write there?", fault),
        raw.SQLITE_ERROR when fault.Message.Contains("no such table", StringComparison.Ordinal) || fault.Message.Contains("no such column", StringComparison.Ordinal) => new(
            StorageFaultKind.Schema, $"{work}: the schema of {path} does not fit ({fault.Message}). Run: rondo database migrate", fault),
        _ => new(StorageFaultKind.Misuse, $"{work}: {fault.Message} ({path})", fault),
    };

    public static StorageFault TookTooLong(string work, string path, Exception? inner = null) => new(
        StorageFaultKind.Busy, $"{work}: the work took longer than the 1 s it may occupy the write lane of {path}; nothing of it was kept. Do it in smaller steps.", inner);
}
