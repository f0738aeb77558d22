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

    /// <summary>Declares one node dead unless a batch of its is being written right now.</summary>
    public static bool Bury(Transaction tx, string id) => NodeStore.Bury(tx, id, tx.Now);

    /// <summary>
    /// Declares dead whoever no longer runs; returns their ids. <paramref name="except"/> is the caller's own incarnation, or empty.
    /// </summary>
    public static List<string> Reap(Transaction tx, DatabaseAddress address, string except)
    {
        var buried = new List<string>();
        foreach (var node in NodeStore.List(tx))
        {
            if (node.State == "live" && node.Id != except && !IsRunning(node, address, tx.Now) && NodeStore.Bury(tx, node.Id, tx.Now))
            {
                buried.Add(node.Id);
            }
        }

        return buried;
    }

    /// <summary>Forgets nodes that ended before <paramref name="before"/>.</summary>
    public static int Forget(Transaction tx, Instant before) => NodeStore.Forget(tx, before);
}
