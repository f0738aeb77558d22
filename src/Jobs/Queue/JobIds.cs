using Rondo.Storage;
using Rondo.Storage.Sqlite;

namespace Rondo.Jobs.Queue;

/// <summary>Numbers for new jobs. On PostgreSQL taken by the hundred from a sequence (what a process does not use is lost, numbers are not scarce), on SQLite one by one.</summary>
internal sealed class JobIds
{
    private const int Step = 100;
    private static readonly Sql _take = new("jobs.ids", "select nextval('job_id') from generate_series(1, @blocks)");
    private static readonly Sql _takeHere = new("jobs.ids", "update job_id set next = next + ?1 returning next - ?1");
    private readonly Lock _gate = new();
    private readonly Queue<(long From, int Count)> _free = new();
    private long _count;

    /// <summary>Gives each of <paramref name="jobs"/> its number. A transaction that is undone loses its numbers, and nobody gets them again.</summary>
    public void Number(Transaction tx, IReadOnlyList<NewJob> jobs)
    {
        if (tx is SqliteWork sqlite)
        {
            var take = sqlite.Prepared(_takeHere);
            take.Bind(1, jobs.Count);
            var next = 0L;
            while (take.Step())
            {
                next = take.Int64(0);
            }

            foreach (var job in jobs)
            {
                job.Id = next++;
            }

            return;
        }

        lock (_gate)
        {
            var missing = jobs.Count - _count;
            if (missing > 0)
            {
                foreach (var block in tx.Query<long>(_take, new { blocks = (int)((missing + Step - 1) / Step) }))
                {
                    _free.Enqueue((block, Step));
                    _count += Step;
                }
            }

            var (from, left) = (0L, 0);
            foreach (var job in jobs)
            {
                if (left == 0)
                {
                    (from, left) = _free.Dequeue();
                }

                job.Id = from++;
                left--;
            }

            _count -= jobs.Count;
            if (left > 0)
            {
                _free.Enqueue((from, left));
            }
        }
    }
}
