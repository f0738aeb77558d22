using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Jobs.Proof;

/// <summary>The SQL of the queue's health; small, since it is asked all the time.</summary>
internal static class HealthStore
{
    // The lowest rank of a queue is what waits the longest, but for priorities.
    private static readonly Sql _oldest = new("jobs.health.oldest", """
        with recursive q (queue) as (
          select min(queue) from job_ready where crashes < 2
          union all select (select min(r.queue) from job_ready r where r.crashes < 2 and r.queue > q.queue) from q where q.queue is not null
        )
        select q.queue, (select r.due from job_ready r where r.crashes < 2 and r.queue = q.queue order by r.rank limit 1) as since from q where q.queue is not null
        """);

    private static readonly Sql _held = new("jobs.health.held", "select distinct queue from job_running");

    public static JobFacts Read(Transaction tx, DatabaseAddress address)
    {
        var now = tx.Now;
        var intents = Operations.QueueStore.Intents(tx);
        var paused = intents.Where(i => i.IsPaused).Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        var workers = NodeRegister.All(tx).Where(n => n.HasRole("work") && NodeRegister.IsRunning(n, address, now)).ToList();
        return new JobFacts(
            Balance.Last(tx),
            BalanceStore.Read(tx).Since,
            [.. tx.Query<Oldest>(_oldest).Where(o => o.Since is not null && !paused.Contains(o.Queue)).Select(o => (o.Queue, o.Since!.Value))],
            workers.Count,
            [.. paused.Order(StringComparer.Ordinal)])
        {
            WorkingSince = workers.Select(n => n.StartedAt).Append(now).Min(),
            Held = tx.Query<string>(_held),
            Scaled = [.. intents.Where(i => i.Workers is not null).Select(i => i.Name)],
        };
    }

    private sealed class Oldest
    {
        public string Queue { get; init; } = "";

        public Instant? Since { get; init; }
    }
}
