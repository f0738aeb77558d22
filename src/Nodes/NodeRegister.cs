using Rondo.Storage;
using Rondo.Storage.Sqlite;

namespace Rondo.Nodes;

/// <summary>What anybody may ask about nodes, with or without a running one.</summary>
public static class NodeRegister
{
    /// <summary>Every node the database remembers, oldest first.</summary>
    public static List<NodeRow> All(Transaction tx) => NodeStore.List(tx);

    /// <summary>
    /// Whether <paramref name="node"/> is running: on SQLite it holds the lock on the file, on PostgreSQL its lease is in force and, on this machine, its process exists.
    /// </summary>
    public static bool IsRunning(NodeRow node, DatabaseAddress address, Instant now) => node.State == "live" && (address.Kind == DatabaseKind.Sqlite
        ? SqliteDatabase.ServerPid(address) == node.Pid.ToString(System.Globalization.CultureInfo.InvariantCulture) && !ProcessPlace.IsGone(node)
        : node.ExpiresAt > now && !ProcessPlace.IsGone(node));

    /// <summary>True when it ran in this very place (kernel boot and pid namespace) and its process is certainly gone.</summary>
    public static bool IsGone(NodeRow node) => ProcessPlace.IsGone(node);

    /// <summary>Declares one node dead unless a batch of its is being written right now.</summary>
    public static bool Bury(Transaction tx, string id) => NodeStore.Bury(tx, id, tx.Now);

    /// <summary>Sets or ends the drain of a live node: it keeps running and gives everything back. False when no such node lives.</summary>
    public static bool Drain(Transaction tx, string id, bool draining) => NodeStore.Drain(tx, id, draining);

    /// <summary>Forgets nodes that ended before <paramref name="before"/>.</summary>
    public static int Forget(Transaction tx, Instant before) => NodeStore.Forget(tx, before);
}
