using System.Text.Json;
using Rondo.Storage;

namespace Rondo.Jobs.Operations;

/// <summary>The SQL of what queues hold, do, and are to do.</summary>
internal static class QueueStore
{
    /// <summary>From so many of the newest ends, times are told.</summary>
    public const int Sample = 20_000;

    /// <summary>So many of its own newest ends a queue has at least, when it has so many.</summary>
    public const int OfOne = 1_000;

    private static readonly Sql _depth = new("queues.depth", """
        select queue, cast(ready as {bigint}) as ready, cast(running as {bigint}) as running, cast(scheduled as {bigint}) as scheduled, cast(blocked as {bigint}) as blocked,
          oldest_ready_due as oldest
        from queue_depth
        """);

    private static readonly Sql _kinds = new("queues.kinds", """
        select queue, kind, cast(sum(ready) as {bigint}) as ready, cast(sum(running) as {bigint}) as running, cast(sum(scheduled) as {bigint}) as scheduled,
          cast(sum(blocked) as {bigint}) as blocked, min(oldest) as oldest
        from (
          select queue, kind, count(*) as ready, 0 as running, 0 as scheduled, 0 as blocked, min(due) as oldest from job_ready group by queue, kind
          union all select queue, kind, 0, count(*), 0, 0, cast(null as {instant}) from job_running group by queue, kind
          union all select queue, kind, 0, 0, sum(case when state = 'scheduled' then 1 else 0 end), sum(case when state = 'blocked' then 1 else 0 end), cast(null as {instant})
            from job_waiting group by queue, kind
        ) each
        group by queue, kind
        """);

    private static readonly Sql _intents = new("queues.intents", "select name, workers, is_paused, changed_at from job_queue");

    private static readonly Sql _ends = new("queues.ends", """
        select queue, kind, state, count(*) as count, cast(sum(attempts) as {bigint}) as attempts, count(case when state <> 'cancelled' then started_at end) as timed
        from job_history where finished_at >= @since group by queue, kind, state
        """);

    private static readonly Sql _times = new("queues.times", """
        select queue, kind, due, started_at, finished_at from job_history
        where finished_at >= @since and started_at is not null and state <> 'cancelled' order by finished_at desc limit @sample
        """);

    private static readonly Sql _timesOf = new("queues.times.of", """
        select queue, kind, due, started_at, finished_at from (
          select queue, kind, due, started_at, finished_at, row_number() over (partition by queue order by finished_at desc) as place from job_history
          where queue {only:postgres}= any(array(select json_array_elements_text(cast(@queues as json)))){end}{only:sqlite}in (select value from json_each(@queues)){end}
            and finished_at >= @since and started_at is not null and state <> 'cancelled'
        ) placed
        where place <= @sample
        """);

    private static readonly Sql _pause = new("queues.pause", """
        insert into job_queue (name, is_paused, changed_at) values (@name, @isPaused, @now)
        on conflict (name) do update set is_paused = excluded.is_paused, changed_at = excluded.changed_at
        """);

    private static readonly Sql _scale = new("queues.scale", """
        insert into job_queue (name, workers, changed_at) values (@name, cast(@workers as {int}), @now)
        on conflict (name) do update set workers = excluded.workers, changed_at = excluded.changed_at
        """);

    private static readonly Sql _running = new("queues.running", "select count(*) from job_running where queue = @name");
    private static readonly Sql _busy = new("queues.busy", "select node, queue, count(*) as count from job_running group by node, queue order by node, queue");

    private static readonly Sql _open = new("queues.open", """
        select queue from job_ready group by queue
        union select queue from job_waiting where (state = 'scheduled' and due <= @now) or is_knocking
        union select w.queue from job_history h join job_waiting w on w.waits_for = h.id where h.is_awaited and h.state = 'done' and w.waits_on = 'job'
        union select w.queue from job_batch b join job_waiting w on w.waits_for = b.id where b.is_sealed and b.finished_at is null and w.waits_on = 'batch'
          and not exists (select 1 from job_ready j where j.batch_id = b.id)
          and not exists (select 1 from job_running j where j.batch_id = b.id)
          and not exists (select 1 from job_waiting j where j.batch_id = b.id)
        """);

    /// <summary>Queues that have something to run now, or in a moment.</summary>
    public static List<string> Open(Transaction tx) => tx.Query<string>(_open, new { now = tx.Now });

    public static List<Depth> Depths(Transaction tx) => tx.Query<Depth>(_depth);

    /// <summary>The same of each kind in each queue.</summary>
    public static List<Depth> Kinds(Transaction tx) => tx.Query<Depth>(_kinds);

    public static List<Intent> Intents(Transaction tx) => tx.Query<Intent>(_intents);

    public static List<Ends> ReadEnds(Transaction tx, Instant since) => tx.Query<Ends>(_ends, new { since });

    public static List<Times> ReadTimes(Transaction tx, Instant since) => tx.Query<Times>(_times, new { since, sample = Sample });

    /// <summary>Those of some queues, as many of each.</summary>
    public static List<Times> ReadTimes(Transaction tx, IEnumerable<string> queues, Instant since) =>
        tx.Query<Times>(_timesOf, new { queues = JsonSerializer.Serialize(queues), since, sample = OfOne });

    public static void Pause(Transaction tx, string name, bool isPaused) => tx.Execute(_pause, new { name, isPaused, now = tx.Now });

    public static void Scale(Transaction tx, string name, int? workers) => tx.Execute(_scale, new { name, workers, now = tx.Now });

    public static long Running(Transaction tx, string name) => tx.First<long>(_running, new { name });

    public static List<NodeLoad> Loads(Transaction tx) => tx.Query<NodeLoad>(_busy);

    public sealed class Depth
    {
        public string Queue { get; init; } = "";

        public string Kind { get; init; } = "";

        public long Ready { get; init; }

        public long Running { get; init; }

        public long Scheduled { get; init; }

        public long Blocked { get; init; }

        public Instant? Oldest { get; init; }
    }

    public sealed class Intent
    {
        public string Name { get; init; } = "";

        public int? Workers { get; init; }

        public bool IsPaused { get; init; }

        public Instant ChangedAt { get; init; }
    }

    public sealed class Ends
    {
        public string Queue { get; init; } = "";

        public string Kind { get; init; } = "";

        public string State { get; init; } = "";

        public long Count { get; init; }

        public long Attempts { get; init; }

        /// <summary>Those that <see cref="Times"/> tells of.</summary>
        public long Timed { get; init; }
    }

    public sealed class Times
    {
        public string Queue { get; init; } = "";

        public string Kind { get; init; } = "";

        public Instant Due { get; init; }

        public Instant StartedAt { get; init; }

        public Instant FinishedAt { get; init; }
    }
}
