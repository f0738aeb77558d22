using Rondo.Storage;

namespace Rondo.Jobs.Recurring;

/// <summary>The SQL of schedules.</summary>
internal static class ScheduleStore
{
    /// <summary>More schedules than this are not looked at.</summary>
    public const int Most = 10_000;

    private const string Written = "source, undefined_at, kind, args, cron, zone, every, anchor, missed, overlap, queue, priority, attempts, tags, note, metadata, unique_key, next_due, plan_since, revision, changed_at";

    private static readonly Sql _all = new("schedules.list", $"select * from job_schedule order by name limit {Most}");
    private static readonly Sql _find = new("schedules.find", "select * from job_schedule where name = @name");
    private static readonly Sql _lock = new("schedules.lock", "select * from job_schedule where name = @name{update}");
    private static readonly Sql _take = new("schedules.take", "select * from job_schedule where id = @id{update}{skip_locked}");

    private static readonly Sql _waiting = new("schedules.waiting", $$"""
        select id, name, kind, next_due, {false} as is_queued from job_schedule where next_due <= @until
        union all
        select id, name, kind, next_due, {true} from job_schedule where not is_paused and id in (select schedule_id from job_tick where outcome = 'queued')
        order by next_due limit {{Most}}
        """);

    private static readonly Sql _insert = new("schedules.insert", $$"""
        insert into job_schedule (name, ledger_from, created_at, {{Written}})
        values (@Name, @LedgerFrom, @CreatedAt, @Source, @UndefinedAt, @Kind, @Args, @Cron, @Zone, @Every, @Anchor, @Missed, @Overlap, @Queue, @Priority, @Attempts, @Tags, @Note,
          @Metadata, @UniqueKey, @NextDue, @PlanSince, @Revision, @ChangedAt)
        on conflict (name) do nothing
        returning id
        """);

    private static readonly Sql _update = new("schedules.update", """
        update job_schedule set source = @Source, undefined_at = @UndefinedAt, kind = @Kind, args = @Args, cron = @Cron, zone = @Zone, every = @Every, anchor = @Anchor,
          missed = @Missed, overlap = @Overlap, queue = @Queue, priority = @Priority, attempts = @Attempts, tags = @Tags, note = @Note, metadata = @Metadata,
          unique_key = @UniqueKey, next_due = @NextDue, plan_since = @PlanSince, revision = @Revision, changed_at = @ChangedAt
        where id = @Id
        """);

    private static readonly Sql _plan = new("schedules.plan", """
        insert into job_schedule_plan (schedule_id, since, cron, zone, every, anchor) values (@Id, @PlanSince, @Cron, @Zone, @Every, @Anchor)
        """);

    private static readonly Sql _plans = new("schedules.plans", "select since, cron, zone, every, anchor from job_schedule_plan where schedule_id = @id order by since");
    private static readonly Sql _advance = new("schedules.advance", "update job_schedule set next_due = @next where id = @id");
    private static readonly Sql _pause = new("schedules.pause", "update job_schedule set is_paused = @isPaused, changed_at = @now where id = @id");
    private static readonly Sql _undefined = new("schedules.undefined", "update job_schedule set undefined_at = @now where id = @id and undefined_at is null");

    private static readonly Sql[] _gone =
    [
        new("schedules.remove", "delete from job_schedule where id = @id"),
        new("schedules.remove.plans", "delete from job_schedule_plan where schedule_id = @id"),
        new("schedules.remove.jobs", "delete from job_schedule_job where schedule_id = @id"),
    ];

    public static List<ScheduleRow> All(Transaction tx) => tx.Query<ScheduleRow>(_all);

    public static ScheduleRow? Find(Transaction tx, string name) => tx.First<ScheduleRow>(_find, new { name });

    /// <summary>The schedule, kept from others until the end of the transaction.</summary>
    public static ScheduleRow? Lock(Transaction tx, string name) => tx.First<ScheduleRow>(_lock, new { name });

    /// <summary>The same, or null when another node has it in its hands.</summary>
    public static ScheduleRow? Take(Transaction tx, long id) => tx.First<ScheduleRow>(_take, new { id });

    /// <summary>Those that are due until an instant, and those with ticks that wait for earlier jobs.</summary>
    public static List<WaitingSchedule> Waiting(Transaction tx, Instant until) => tx.Query<WaitingSchedule>(_waiting, new { until });

    /// <summary>Stores a new one; false when somebody else just stored one of its name.</summary>
    public static bool Insert(Transaction tx, ScheduleRow row)
    {
        if (tx.First<long?>(_insert, row) is not { } id)
        {
            return false;
        }

        tx.Execute(_plan, row with { Id = id });
        return true;
    }

    /// <summary>Stores what has changed of it.</summary>
    public static void Update(Transaction tx, ScheduleRow row, bool isNewPlan)
    {
        tx.Execute(_update, row);
        if (isNewPlan)
        {
            tx.Execute(_plan, row);
        }
    }

    /// <summary>The timings it has had, the oldest first; as rows that know nothing else.</summary>
    public static List<PlanRow> Plans(Transaction tx, long id) => tx.Query<PlanRow>(_plans, new { id });

    public static void Advance(Transaction tx, long id, Instant? next) => tx.Execute(_advance, new { id, next });

    public static void Pause(Transaction tx, long id, bool isPaused) => tx.Execute(_pause, new { id, isPaused, now = tx.Now });

    public static void MarkUndefined(Transaction tx, long id) => tx.Execute(_undefined, new { id, now = tx.Now });

    /// <summary>Removes it. Its ticks are forgotten by and by.</summary>
    public static void Remove(Transaction tx, long id) => Array.ForEach(_gone, sql => tx.Execute(sql, new { id }));
}

/// <summary>A schedule of which something is to be done soon.</summary>
internal sealed class WaitingSchedule
{
    public long Id { get; init; }

    public string Name { get; init; } = "";

    public string Kind { get; init; } = "";

    public Instant? NextDue { get; init; }

    /// <summary>True when ticks of it wait for earlier jobs to end.</summary>
    public bool IsQueued { get; init; }
}

/// <summary>A timing, in force since an instant.</summary>
internal sealed class PlanRow
{
    public Instant Since { get; init; }

    public string? Cron { get; init; }

    public string? Zone { get; init; }

    public string? Every { get; init; }

    public Instant Anchor { get; init; }
}
