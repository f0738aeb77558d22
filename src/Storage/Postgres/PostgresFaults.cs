using System.Net.Sockets;
using Npgsql;

namespace Rondo.Storage.Postgres;

/// <summary>PostgreSQL's and Npgsql's errors, classified once.</summary>
internal static class PostgresFaults
{
    public static StorageFault Classify(Exception fault, string work, DatabaseAddress address) => fault switch
    {
        StorageFault known => known,
        PostgresException server => Server(server, work, address),
        TimeoutException => new(StorageFaultKind.Unavailable, $"{work}: {address} did not answer in time.", fault),
        NpgsqlException { InnerException: TimeoutException } => new(StorageFaultKind.Unavailable, $"{work}: {address} did not answer in time.", fault),
        NpgsqlException { InnerException: PostgresException server } => Server(server, work, address),
        NpgsqlException or SocketException or IOException => new(
            StorageFaultKind.Unavailable, $"{work}: {address} cannot be reached ({fault.Message}). Is it running, and does it listen there?", fault),
        _ => new(StorageFaultKind.Misuse, $"{work}: {fault.Message} ({address})", fault),
    };

    public static bool IsProviders(Exception fault) => fault is NpgsqlException or SocketException or IOException or TimeoutException;

    /// <summary>True when the role may not do that.</summary>
    public static bool IsNotAllowed(StorageFault fault) => fault.InnerException is PostgresException { SqlState: "42501" };

    /// <summary>What to do about a pooler nobody told us of; said with what gave it away.</summary>
    public static StorageFault Pooled(string work, string sign, DatabaseAddress address, Exception? fault = null) => new(
        StorageFaultKind.Misuse, $"{work}: {sign}. {address} looks like PgBouncer in transaction mode; add ?pgbouncer=true to the address.", fault);

    private static StorageFault Server(PostgresException fault, string work, DatabaseAddress address) => fault.SqlState switch
    {
        // A statement that was prepared in one session and used in another: it is not there, another one has its name, or that one takes other parameters.
        "26000" or "42P05" when !address.IsBehindPgBouncer => Pooled(work, fault.MessageText, address, fault),
        "08P01" when !address.IsBehindPgBouncer && fault.MessageText.Contains("prepared statement", StringComparison.Ordinal) =>
            Pooled(work, fault.MessageText, address, fault),
        "08P01" when fault.MessageText.Contains("startup parameter", StringComparison.Ordinal) => new(
            StorageFaultKind.Misuse,
            $"{work}: {address}: {fault.MessageText}. It comes with the address, and PgBouncer does not pass it on: take it out there; ALTER ROLE … SET … does the same for every session.",
            fault),
        // Shutting down, crashed, starting up, cannot connect now, too many connections; read-only after a failover.
        "57P01" or "57P02" or "57P03" or "53300" or "25006" or ['0', '8', ..] => new(
            StorageFaultKind.Unavailable, $"{work}: {address} is not ready ({fault.MessageText}).", fault),
        "40001" or "40P01" or "55P03" or "57014" or "25P03" => new(
            StorageFaultKind.Busy, $"{work}: {address} refused for now ({fault.MessageText}).", fault),
        ['5', '3', ..] or ['5', '8', ..] => new(
            StorageFaultKind.Full, $"{work}: {address} is out of a resource ({fault.MessageText}). Check its disk.", fault),
        // 23514 is also a violated check; a missing partition names no constraint, is made by upkeep, and the row can be stored then.
        "23514" when fault.ConstraintName is null => new(
            StorageFaultKind.Busy, $"{work}: {address} has no partition for this time yet ({fault.MessageText}). The server's upkeep makes it.", fault),
        ['2', '3', ..] => new(StorageFaultKind.Conflict, $"{work}: {fault.MessageText}", fault),
        "42P01" or "42703" or "3F000" => new(
            StorageFaultKind.Schema, $"{work}: the schema in {address} does not fit ({fault.MessageText}). Run: rondo database migrate", fault),
        ['2', '8', ..] or "3D000" or "42501" => new(
            StorageFaultKind.Misuse, $"{work}: {address} does not let us in ({fault.MessageText}). Check user, password, database name and rights.", fault),
        "XX001" or "XX002" => new(StorageFaultKind.Corrupt, $"{work}: {address} reports damaged data ({fault.MessageText}).", fault),
        _ => new(StorageFaultKind.Misuse, $"{work}: {fault.MessageText} ({fault.SqlState}, {address})", fault),
    };
}
