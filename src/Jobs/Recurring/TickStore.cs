using Rondo.Storage;

namespace Rondo.Jobs.Recurring;

/// <summary>The SQL of the ledger of ticks.</summary>
internal static class TickStore
{
    private const string Columns = "due, until_due, ticks, outcome, reason, job_id, error, at";
    private const int Slice = 1_000;

    private static readonly Sql _newest = new("ticks.newest", $"select {Columns} from job_tick where schedule_id = @id order by due desc limit @count");
    private static readonly Sql _all = new("ticks.all", $"select {Columns} from job_tick where schedule_id = @id and due > @after order by due limit @count");

    private static readonly Sql _last = new("ticks.last", $"""
        select s.id as schedule_id, {string.Join(", ", Columns.Split(", ").Select(c => "t." + c))} from job_schedule s join job_tick t on t.schedule_id = s.id
        where t.due = (select max(x.due) from job_tick x where x.schedule_id = s.id)
        """);

    private static readonly Sql _begin = new("ticks.begin", """
        insert into job_tick (schedule_id, due, until_due, ticks, outcome, at) values (@id, @due, @due, 1, 'queued', @now) on conflict do nothing
        """);

    private static readonly Sql _end = new("ticks.end", """
        update job_tick set outcome = @outcome, reason = @reason, job_id = @job, error = @error, at = @now where schedule_id = @id and due = @due and outcome = 'queued'
        """);

    private static readonly Sql _skip = new("ticks.skip", """
        insert into job_tick (schedule_id, due, until_due, ticks, outcome, reason, job_id, at) values (@id, @due, @until, @ticks, 'skipped', @reason, @job, @now) on conflict do nothing
        """);

    private static readonly Sql _extend = new("ticks.extend", """
        update job_tick set until_due = @until, ticks = ticks + @ticks, at = @now where schedule_id = @id and due = @due and outcome = 'skipped'
        """);

    private static readonly Sql _queued = new("ticks.queued", "select due from job_tick where schedule_id = @id and outcome = 'queued' order by due");

    private static readonly Sql _kept = new("ticks.kept", """
        select min(due) from (
          select min(due) as due from job_tick where schedule_id = @id and outcome = 'queued'
          union all select max(due) from job_tick where schedule_id = @id) kept
        """);

    private static readonly Sql _old = new("ticks.old", "select due, until_due from job_tick where schedule_id = @id and until_due < @before order by due limit @slice");
    private static readonly Sql _forget = new("ticks.forget", "delete from job_tick where schedule_id = @id and due <= @due");
    private static readonly Sql _forgotten = new("ticks.forgotten", "update job_schedule set ledger_from = @until where id = @id");

    private static readonly Sql _forgetPlans = new("ticks.forget.plans", """
        delete from job_schedule_plan where schedule_id = @id and since < (select max(p.since) from job_schedule_plan p where p.schedule_id = @id and p.since <= @until)
        """);

    private static readonly Sql _strays = new("ticks.strays", "select distinct schedule_id from job_tick t where not exists (select 1 from job_schedule s where s.id = t.schedule_id) limit 100");
    private static readonly Sql _stray = new("ticks.stray", "delete from job_tick where schedule_id = @id and due in (select due from job_tick where schedule_id = @id order by due limit @slice)");

    /// <summary>The newest one, or null.</summary>
    public static TickRow? Newest(Transaction tx, long id) => Newest(tx, id, 1).FirstOrDefault();

    public static List<TickRow> Newest(Transaction tx, long id, int count) => tx.Query<TickRow>(_newest, new { id, count });

    /// <summary>In order, from the first later than an instant.</summary>
    public static List<TickRow> After(Transaction tx, long id, Instant after, int count) => tx.Query<TickRow>(_all, new { id, after, count });

    /// <summary>The newest one of each schedule.</summary>
    public static Dictionary<long, TickRow> Last(Transaction tx) => tx.Query<LastTick>(_last).ToDictionary(t => t.ScheduleId, t => t.Tick);

    /// <summary>A tick that may have a job; false when it is in the ledger already, by whoever was faster.</summary>
    public static bool Begin(Transaction tx, long id, Instant due, Instant now) => tx.Execute(_begin, new { id, due, now }) == 1;

    /// <summary>What came of one that was begun.</summary>
    public static void End(Transaction tx, long id, Instant due, Instant now, string outcome, string? reason = null, long? job = null, string? error = null)
    {
        if (tx.Execute(_end, new { id, due, now, outcome, reason, job, error }) != 1)
        {
            throw new InvalidOperationException($"the tick of schedule {id} at {due} has its outcome already");
        }
    }

    /// <summary>A run of instants that are skipped for one reason; joins the newest row when that says the same of the instants before.</summary>
    /// <param name="tx">Transaction.</param>
    /// <param name="row">The schedule.</param>
    /// <param name="newest">The newest row of its ledger.</param>
    /// <param name="run">The instants.</param>
    /// <param name="now">Now.</param>
    /// <param name="reason">Why.</param>
    /// <param name="job">The job that was in the way, or null.</param>
    /// <returns>The newest row then.</returns>
    public static TickRow Skip(Transaction tx, ScheduleRow row, TickRow? newest, DueRun run, Instant now, string reason, long? job = null)
    {
        // Not across a change of timing: the ledger is compared timing by timing.
        var joins = newest is { Outcome: "skipped", Error: null } && newest.Reason == reason && newest.JobId == job && newest.Due > row.PlanSince;
        var (due, ticks) = joins ? (newest!.Due, newest.Ticks + run.Count) : (run.From, run.Count);
        if (joins)
        {
            tx.Execute(_extend, new { id = row.Id, due, until = run.Until, ticks = run.Count, now });
        }
        else
        {
            tx.Execute(_skip, new { id = row.Id, due, until = run.Until, ticks, reason, job, now });
        }

        return new TickRow { Due = due, UntilDue = run.Until, Ticks = ticks, Outcome = "skipped", Reason = reason, JobId = job, At = now };
    }

    /// <summary>Those that wait for earlier jobs to end, the oldest first.</summary>
    public static List<Instant> Queued(Transaction tx, long id) => tx.Query<Instant>(_queued, new { id });

    /// <summary>Forgets at most 1,000 of what was due before <paramref name="before"/>, but never the newest nor what waits; true when there may be more.</summary>
    public static bool Forget(Transaction tx, ScheduleRow row, Instant before)
    {
        if (tx.First<Instant?>(_kept, new { id = row.Id }) is { } kept && kept < before)
        {
            before = kept;
        }

        var old = tx.Query<TickRow>(_old, new { id = row.Id, before, slice = Slice });
        if (old.Count == 0)
        {
            return false;
        }

        var until = old[^1].UntilDue;
        tx.Execute(_forget, new { id = row.Id, due = old[^1].Due });
        tx.Execute(_forgotten, new { id = row.Id, until });
        tx.Execute(_forgetPlans, new { id = row.Id, until });
        return old.Count == Slice;
    }

    /// <summary>Forgets ticks of schedules that were removed, at most 1,000 of each; true when there may be more.</summary>
    public static bool ForgetStrays(Transaction tx) => tx.Query<long>(_strays).Sum(id => tx.Execute(_stray, new { id, slice = Slice })) > 0;

    private sealed class LastTick
    {
        public long ScheduleId { get; init; }

        public Instant Due { get; init; }

        public Instant UntilDue { get; init; }

        public long Ticks { get; init; }

        public string Outcome { get; init; } = "";

        public string? Reason { get; init; }

        public long? JobId { get; init; }

        public string? Error { get; init; }

        public Instant At { get; init; }

        public TickRow Tick => new() { Due = Due, UntilDue = UntilDue, Ticks = Ticks, Outcome = Outcome, Reason = Reason, JobId = JobId, Error = Error, At = At };
    }
}
