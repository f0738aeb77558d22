using Rondo.Storage;
using Rondo.Storage.Schema;

namespace Rondo.Nodes;

/// <summary>The nodes that a migration would no longer serve.</summary>
public static class OlderNodes
{
    /// <summary>
    /// Who runs a program older than <paramref name="oldest"/>. One whose lease has lapsed is declared dead in this same transaction, so that it cannot come back and
    /// write by a schema that is gone; where a batch of its is being written right now, it counts as running.
    /// </summary>
    /// <param name="tx">The transaction of the migration.</param>
    /// <param name="address">The database.</param>
    /// <param name="use">For what the caller opened it.</param>
    /// <param name="oldest">The oldest version that may stay.</param>
    public static IReadOnlyList<RunningProgram> StillRunning(Transaction tx, DatabaseAddress address, DatabaseUse use, Version oldest)
    {
        // The server of a SQLite file holds its lock, so the others in the register are gone; their pids say nothing (in a container it is 1 every time).
        if (address.Kind == DatabaseKind.Sqlite && use == DatabaseUse.Server)
        {
            return [];
        }

        // A version that cannot be read is one that this program knows nothing about: it is not taken for a newer one.
        var older = NodeStore.Live(tx).Where(node => !Version.TryParse(node.Version, out var version) || version < oldest);
        return
        [
            .. older.Where(node => NodeRegister.IsRunning(node, address, tx.Now) || !NodeStore.Bury(tx, node.Id, tx.Now))
                .Select(node => new RunningProgram(node.Id, node.Version, node.Host)),
        ];
    }
}
