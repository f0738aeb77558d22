using Rondo.Storage;
using Rondo.Storage.Postgres;

namespace Rondo.Readings;

/// <summary>Makes the partitions that samples of any time need, each once; on SQLite there are none.</summary>
/// <param name="database">The database.</param>
public sealed class SamplePartitions(Database database)
{
    private readonly HashSet<long> _made = [];

    /// <summary>Makes those of a batch, in a transaction of its own.</summary>
    public async Task PrepareAsync(SampleBatch batch, CancellationToken stop)
    {
        if (database.Address.Kind == DatabaseKind.Sqlite)
        {
            return;
        }

        var step = SampleWriter.PartitionLength.Ticks / 10;
        var wanted = batch.Rows.Select(r => r.At - (((r.At % step) + step) % step)).ToHashSet();
        wanted.ExceptWith(_made);
        if (wanted.Count == 0)
        {
            return;
        }

        await database.WriteLongAsync(
            "readings.partitions",
            tx =>
            {
                foreach (var start in wanted.Order())
                {
                    Partitions.Ensure(tx, "sample", SampleWriter.PartitionLength, new Instant(start), new Instant(start + 1));
                }

                return true;
            },
            stop).ConfigureAwait(false);
        _made.UnionWith(wanted);
    }
}
