using Rondo.Jobs.Operations;
using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Jobs.Recurring;

/// <summary>
/// Gives each due instant of a schedule its one outcome: the tick and its job are one transaction, in which the schedule's row is held, so that nodes take turns.
/// Nothing at or before the newest tick of the ledger fires again, whatever clocks and rows say.
/// </summary>
internal sealed class Ticker(JobQueue queue, JobsOptions options)
{
    /// <summary>So many ticks of one schedule wait for earlier jobs, and no more.</summary>
    public const int MostQueued = 100;

    /// <summary>Does what is due of one schedule now; null when another node is at it, or it is gone.</summary>
    public Fired? Fire(Transaction tx, long id) => ScheduleStore.Take(tx, id) is { } row ? Fire(tx, row, tx.Now) : null;

    /// <summary>The same of a schedule whose row is held.</summary>
    public Fired Fire(Transaction tx, ScheduleRow row, Instant now)
    {
        if (!row.TryRead(out var timing, out var error))
        {
            return new Fired { Broken = error };
        }

        var fired = new Fired();
        var newest = TickStore.Newest(tx, row.Id);
        var next = newest is not null && row.NextDue <= newest.UntilDue ? timing.Next(newest.UntilDue) : row.NextDue;
        if (!row.IsPaused)
        {
            StartQueued(tx, row, now, fired);
        }

        var policy = row.MissedPolicy;
        var walk = DueWalk.Of(timing, next, now, row.IsPaused ? 0 : policy.Most);
        if (walk.Old is { } old)
        {
            newest = TickStore.Skip(tx, row, newest, old, now, row.IsPaused ? "paused" : "missed");
            fired.Skipped += old.Count;
        }

        foreach (var due in walk.Kept)
        {
            newest = now - due > policy.Latest
                ? Skip(tx, row, newest, due, now, "missed", null, fired)
                : Decide(tx, row, newest, due, now, fired);
        }

        if (walk.Next != row.NextDue)
        {
            ScheduleStore.Advance(tx, row.Id, walk.Next);
        }

        fired.IsMore = walk.IsMore;
        return fired;
    }

    /// <summary>A tick in its time: judged by the jobs of earlier ones that have not ended.</summary>
    private TickRow Decide(Transaction tx, ScheduleRow row, TickRow? newest, Instant due, Instant now, Fired fired)
    {
        var live = Live(tx, row);
        var queued = TickStore.Queued(tx, row.Id);
        var isBusy = live.Count + queued.Count > 0;
        switch (row.OverlapPolicy)
        {
            case OverlapPolicy.Skip when isBusy:
                return Skip(tx, row, newest, due, now, "overlap", live.Count > 0 ? live[0] : null, fired);
            case OverlapPolicy.Queue when queued.Count >= MostQueued:
                return Skip(tx, row, newest, due, now, "queue_full", null, fired);
            case OverlapPolicy.Cancel when isBusy:
                foreach (var job in live)
                {
                    fired.HasCancelled |= OperationStore.Cancel(tx, job, options, $"cancelled by the next tick of schedule {row.Name}") is not null;
                }

                queued.ForEach(waits => TickStore.End(tx, row.Id, waits, now, "skipped", "superseded"));
                isBusy = Live(tx, row).Count > 0;
                break;
            default:
                break;
        }

        // On a unique key: of two that come to it only one has a job.
        if (TickStore.Begin(tx, row.Id, due, now) && !isBusy)
        {
            Start(tx, row, due, now, fired);
        }

        return new TickRow { Due = due, UntilDue = due, Ticks = 1, Outcome = "enqueued" };
    }

    /// <summary>Ticks that wait for earlier jobs have theirs, one after the other.</summary>
    private void StartQueued(Transaction tx, ScheduleRow row, Instant now, Fired fired)
    {
        foreach (var due in TickStore.Queued(tx, row.Id))
        {
            if (Live(tx, row).Count > 0)
            {
                return;
            }

            Start(tx, row, due, now, fired);
        }
    }

    private void Start(Transaction tx, ScheduleRow row, Instant due, Instant now, Fired fired)
    {
        FailPoint.Reach("schedules.ticked");
        Enqueued job;
        try
        {
            job = queue.Enqueue(tx, row.Kind, row.Args, row.JobOptions(due));
        }
        catch (JobRefused refused)
        {
            TickStore.End(tx, row.Id, due, now, "skipped", "refused", error: refused.Message);
            fired.Refused = refused.Message;
            fired.Skipped++;
            return;
        }

        FailPoint.Reach("schedules.enqueued");
        if (job.IsNew)
        {
            TickStore.End(tx, row.Id, due, now, "enqueued", job: job.Id);
            ScheduleJobs.Add(tx, row.Id, job.Id);
            fired.Enqueued++;
        }
        else
        {
            TickStore.End(tx, row.Id, due, now, "skipped", "unique", job.Id);
            fired.Skipped++;
        }
    }

    private static TickRow Skip(Transaction tx, ScheduleRow row, TickRow? newest, Instant due, Instant now, string reason, long? job, Fired fired)
    {
        fired.Skipped++;
        return TickStore.Skip(tx, row, newest, DueRun.One(due), now, reason, job);
    }

    private static List<long> Live(Transaction tx, ScheduleRow row) => row.OverlapPolicy == OverlapPolicy.Allow ? [] : ScheduleJobs.Live(tx, row.Id);
}

/// <summary>What was done of one schedule.</summary>
internal sealed class Fired
{
    /// <summary>Ticks that have a job now.</summary>
    public int Enqueued { get; set; }

    /// <summary>Ticks that have none.</summary>
    public long Skipped { get; set; }

    /// <summary>True when more is due than one transaction looks at.</summary>
    public bool IsMore { get; set; }

    /// <summary>True when jobs were cancelled, or their nodes asked to.</summary>
    public bool HasCancelled { get; set; }

    /// <summary>Why the timing cannot be read; null when it can.</summary>
    public string? Broken { get; init; }

    /// <summary>Why the last job was not accepted, or null.</summary>
    public string? Refused { get; set; }

    /// <summary>True when something was done.</summary>
    public bool IsAny => Enqueued + Skipped > 0 || IsMore;
}
