using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>
/// Jobs that cannot run now, to see what they cost those that can: two fifths are scheduled for next year, three tenths wait for a slot of one full key, three tenths are
/// ready in a queue that is paused.
/// </summary>
internal static class JobsCrowd
{
    private const string Columns = "id, queue, kind, priority, rank, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args";
    private const long FirstId = 1_000_000_000;
    private static readonly Sql _pause = new("bench.crowd.pause", "insert into job_queue (name, is_paused, changed_at) values ('crowd', {true}, @now)");
    private static readonly Sql _hold = new("bench.crowd.hold", "insert into job_slot (key, n, job_id) values ('crowd', 1, @id)");

    private static readonly Sql _ready = Filler("ready", "job_ready", "", "", "@now", "'crowd'");
    private static readonly Sql _scheduled = Filler("scheduled", "job_waiting", ", state", ", 'scheduled'", "@later", "'default'");

    private static readonly Sql _blocked = Filler(
        "blocked", "job_waiting", ", state, concurrency_key, concurrency_limit", ", 'blocked', 'crowd', 1", "@now", "'default'");

    public static Task<bool> FillAsync(BenchDatabase made, int count) => made.WriteAsync(tx =>
    {
        var (now, later) = (tx.Now, tx.Now + TimeSpan.FromDays(365));
        var (scheduled, blocked) = (count / 5 * 2, count / 10 * 3);
        tx.Execute(_pause, new { now });

        // Whoever is ready under a key holds a slot of it, and this one stays ready.
        tx.Execute(_hold, new { id = FirstId + count - 1 });
        tx.Execute(_scheduled, new { from = FirstId, to = FirstId + scheduled - 1, now, later, rank = now.Micros });
        tx.Execute(_blocked, new { from = FirstId + scheduled, to = FirstId + scheduled + blocked - 1, now, later, rank = now.Micros });
        tx.Execute(_ready, new { from = FirstId + scheduled + blocked, to = FirstId + count - 1, now, later, rank = now.Micros });
        return true;
    });

    private static Sql Filler(string name, string table, string columns, string values, string due, string queue) => new($"bench.crowd.{name}", $$"""
        insert into {{table}} ({{Columns}}{{columns}})
        with recursive n (i) as (select @from union all select i + 1 from n where i < @to)
        select i, {{queue}}, 'bench', 0, @rank, {{due}}, 0, 5, 0, 0, @now, '{"sent":0}'{{values}} from n
        """);
}
