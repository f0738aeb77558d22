using Rondo.Jobs.Queue;
using Rondo.Storage;
using Rondo.Storage.Sqlite;

namespace Rondo.Jobs.Pump;

/// <inheritdoc/>
internal sealed class SqlitePumpStore(JobsOptions options, string node) : PumpStore(options, node)
{
    private const string Columns = "id, queue, kind, priority, rank, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, metadata, unique_key, concurrency_key, batch_id";

    private const string Picked = "from job_ready where queue = ?1 and rank >= ?2 and crashes < 2 order by rank, id limit ?3";
    private static readonly Sql _pick = new("jobs.claim.pick", $"select {Columns} {Picked}");
    private static readonly Sql _pickAlone = new("jobs.claim.alone.pick", $"select {Columns} from job_ready where crashes >= 2 and queue in (select value from json_each(?1)) order by crashes, id limit 1");

    private const string IntoRunning = $"""
        insert into job_running ({Common}, node, claimed_at, started_at, is_alone)
        select id, queue, kind, priority, rank, due, attempts + 1, max_attempts, lease_no + 1, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
          concurrency_limit, {Links}
        """;

    // The same rows as those that were picked: nobody else writes meanwhile.
    private static readonly Sql _run = new("jobs.claim", $"{IntoRunning}, ?4, ?5, null, 0 {Picked}");
    private static readonly Sql _unready = new("jobs.claim.gone", $"delete from job_ready where id in (select id {Picked})");
    private static readonly Sql _runAlone = new("jobs.claim.alone", $"{IntoRunning}, ?2, ?3, ?3, 1 from job_ready where id = ?1");
    private static readonly Sql _unreadyAlone = new("jobs.claim.alone.gone", "delete from job_ready where id = ?1");
    private static readonly Sql _freed = new("jobs.unique.free", "delete from job_unique where job_id = ?1");
    private static readonly Sql _slot = new("jobs.slot.free", "delete from job_slot where job_id = ?1");
    private static readonly Sql _wishes = new("jobs.cancel.wishes", "select job_id, 0 as is_awaited from job_cancel union all select id, 1 from job_running where is_awaited");
    private static readonly Sql _wish = new("jobs.cancel.over", "delete from job_cancel where job_id = ?1");

    private const string Held = "from job_running where id = ?1 and lease_no = ?2 and node = ?3";

    private static readonly Sql _history = new("jobs.finish", $"""
        insert into job_history ({Kept}, state, node, started_at, finished_at, forget_at, error) select {Kept}, ?4, node, ?5, ?6, ?7, ?8 {Held}
        """);

    private static readonly Sql _again = new("jobs.again", $"""
        insert into job_waiting ({Common}, state)
        select id, queue, kind, priority, {NewJob.RankIn("?5")}, ?5, attempts - ?4, max_attempts, lease_no, case when is_alone then 0 else crashes end, enqueued_at, args, tags, note, metadata, unique_key,
          concurrency_key, concurrency_limit, {Links}, 'scheduled'
        {Held}
        """);

    private static readonly Sql _back = new("jobs.give_back", $"""
        insert into job_ready ({Common})
        select id, queue, kind, priority, rank, due, attempts - 1, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
          concurrency_limit, {Links}
        {Held}
        """);

    private static readonly Sql _failure = new("jobs.failure", """
        insert into job_failure (job_id, attempt, lease_no, node, outcome, started_at, ended_at, error, forget_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """);

    private static readonly Sql _progress = new("jobs.progress", $"""
        insert into job_progress (job_id, lease_no, done, total, note, at)
        select ?1, ?2, ?4, ?5, ?6, ?7 {Held} and exists (select 1 from node n where n.id = ?3 and n.state = 'live')
        {OrLaterProgress}
        """);

    private static readonly Sql _over = new("jobs.finish.gone", "delete from job_running where id = ?1");
    private static readonly Sql _live = new("jobs.live", "select 1 from node where id = ?1 and state = 'live'");

    public override List<ClaimedJob> Claim(Transaction tx, IReadOnlyList<Want> wants)
    {
        var work = (SqliteWork)tx;
        var jobs = new List<ClaimedJob>();
        if (!IsLive(work))
        {
            return jobs;
        }

        foreach (var want in wants)
        {
            var pick = work.Prepared(_pick);
            pick.Bind(1, want.Queue);
            pick.Bind(2, want.From);
            pick.Bind(3, want.Count);
            var known = jobs.Count;
            Read(pick, jobs);
            if (jobs.Count > known)
            {
                var run = work.Prepared(_run);
                run.Bind(4, Node);
                run.Bind(5, work.Now.Micros);
                Move(run, want, jobs.Count - known);
                Move(work.Prepared(_unready), want, jobs.Count - known);
                FreeKeys(work, jobs.Skip(known));
            }
        }

        return jobs;
    }

    public override ClaimedJob? ClaimAlone(Transaction tx, IReadOnlyList<string> queues)
    {
        var work = (SqliteWork)tx;
        var jobs = new List<ClaimedJob>();
        if (IsLive(work))
        {
            var pick = work.Prepared(_pickAlone);
            pick.Bind(1, System.Text.Json.JsonSerializer.Serialize(queues));
            Read(pick, jobs);
            jobs.ForEach(job => RunAlone(work, job));
            FreeKeys(work, jobs);
        }

        return jobs.FirstOrDefault();
    }

    public override HashSet<long> Write(Transaction tx, IReadOnlyList<Finish> finishes)
    {
        var work = (SqliteWork)tx;
        var accepted = new HashSet<long>(finishes.Count);
        if (!IsLive(work))
        {
            return accepted;
        }

        var (wishes, awaited) = Wishes(work);
        foreach (var finish in finishes)
        {
            // A wish to cancel wins over another attempt.
            var outcome = finish.Outcome is Outcome.Retry or Outcome.Snooze or Outcome.GivenBack && wishes.Contains(finish.Job.Id)
                ? Outcome.Cancelled
                : finish.Outcome;
            if (Move(work, finish, outcome))
            {
                if (wishes.Contains(finish.Job.Id))
                {
                    One(work, _wish, finish.Job.Id);
                }

                finish.Link = finish.Job.BatchId ?? (awaited.Contains(finish.Job.Id) ? 0 : null);
                finish.Stored = outcome;
                accepted.Add(finish.Job.Id);
            }
        }

        return accepted;
    }

    internal static int Tell(Transaction tx, string node, IReadOnlyList<(ClaimedJob Job, JobProgress Progress)> all)
    {
        var (work, count) = ((SqliteWork)tx, 0);
        foreach (var (job, progress) in all)
        {
            var tell = work.Prepared(_progress);
            tell.Bind(1, job.Id);
            tell.Bind(2, job.LeaseNo);
            tell.Bind(3, node);
            tell.Bind(4, progress.Done);
            if (progress.Total is { } total)
            {
                tell.Bind(5, total);
            }
            else
            {
                tell.BindNull(5);
            }

            tell.Bind(6, progress.Note);
            tell.Bind(7, progress.At.Micros);
            count += tell.Execute();
        }

        return count;
    }

    private bool IsLive(SqliteWork work)
    {
        var live = work.Prepared(_live);
        live.Bind(1, Node);
        var isLive = false;
        while (live.Step())
        {
            isLive = true;
        }

        return isLive;
    }

    /// <summary>What others want of running jobs: their end, or to be told of it.</summary>
    private static (HashSet<long> Cancelled, HashSet<long> Awaited) Wishes(SqliteWork work)
    {
        var (cancelled, awaited) = (new HashSet<long>(), new HashSet<long>());
        var wishes = work.Prepared(_wishes);
        while (wishes.Step())
        {
            (wishes.Int64(1) == 0 ? cancelled : awaited).Add(wishes.Int64(0));
        }

        return (cancelled, awaited);
    }

    private bool Move(SqliteWork work, Finish finish, Outcome outcome)
    {
        var job = finish.Job;
        var move = work.Prepared(outcome switch
        {
            Outcome.Retry or Outcome.Snooze => _again,
            Outcome.GivenBack => _back,
            _ => _history,
        });
        move.Bind(1, job.Id);
        move.Bind(2, job.LeaseNo);
        move.Bind(3, Node);
        switch (outcome)
        {
            case Outcome.Retry or Outcome.Snooze:
                move.Bind(4, outcome == Outcome.Snooze ? 1 : 0);
                move.Bind(5, (finish.Due ?? finish.EndedAt).Micros);
                break;
            case not Outcome.GivenBack:
                move.Bind(4, Finish.Text(outcome));
                Bind(move, 5, finish.StartedAt);
                move.Bind(6, finish.EndedAt.Micros);
                move.Bind(7, ForgetAt(finish).Micros);
                move.Bind(8, finish.Error);
                break;
        }

        if (move.Execute() == 0)
        {
            return false;
        }

        One(work, _over, job.Id);
        if (job.HasKey && outcome is not (Outcome.Retry or Outcome.Snooze or Outcome.GivenBack))
        {
            One(work, _freed, job.Id);
        }

        if (job.ConcurrencyKey is not null && outcome != Outcome.GivenBack)
        {
            One(work, _slot, job.Id);
        }

        if (finish.Error is not null && outcome is not (Outcome.Done or Outcome.GivenBack))
        {
            WriteFailure(work, finish, outcome);
        }

        return true;
    }

    private void WriteFailure(SqliteWork work, Finish finish, Outcome outcome)
    {
        var failure = work.Prepared(_failure);
        failure.Bind(1, finish.Job.Id);
        failure.Bind(2, finish.Job.Attempts);
        failure.Bind(3, finish.Job.LeaseNo);
        failure.Bind(4, Node);
        failure.Bind(5, Finish.Text(outcome));
        Bind(failure, 6, finish.StartedAt);
        failure.Bind(7, finish.EndedAt.Micros);
        failure.Bind(8, finish.Error);
        failure.Bind(9, ForgetAt(finish).Micros);
        failure.Execute();
    }

    private static void Move(RawStatement statement, Want want, int picked)
    {
        statement.Bind(1, want.Queue);
        statement.Bind(2, want.From);
        statement.Bind(3, picked);
        if (statement.Execute() != picked)
        {
            throw new InvalidOperationException($"jobs.claim: not all of {picked} jobs of queue {want.Queue} were moved");
        }
    }

    private void RunAlone(SqliteWork work, ClaimedJob job)
    {
        var run = work.Prepared(_runAlone);
        run.Bind(1, job.Id);
        run.Bind(2, Node);
        run.Bind(3, work.Now.Micros);
        run.Execute();
        One(work, _unreadyAlone, job.Id);
    }

    private static void FreeKeys(SqliteWork work, IEnumerable<ClaimedJob> jobs)
    {
        foreach (var job in jobs.Where(j => j.FreesKey))
        {
            One(work, _freed, job.Id);
        }
    }

    private static void One(SqliteWork work, Sql sql, long id)
    {
        var statement = work.Prepared(sql);
        statement.Bind(1, id);
        statement.Execute();
    }

    private static void Bind(RawStatement statement, int position, Instant? at)
    {
        if (at is { } known)
        {
            statement.Bind(position, known.Micros);
        }
        else
        {
            statement.BindNull(position);
        }
    }

    private static void Read(RawStatement pick, List<ClaimedJob> jobs)
    {
        while (pick.Step())
        {
            jobs.Add(new ClaimedJob
            {
                Id = pick.Int64(0),
                Queue = string.Intern(pick.Text(1)!),
                Kind = string.Intern(pick.Text(2)!),
                Priority = (int)pick.Int64(3),
                Rank = pick.Int64(4),
                Due = new Instant(pick.Int64(5)),
                Attempts = (int)pick.Int64(6) + 1,
                MaxAttempts = (int)pick.Int64(7),
                LeaseNo = (int)pick.Int64(8) + 1,
                EnqueuedAt = new Instant(pick.Int64(10)),
                Args = pick.Text(11)!,
                Tags = pick.Text(12),
                Metadata = pick.Text(13),
                HasKey = pick.Text(14) is not null,
                FreesKey = pick.Text(14) is ['~', ..],
                ConcurrencyKey = pick.Text(15),
                BatchId = pick.Int64(16) is > 0 and var batch ? batch : null,
            });
        }
    }
}
