using Rondo.Live.Feed;
using Rondo.Storage;

namespace Rondo.Jobs.Told;

/// <summary>The SQL of how far batches are.</summary>
internal static class BatchCountStore
{
    private static readonly Sql _open = new("jobs.told.batches", "select id, name, total from job_batch where is_sealed and finished_at is null order by id desc limit @most");

    // In one statement, so that a member that ends meanwhile is counted once.
    private static readonly Sql _members = new("jobs.told.members", """
        select batch_id, state, queue, count(*) as number from (
          select batch_id, 'live' as state, queue from job_ready where batch_id {in:@ids}
          union all select batch_id, 'live', queue from job_running where batch_id {in:@ids}
          union all select batch_id, 'live', queue from job_waiting where batch_id {in:@ids}
          union all select batch_id, state, queue from job_history where batch_id {in:@ids}
        ) members group by batch_id, state, queue
        """);

    public static IReadOnlyList<BatchFigures> Read(Transaction tx)
    {
        var open = tx.Query<Open>(_open, new { most = BatchFigures.Most });
        if (open.Count == 0)
        {
            return [];
        }

        var members = tx.Query<Count>(_members, new { ids = new IdList([.. open.Select(b => b.Id)]) }).ToLookup(c => c.BatchId);
        return [.. open.Select(batch =>
        {
            var of = members[batch.Id];

            // The same as in the event of its end: of two that have as many, the first by name.
            var queue = of.GroupBy(c => c.Queue, StringComparer.Ordinal).OrderByDescending(q => q.Sum(c => c.Number)).ThenBy(q => q.Key, StringComparer.Ordinal).FirstOrDefault()?.Key;
            return new BatchFigures(batch.Id, batch.Name, queue, batch.Total, In("live"), In("done"), In("dead"), In("cancelled"));

            int In(string state) => (int)of.Where(c => c.State == state).Sum(c => c.Number);
        })];
    }

    private sealed class Open
    {
        public long Id { get; init; }

        public string Name { get; init; } = "";

        public int Total { get; init; }
    }

    private sealed class Count
    {
        public long BatchId { get; init; }

        public string State { get; init; } = "";

        public string Queue { get; init; } = "";

        public long Number { get; init; }
    }
}
