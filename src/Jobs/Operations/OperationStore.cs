using Rondo.Jobs.Keys;
using Rondo.Jobs.Pump;
using Rondo.Jobs.Queue;
using Rondo.Jobs.Recurring;
using Rondo.Storage;

namespace Rondo.Jobs.Operations;

/// <summary>The SQL of what operators ask and do, one job at a time in the caller's transaction.</summary>
internal static class OperationStore
{
    // Whoever waits for it is to be told of its next end.
    private const string Awaited = "exists (select 1 from job_waiting w where w.waits_for = job_history.id and w.waits_on = 'job')";

    private static readonly Sql _failures = new("jobs.failures", """
        select attempt, outcome, node, started_at, ended_at, error from job_failure where job_id = @id order by ended_at, attempt
        """);

    private static readonly Sql _idle = new("jobs.cancel.pending", "select job_id from job_cancel where not exists (select 1 from job_running r where r.id = job_cancel.job_id) limit 500");
    private static readonly Sql _over = new("jobs.cancel.over", "delete from job_cancel where job_id = @id and not exists (select 1 from job_running r where r.id = job_cancel.job_id)");
    private static readonly Sql _wish = new("jobs.cancel", "insert into job_cancel (job_id, at, reason) select id, @now, @reason from job_running where id = @id on conflict do nothing");

    private static readonly Sql _unreadyKey = new("jobs.key.of", "select concurrency_key from job where id = @id and concurrency_key is not null");
    private static readonly Sql _unique = new("jobs.unique.free", "delete from job_unique where job_id = @id");
    private static readonly Sql _slot = new("jobs.slot.free", "delete from job_slot where job_id = @id");

    private static readonly Sql _unwish = new("jobs.cancel.gone", "delete from job_cancel where job_id = @id");
    private static readonly Sql _lockHistory = new("jobs.retry.lock", "select id from job_history where id = @id{update}");

    private static readonly Sql _hold = new("jobs.unique.hold", """
        insert into job_unique (key, job_id) select unique_key, id from job_history where id = @id and unique_key is not null on conflict do nothing
        """);

    private static readonly Sql _retryReady = new("jobs.retry.ready", Again("job_ready", "", "", "concurrency_key is null"));
    private static readonly Sql _retryKeyed = new("jobs.retry.keyed", Again("job_waiting", ", state, is_knocking", ", 'blocked', {true}", "concurrency_key is not null"));
    private static readonly Sql _unhistory = new("jobs.retry.gone", "delete from job_history where id = @id");
    private static readonly Sql _now = new("jobs.retry.now", $"update job_waiting set due = @now, rank = {NewJob.RankIn("@micros")} where id = @id and state = 'scheduled'");
    private static readonly Sql _giveUp = new("jobs.discard.dead", $"update job_history set state = 'cancelled', forget_at = @forget, error = @error, is_awaited = {Awaited} where id = @id and state = 'dead'");

    private static readonly Sql _released = new("jobs.release", $$"""
        insert into job_ready ({{PumpStore.Common}})
        select id, queue, kind, priority, rank, due, case when attempts >= max_attempts then attempts - 1 else attempts end, max_attempts, lease_no, crashes, enqueued_at, args, tags,
          note, metadata, unique_key, concurrency_key, concurrency_limit, {{PumpStore.Links}}
        from job_running where id = @id
        """);

    private static readonly Sql _releasedFailure = new("jobs.release.failure", """
        insert into job_failure (job_id, attempt, lease_no, node, outcome, started_at, ended_at, error, forget_at)
        select id, attempts, lease_no, node, 'released', started_at, @now, @error, @forget from job_running where id = @id
        """);

    private static readonly Sql _unrunning = new("jobs.release.gone", "delete from job_running where id = @id");
    private static readonly Sql _lockRunning = new("jobs.release.lock", "select id from job_running where id = @id{update}");

    public static List<JobRow> List(Transaction tx, JobFilter filter, int limit) => ListStore.List(tx, filter, limit);

    public static JobRow? Find(Transaction tx, long id) => List(tx, new JobFilter { Id = id }, 1).FirstOrDefault();

    public static List<JobFailure> Failures(Transaction tx, long id) => tx.Query<JobFailure>(_failures, new { id });

    /// <summary>Cancels: at once when it does not run, else by asking its node. Null when there is nothing to cancel, else whether it is cancelled already.</summary>
    public static bool? Cancel(Transaction tx, long id, JobsOptions options, string reason)
    {
        if (End(tx, id, options, reason))
        {
            return true;
        }

        return tx.Execute(_wish, new { id, now = tx.Now, reason }) == 1 ? false : null;
    }

    /// <summary>Cancels whose job came back from its node meanwhile.</summary>
    public static int CancelIdle(Transaction tx, JobsOptions options)
    {
        var ids = tx.Query<long>(_idle);
        foreach (var id in ids)
        {
            End(tx, id, options, "cancelled");
            tx.Execute(_over, new { id });
        }

        return ids.Count;
    }

    /// <summary>Gives up what waits or is dead.</summary>
    public static bool Discard(Transaction tx, long id, JobsOptions options) => End(tx, id, options, "discarded by an operator")
        || tx.Execute(_giveUp, new { id, forget = tx.Now + options.KeepCancelled, error = "discarded by an operator" }) == 1;

    /// <summary>Runs it again with all its attempts, or a waiting one at once. Null when it can not, with the reason otherwise empty.</summary>
    public static string? Retry(Transaction tx, long id)
    {
        var now = tx.Now;
        if (Find(tx, id) is not { } job)
        {
            return "there is no such job";
        }

        switch (job.State)
        {
            case "scheduled":
                tx.Execute(_now, new { id, now, micros = now.Micros });
                return null;
            case "done" or "dead" or "cancelled":
                // Somebody else may be doing the same.
                if (tx.First<long?>(_lockHistory, new { id }) is null)
                {
                    return "it was run again a moment ago";
                }

                if (job.UniqueKey is not (null or [NewJob.PeriodMark, ..]) && tx.Execute(_hold, new { id }) == 0)
                {
                    return $"another job holds its unique key '{job.UniqueKey}'";
                }

                var args = new { id, now, micros = now.Micros };
                if (tx.Execute(_retryReady, args) + tx.Execute(_retryKeyed, args) == 0)
                {
                    return "it is gone";
                }

                Proof.BalanceStore.OweAgain(tx, id);
                tx.Execute(_unhistory, new { id });
                ScheduleJobs.Again(tx, id, job.Metadata);
                return null;
            default:
                return $"it is {job.State}";
        }
    }

    /// <summary>Takes a running job from its node, whose writes about it are refused from then on, and has it run again. False when it does not run.</summary>
    public static bool Release(Transaction tx, long id, JobsOptions options)
    {
        if (tx.First<long?>(_lockRunning, new { id }) is null)
        {
            return false;
        }

        tx.Execute(_releasedFailure, new { id, now = tx.Now, forget = tx.Now + options.KeepDead, error = "released by an operator" });
        tx.Execute(_released, new { id });
        return tx.Execute(_unrunning, new { id }) == 1;
    }

    /// <summary>Ends one that does not run.</summary>
    private static bool End(Transaction tx, long id, JobsOptions options, string reason)
    {
        var key = tx.First<string>(_unreadyKey, new { id });
        if (key is not null)
        {
            Gate.Hold(tx, [key]);
        }

        var now = tx.Now;
        foreach (var table in new[] { EndOf("job_ready"), EndOf("job_waiting") })
        {
            if (tx.First<long?>(table.Lock, new { id }) is null)
            {
                continue;
            }

            tx.Execute(table.Move, new { id, now, forget = now + options.KeepCancelled, error = reason });
            tx.Execute(table.Gone, new { id });
            tx.Execute(_unique, new { id });

            // It may have been wished for while it ran: a retry of what has ended must not meet it.
            tx.Execute(_unwish, new { id });
            if (key is not null)
            {
                // Also without a slot: it may have been the one that knocked for all of its key.
                tx.Execute(_slot, new { id });
                Gate.Fill(tx, [key]);
            }

            return true;
        }

        return false;
    }

    private static (Sql Lock, Sql Move, Sql Gone) EndOf(string table) => _ends[table];

    private static readonly Dictionary<string, (Sql, Sql, Sql)> _ends = new[] { "job_ready", "job_waiting" }.ToDictionary(t => t, t => (
        new Sql("jobs.end.lock", $"select id from {t} where id = @id{{update}}"),
        new Sql("jobs.end", $"""
            insert into job_history ({PumpStore.Kept}, state, node, started_at, finished_at, forget_at, error)
            select {PumpStore.Kept}, 'cancelled', null, null, @now, @forget, @error from {t} where id = @id
            """),
        new Sql("jobs.end.gone", $"delete from {t} where id = @id")));

    private static string Again(string table, string columns, string values, string where) => $$"""
        insert into {{table}} ({{PumpStore.Common}}{{columns}})
        select id, queue, kind, priority, {{NewJob.RankIn("@micros")}}, @now, 0, max_attempts, lease_no, 0, enqueued_at, args, tags, note, metadata, unique_key,
          concurrency_key, concurrency_limit, batch_id, {{Awaited}}{{values}}
        from job_history where id = @id and {{where}}
        """;
}
