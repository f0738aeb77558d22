using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Nodes;

/// <summary>
/// Renews the node's lease every 3 s on a thread of its own, but only while the process's loops make progress: a node whose loops are stuck
/// must lose its work, however well its lease thread feels.
/// </summary>
public sealed class LeaseLoop(Database database, Node node, Func<bool> isMakingProgress, TimeProvider time) : Loop("nodes.lease", time)
{
    /// <summary>How often the lease is renewed.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(3);

    /// <inheritdoc/>
    protected override bool OwnThread => true;

    /// <inheritdoc/>
    protected override (TimeSpan First, TimeSpan Cap) BackoffRange => (TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1));

    /// <inheritdoc/>
    protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        if (node.IsDead)
        {
            return new(Every);
        }

        if (isMakingProgress())
        {
            node.Renew();
        }

        // Whoever was away itself must not judge others: only a node with a fresh lease of its own looks for lapsed ones.
        if (node.MayWork)
        {
            database.Write("nodes.reap", tx => NodeRegister.Reap(tx, database.Address, node.Id));
        }

        return new(Every);
    }
}
