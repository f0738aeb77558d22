using Npgsql;
using NpgsqlTypes;
using Rondo.Jobs.Queue;
using Rondo.Storage;
using Rondo.Storage.Postgres;

namespace Rondo.Jobs.Pump;

/// <inheritdoc/>
internal sealed class PostgresPumpStore(JobsOptions options, string node) : PumpStore(options, node)
{
    private const string Returned = "id, queue, kind, priority, rank, due, attempts, max_attempts, lease_no, enqueued_at, args, tags, metadata, concurrency_key";

    private const string IntoRunning = $"""
        insert into job_running ({Common}, node, claimed_at, started_at, is_alone)
        select id, queue, kind, priority, rank, due, attempts + 1, max_attempts, lease_no + 1, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
          concurrency_limit, {Links}
        """;

    // By place in the table: whatever the planner believes of how many there are, that is as many looks as rows.
    private const string ClaimText = $"""
        /* jobs.claim */
        with live as (select 1 from node where id = $4 and state = 'live'),
        gone as (
          delete from job_ready where ctid = any(array(
            select r.place
            from unnest($1::text[], $2::int[], $3::bigint[]) as w (queue, n, lowest)
            cross join lateral (
              select ctid as place from job_ready j
              where j.queue = w.queue and j.rank >= w.lowest and j.crashes < 2
              order by j.rank limit w.n for update skip locked
            ) r
          )) and exists (select 1 from live)
          returning *
        ), freed as (
          delete from job_unique u using gone where gone.unique_key like '~%' and u.job_id = any(array[gone.id])
        )
        {IntoRunning}, $4, $5, null, false from gone
        returning {Returned}
        """;

    private const string AloneText = $"""
        /* jobs.claim.alone */
        with live as (select 1 from node where id = $2 and state = 'live'),
        gone as (
          delete from job_ready where ctid = any(array(
            select ctid from job_ready where crashes >= 2 and queue = any($1::text[]) order by crashes, id limit 1 for update skip locked
          )) and exists (select 1 from live)
          returning *
        ), freed as (
          delete from job_unique u using gone where gone.unique_key like '~%' and u.job_id = any(array[gone.id])
        )
        {IntoRunning}, $2, $3, $3, true from gone
        returning {Returned}
        """;

    private const string Steer = "select set_config('enable_seqscan', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true)";
    private const string KeepAndSteer = "select set_config('rondo.seqscan', current_setting('enable_seqscan'), true), set_config('rondo.plans', current_setting('plan_cache_mode'), true), set_config('enable_seqscan', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true)";
    private const string Restore = "select set_config('enable_seqscan', current_setting('rondo.seqscan'), true), set_config('plan_cache_mode', current_setting('rondo.plans'), true)";

    private const string Input = """
        with f as materialized (
          select * from unnest($2::bigint[], $3::int[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::text[])
            as f (id, no, outcome, started, ended, due, forget, error)
        ), live as (select 1 from node where id = $1 and state = 'live')
        """;

    // Null for a job that belongs to no batch and that nobody waits for.
    private const string Link = "coalesce(batch_id, case when is_awaited then 0 end) as link";

    // The planner believes of what runs that it is nothing, or all: it may neither read a whole index for each row that is looked for nor all rows of a node. Of a set
    // of one it can only look up the one, and "is true" hides the node from its index.
    private const string Held = "j.id = any(array[f.id]) and j.lease_no = f.no and (j.node = $1) is true and exists (select 1 from live)";

    // Most batches hold nothing but jobs that ended well.
    private const string DoneText = $"""
        /* jobs.finish */
        {Input},
        ended as (
          delete from job_running j using f where {Held}
          returning j.*, f.started, f.ended, f.forget
        ), freed as (
          delete from job_unique u using ended where ended.unique_key is not null and u.job_id = any(array[ended.id])
        ), slots as (
          delete from job_slot s using ended where ended.concurrency_key is not null and s.job_id = any(array[ended.id])
        ), wishes as (
          delete from job_cancel c using ended where c.job_id = any(array[ended.id])
        )
        insert into job_history ({Kept}, state, node, started_at, finished_at, forget_at, error)
        select {Kept}, 'done', $1, started, ended, forget, null from ended
        returning id, {Link}
        """;

    // A wish to cancel wins over another attempt.
    private static readonly string MixedText = $"""
        /* jobs.finish */
        {Input},
        ended as (
          delete from job_running j using f where {Held}
          returning j.*, f.started, f.ended, f.forget, f.error, f.due as again,
            case when f.outcome in ('retry', 'snooze', 'given_back') and exists (select 1 from job_cancel c where c.job_id = j.id) then 'cancelled' else f.outcome end as outcome
        ), history as (
          insert into job_history ({Kept}, state, node, started_at, finished_at, forget_at, error)
          select {Kept}, outcome, $1, started, ended, forget, error from ended where outcome in ('done', 'cancelled', 'dead')
        ), waiting as (
          insert into job_waiting ({Common}, state)
          select id, queue, kind, priority, {NewJob.RankIn("(extract(epoch from again) * 1000000)::bigint")}, again,
            case when outcome = 'snooze' then attempts - 1 else attempts end, max_attempts, lease_no, case when is_alone then 0 else crashes end, enqueued_at, args, tags, note, metadata, unique_key,
            concurrency_key, concurrency_limit, {Links}, 'scheduled'
          from ended where outcome in ('retry', 'snooze')
        ), ready as (
          insert into job_ready ({Common})
          select id, queue, kind, priority, rank, due, attempts - 1, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key,
            concurrency_key, concurrency_limit, {Links}
          from ended where outcome = 'given_back'
        ), failures as (
          insert into job_failure (job_id, attempt, lease_no, node, outcome, started_at, ended_at, error, forget_at)
          select id, attempts, lease_no, $1, outcome, started, ended, error, forget from ended where error is not null and outcome in ('retry', 'snooze', 'dead', 'cancelled')
        ), freed as (
          delete from job_unique u using ended where ended.unique_key is not null and ended.outcome in ('done', 'cancelled', 'dead') and u.job_id = any(array[ended.id])
        ), slots as (
          delete from job_slot s using ended where ended.concurrency_key is not null and ended.outcome <> 'given_back' and s.job_id = any(array[ended.id])
        ), wishes as (
          delete from job_cancel c using ended where c.job_id = any(array[ended.id])
        )
        select id, {Link}, outcome = 'cancelled' from ended
        """;

    // One row of each job, in order of their numbers: as whoever else writes them.
    private const string ProgressText = $"""
        /* jobs.progress */
        with f as materialized (
          select * from unnest($2::bigint[], $3::int[], $4::bigint[], $5::bigint[], $6::text[], $7::timestamptz[]) as f (id, no, done, total, note, at)
        ), live as (select 1 from node where id = $1 and state = 'live')
        insert into job_progress (job_id, lease_no, done, total, note, at)
        select distinct on (j.id) j.id, f.no, f.done, f.total, f.note, f.at from f join job_running j on {Held} order by j.id, f.at desc
        {OrLaterProgress}
        """;

    public override List<ClaimedJob> Claim(Transaction tx, IReadOnlyList<Want> wants)
    {
        using var batch = ByIndex(tx, ClaimText, out var claim);
        claim.Add(NpgsqlDbType.Array | NpgsqlDbType.Text, wants.Select(w => w.Queue).ToArray());
        claim.Add(NpgsqlDbType.Array | NpgsqlDbType.Integer, wants.Select(w => w.Count).ToArray());
        claim.Add(NpgsqlDbType.Array | NpgsqlDbType.Bigint, wants.Select(w => w.From).ToArray());
        claim.Add(NpgsqlDbType.Text, Node);
        claim.Add(NpgsqlDbType.TimestampTz, tx.Now.ToDateTime());
        using var run = tx.Run("jobs.claim");
        return Read(batch, claim);
    }

    public override ClaimedJob? ClaimAlone(Transaction tx, IReadOnlyList<string> queues)
    {
        using var batch = ByIndex(tx, AloneText, out var claim);
        claim.Add(NpgsqlDbType.Array | NpgsqlDbType.Text, queues.ToArray());
        claim.Add(NpgsqlDbType.Text, Node);
        claim.Add(NpgsqlDbType.TimestampTz, tx.Now.ToDateTime());
        using var run = tx.Run("jobs.claim.alone");
        return Read(batch, claim).FirstOrDefault();
    }

    public override HashSet<long> Write(Transaction tx, IReadOnlyList<Finish> finishes)
    {
        var n = finishes.Count;
        var (ids, nos, outcomes) = (new long[n], new int[n], new string[n]);
        var (starts, ends, dues, forgets, errors) = (new DateTime?[n], new DateTime[n], new DateTime?[n], new DateTime[n], new string?[n]);
        var isPlain = true;
        for (var i = 0; i < n; i++)
        {
            var finish = finishes[i];
            (ids[i], nos[i], outcomes[i]) = (finish.Job.Id, finish.Job.LeaseNo, Finish.Text(finish.Outcome));
            (starts[i], ends[i]) = (finish.StartedAt?.ToDateTime(), finish.EndedAt.ToDateTime());
            (dues[i], forgets[i], errors[i]) = (finish.Due?.ToDateTime(), ForgetAt(finish).ToDateTime(), finish.Error);
            isPlain &= finish.Outcome == Outcome.Done;
        }

        using var batch = ByIndex(tx, isPlain ? DoneText : MixedText, out var write);
        write.Add(NpgsqlDbType.Text, Node);
        write.Add(NpgsqlDbType.Array | NpgsqlDbType.Bigint, ids);
        write.Add(NpgsqlDbType.Array | NpgsqlDbType.Integer, nos);
        write.Add(NpgsqlDbType.Array | NpgsqlDbType.Text, outcomes);
        write.Add(NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, starts);
        write.Add(NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, ends);
        write.Add(NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, dues);
        write.Add(NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, forgets);
        write.Add(NpgsqlDbType.Array | NpgsqlDbType.Text, errors);
        var accepted = new HashSet<long>(n);
        ILookup<long, Finish>? byId = null;
        using var run = tx.Run("jobs.finish");
        using var reader = AnswerOf(batch, write);
        while (reader.Read())
        {
            accepted.Add(reader.GetInt64(0));
            var isCancelled = !isPlain && reader.GetBoolean(2);
            if (isCancelled || !reader.IsDBNull(1))
            {
                foreach (var finish in (byId ??= finishes.ToLookup(f => f.Job.Id))[reader.GetInt64(0)])
                {
                    finish.Link = reader.IsDBNull(1) ? null : reader.GetInt64(1);
                    finish.Stored = isCancelled ? Outcome.Cancelled : finish.Outcome;
                }
            }
        }

        return accepted;
    }

    internal static int Tell(Transaction tx, string node, IReadOnlyList<(ClaimedJob Job, JobProgress Progress)> all)
    {
        using var batch = ByIndex(tx, ProgressText, out var write);
        write.Add(NpgsqlDbType.Text, node);
        write.Add(NpgsqlDbType.Array | NpgsqlDbType.Bigint, all.Select(s => s.Job.Id).ToArray());
        write.Add(NpgsqlDbType.Array | NpgsqlDbType.Integer, all.Select(s => s.Job.LeaseNo).ToArray());
        write.Add(NpgsqlDbType.Array | NpgsqlDbType.Bigint, all.Select(s => s.Progress.Done).ToArray());
        write.Add(NpgsqlDbType.Array | NpgsqlDbType.Bigint, all.Select(s => s.Progress.Total).ToArray());
        write.Add(NpgsqlDbType.Array | NpgsqlDbType.Text, all.Select(s => s.Progress.Note).ToArray());
        write.Add(NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, all.Select(s => s.Progress.At.ToDateTime()).ToArray());
        using var run = tx.Run("jobs.progress");
        batch.ExecuteNonQuery();
        return (int)write.Rows;
    }

    /// <summary>
    /// The tables of what is ready and what runs are empty at one moment and a hundred thousand dead rows long at the next, and a plan lasts longer than either: made
    /// for the one it would read through all of it, once a batch. And one plan is enough: to plan such a statement takes as long as to run it. A connection for
    /// statements that are their own transactions knows it for good; elsewhere it is sent together with the statement, and in a caller's transaction it is over after it.
    /// </summary>
    private static NpgsqlBatch ByIndex(Transaction tx, string text, out NpgsqlBatchCommand statement)
    {
        var work = (PostgresWork)tx;
        var batch = new NpgsqlBatch(work.Link);
        statement = new NpgsqlBatchCommand(text);
        if (!work.IsByIndex)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(work.IsEachItsOwn ? Steer : KeepAndSteer));
        }

        batch.BatchCommands.Add(statement);
        if (!work.IsEachItsOwn)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(Restore));
        }

        return batch;
    }

    private static NpgsqlDataReader AnswerOf(NpgsqlBatch batch, NpgsqlBatchCommand statement)
    {
        var reader = batch.ExecuteReader();
        for (var n = batch.BatchCommands.IndexOf(statement); n > 0; n--)
        {
            reader.NextResult();
        }

        return reader;
    }

    private static List<ClaimedJob> Read(NpgsqlBatch batch, NpgsqlBatchCommand claim)
    {
        var jobs = new List<ClaimedJob>();
        using var reader = AnswerOf(batch, claim);
        while (reader.Read())
        {
            jobs.Add(new ClaimedJob
            {
                Id = reader.GetInt64(0),
                Queue = string.Intern(reader.GetString(1)),
                Kind = string.Intern(reader.GetString(2)),
                Priority = reader.GetInt32(3),
                Rank = reader.GetInt64(4),
                Due = Instant.From(reader.GetDateTime(5)),
                Attempts = reader.GetInt32(6),
                MaxAttempts = reader.GetInt32(7),
                LeaseNo = reader.GetInt32(8),
                EnqueuedAt = Instant.From(reader.GetDateTime(9)),
                Args = reader.GetString(10),
                Tags = reader.IsDBNull(11) ? null : reader.GetString(11),
                Metadata = reader.IsDBNull(12) ? null : reader.GetString(12),
                ConcurrencyKey = reader.IsDBNull(13) ? null : reader.GetString(13),
            });
        }

        jobs.Sort((a, b) => a.Rank.CompareTo(b.Rank));
        return jobs;
    }
}
