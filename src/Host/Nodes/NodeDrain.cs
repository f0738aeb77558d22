using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Host;

/// <summary>What came of a wish to drain or resume a node.</summary>
internal enum DrainResult
{
    /// <summary>Stored; the node obeys within 2 s.</summary>
    Stored,

    /// <summary>No live node has that id.</summary>
    Unknown,

    /// <summary>More than one live node begins like that.</summary>
    Ambiguous,

    /// <summary>Nobody else would poll.</summary>
    IsLast,

    /// <summary>On SQLite there is nobody to give anything to.</summary>
    IsAlone,
}

/// <summary>Drain and resume, for the command line and the API.</summary>
internal static class NodeDrain
{
    private static readonly Sql _alone = new("nodes.drain.alone", "select pg_advisory_xact_lock(7210529)");

    /// <summary>
    /// Stores that the live node whose id begins with <paramref name="name"/> is to give everything back, or may own again. The last node that polls is not
    /// drained unless <paramref name="isForced"/>: nothing would be polled any more, and every slot be missed.
    /// </summary>
    public static Task<(DrainResult Result, string Node)> SetAsync(Database database, string name, bool drains, bool isForced, CancellationToken stop) => database.WriteAsync(
        "nodes.drain",
        tx =>
        {
            if (database.Address.Kind == DatabaseKind.Sqlite)
            {
                return (DrainResult.IsAlone, name);
            }

            // Two drains at once must see each other, lest both take the other for the one that stays.
            tx.Execute(_alone);
            var live = NodeRegister.All(tx).FindAll(n => n.State == "live");
            var named = live.FindAll(n => name.Length > 0 && n.Id.StartsWith(name, StringComparison.Ordinal));
            if (named.Count != 1)
            {
                return (named.Count == 0 ? DrainResult.Unknown : DrainResult.Ambiguous, name);
            }

            var node = named[0];
            var others = live.Exists(n => n.Id != node.Id && n.HasRole("poll") && n.TakesWork && !n.IsDraining && NodeRegister.IsRunning(n, database.Address, tx.Now));
            if (drains && !isForced && node.HasRole("poll") && !others)
            {
                return (DrainResult.IsLast, node.Id);
            }

            return (NodeRegister.Drain(tx, node.Id, drains) ? DrainResult.Stored : DrainResult.Unknown, node.Id);
        },
        stop);

    /// <summary>Why a wish was not stored, as a sentence.</summary>
    public static string Why(DrainResult result, string node) => result switch
    {
        DrainResult.Unknown => $"there is no running node '{node}'. rondo nodes list names them",
        DrainResult.Ambiguous => $"more than one running node begins with '{node}'; give more of its id",
        DrainResult.IsLast => $"node {node} is the only one that polls: drained, nothing would be polled, and every slot be missed. Start another one first, stop polling (rondo polling stop), or insist with --force",
        DrainResult.IsAlone => "on SQLite there is one server, and nobody it could give anything to. To stop polling: rondo polling stop",
        _ => "",
    };
}
