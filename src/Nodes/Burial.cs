using Rondo.Storage;

namespace Rondo.Nodes;

/// <summary>Declaring a node dead when its row is held by a batch of its own.</summary>
internal static class Burial
{
    /// <summary>
    /// Waits for the row, at most as long as a brief write may; with <paramref name="endsSessions"/> the sessions of the node's process are ended first, so
    /// that a batch which stands still (SIGSTOP between two statements) is undone now and not when the database loses patience with it.
    /// </summary>
    public static bool Of(Transaction tx, NodeRow node, bool endsSessions)
    {
        if (endsSessions)
        {
            NodeStore.EndSessions(tx, node.Session);
        }

        return NodeStore.BuryPatiently(tx, node.Id, tx.Now);
    }
}
