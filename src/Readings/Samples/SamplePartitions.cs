using Rondo.Storage;
using Rondo.Storage.Postgres;

namespace Rondo.Readings;

/// <summary>Makes the partitions that samples of any time need, each once; on SQLite there are none.</summary>
/// <param name="database">The database.</param>
public sealed class SamplePartitions(Database database)
{
    private const int MostTries = 20;
    private readonly HashSet<long> _made = [];

    /// <summary>Makes those of a batch, in a transaction of its own.</summary>
    public async Task PrepareAsync(SampleBatch batch, CancellationToken stop)
    {
        if (database.Address.Kind == DatabaseKind.Sqlite)
        {
            return;
        }

        var step = SampleWriter.PartitionLength.Ticks / 10;
        var wanted = batch.Rows.Select(r => Instant.Floor(r.At, step)).ToHashSet();
        wanted.ExceptWith(_made);
        if (wanted.Count == 0)
        {
            return;
        }

        foreach (var start in wanted.Order())
        {
            await MakeAsync(start, stop).ConfigureAwait(false);
        }

        _made.UnionWith(wanted);
    }

    // A new partition locks the whole table for a moment, and gives way to whoever holds it (the server bounds the wait): other writers and those who roll up, who may be waiting for one another.
    private async Task MakeAsync(long start, CancellationToken stop)
    {
        for (var left = MostTries; ; left--)
        {
            try
            {
                await database.WriteLongAsync(
                    "readings.partitions",
                    tx =>
                    {
                        Partitions.Ensure(tx, "sample", SampleWriter.PartitionLength, new Instant(start), new Instant(start + 1));
                        return true;
                    },
                    stop).ConfigureAwait(false);
                return;
            }
            catch (StorageFault fault) when (fault.Kind == StorageFaultKind.Busy && left > 1)
            {
                // Tried again at once: the wait for the lock was the pause.
            }
        }
    }
}
