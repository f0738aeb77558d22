using Npgsql;
using NpgsqlTypes;
using Rondo.Jobs.Links;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Storage.Postgres;
using Rondo.Storage.Sqlite;

namespace Rondo.Jobs.Queue;

/// <summary>Puts jobs into their tables. The insert has two texts, because measured speed demands it: arrays in one statement on PostgreSQL, prepared statements row by row on SQLite.</summary>
internal sealed class EnqueueStore(JobIds ids)
{
    private const string Fields = "id, queue, kind, priority, rank, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args";
    private const string Rest = "tags, note, metadata, unique_key, concurrency_key, concurrency_limit, batch_id, is_awaited";

    private static readonly Sql _hold = new("jobs.unique.hold", "insert into job_unique (key, job_id) values (@key, @id) on conflict do nothing");
    private static readonly Sql _holder = new("jobs.unique.holder", "select job_id from job_unique where key = @key");

    private static readonly Sql _holdPeriod = new("jobs.unique.period.hold", """
        insert into job_unique_period (key, job_id, until) values (@key, @id, @until)
        on conflict (key) do update set job_id = excluded.job_id, until = excluded.until where job_unique_period.until <= @now
        """);

    private static readonly Sql _periodHolder = new("jobs.unique.period.holder", "select job_id from job_unique_period where key = @key");

    private static readonly Sql _ready = new("jobs.enqueue", $"insert into job_ready ({Fields}, {Rest}) values (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, 0, 0, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)");

    private static readonly Sql _waiting = new("jobs.enqueue.waiting", $"""
        insert into job_waiting ({Fields}, {Rest}, state, is_knocking, waits_for, waits_on) values (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, 0, 0, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)
        """);

    private const string Arrays = "$2::bigint[], $3::text[], $4::text[], $5::int[], $6::bigint[], $7::timestamptz[], $8::int[], $9::text[]";
    private const string RestArrays = "$10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::int[], $16::bigint[], $17::bool[]";

    // What is stored is noted as accepted by the same statement: a note for each run of numbers of one kind.
    private static string Noted(int first) => $"""
        with noted as (
          insert into job_accepted (at, kind, first_id, last_id, n)
          select $1, kind, first_id, last_id, n from unnest(${first}::text[], ${first + 1}::bigint[], ${first + 2}::bigint[], ${first + 3}::int[]) as r (kind, first_id, last_id, n)
        )
        """;

    private static readonly Sql _note = new("jobs.enqueue.note", "insert into job_accepted (at, kind, first_id, last_id, n) values (?1, ?2, ?3, ?4, ?5)");

    private static readonly string Plain = $"""
        /* jobs.enqueue */
        {Noted(10)}
        insert into job_ready ({Fields})
        select id, queue, kind, priority, rank, due, 0, max_attempts, 0, 0, $1, args
        from unnest({Arrays}) as u (id, queue, kind, priority, rank, due, max_attempts, args)
        """;

    // One alone is what waits for its own insert and nothing else: without arrays there is nothing to plan anew.
    private const string Single = $"""
        /* jobs.enqueue */
        with noted as (insert into job_accepted (at, kind, first_id, last_id, n) values ($1, $4, $2, $2, 1))
        insert into job_ready ({Fields}) values ($2, $3, $4, $5, $6, $7, 0, $8, 0, 0, $1, $9)
        """;

    private const string SingleTold = $"{Single} returning pg_notify($10, $11)";

    private static readonly string Full = $"""
        {Noted(18)}
        insert into job_ready ({Fields}, {Rest})
        select id, queue, kind, priority, rank, due, 0, max_attempts, 0, 0, $1, args, {Rest}
        from unnest({Arrays}, {RestArrays}) as u (id, queue, kind, priority, rank, due, max_attempts, args, {Rest})
        """;

    private static readonly string Waiting = $"""
        {Noted(22)}
        insert into job_waiting ({Fields}, {Rest}, state, is_knocking, waits_for, waits_on)
        select id, queue, kind, priority, rank, due, 0, max_attempts, 0, 0, $1, args, {Rest}, state, is_knocking, waits_for, waits_on
        from unnest({Arrays}, {RestArrays}, $18::text[], $19::bool[], $20::bigint[], $21::text[])
          as u (id, queue, kind, priority, rank, due, max_attempts, args, {Rest}, state, is_knocking, waits_for, waits_on)
        """;

    /// <summary>Stores <paramref name="jobs"/>; each then has its id, and says whether it is new. <paramref name="hint"/> goes along, on PostgreSQL and when all of them can run now.</summary>
    public void Insert(Transaction tx, IReadOnlyList<NewJob> jobs, string? hint = null)
    {
        var now = tx.Now;
        foreach (var job in jobs)
        {
            // The work of a transaction may have to run again from its start.
            (job.IsNew, job.IsKnocking) = (true, false);
            job.WaitsFor = job.AfterBatch ?? (job.After is { } after && LinkStore.MustWait(tx, after) ? after : null);
        }

        ids.Number(tx, jobs);
        HoldKeys(tx, jobs);
        var (ready, waiting) = (new List<NewJob>(jobs.Count), new List<NewJob>());
        HashSet<string>? knocked = null;
        foreach (var job in jobs)
        {
            if (!job.IsNew)
            {
                continue;
            }

            job.Due = job.DueAt is { } due && due > now ? due : now;
            Wait(tx, job);
            if (job.WaitsFor is not null || job.Due > now)
            {
                waiting.Add(job);
            }
            else if (job.ConcurrencyKey is { } key)
            {
                // Who gets a slot of the key is decided after the commit, under the key's lock: here it would hold up everybody who enqueues under it.
                job.IsKnocking = (knocked ??= new(StringComparer.Ordinal)).Add(key);
                waiting.Add(job);
            }
            else
            {
                ready.Add(job);
            }
        }

        if (tx is SqliteWork sqlite)
        {
            ready.ForEach(job => InsertRow(sqlite, _ready, job, now));
            waiting.ForEach(job => InsertRow(sqlite, _waiting, job, now));
            Note(sqlite, ready, now);
            Note(sqlite, waiting, now);
        }
        else
        {
            Insert((PostgresWork)tx, ready, ready.TrueForAll(j => j.IsPlain) ? Plain : Full, now, hint);
            Insert((PostgresWork)tx, waiting, Waiting, now);
        }

        TraceStore.Note(tx, jobs, now);
    }

    /// <summary>In the order of the keys, so that two who enqueue many at once do not wait for each other.</summary>
    private static void HoldKeys(Transaction tx, IReadOnlyList<NewJob> jobs)
    {
        foreach (var job in jobs.Where(j => j.UniqueKey is not null).OrderBy(j => j.UniqueKey, StringComparer.Ordinal))
        {
            // Whoever holds the key may end in the moment between the two statements; then it is free.
            for (var attempt = 0; attempt < 5 && !Hold(tx, job); attempt++)
            {
                if (tx.First<long?>(job.UniquePeriod is null ? _holder : _periodHolder, new { key = job.UniqueKey }) is { } holder)
                {
                    job.Id = holder;
                    job.IsNew = false;
                    break;
                }
            }
        }
    }

    private static bool Hold(Transaction tx, NewJob job)
    {
        if (job.UniquePeriod is not { } period)
        {
            return tx.Execute(_hold, new { key = job.UniqueKey, id = job.Id }) == 1;
        }

        // Windows begin at multiples of the period since the epoch, so that everybody means the same one.
        var (now, step) = (tx.Now, period.Ticks / 10);
        var until = new Instant(((now.Micros / step) + 1) * step);
        return tx.Execute(_holdPeriod, new { key = job.UniqueKey, id = job.Id, until, now }) == 1;
    }

    /// <summary>
    /// What it waits for. A job that is enqueued together with it knows of it from its birth. One that was there before is not touched in the caller's transaction, which may take its
    /// time: it knocks, and a node tells the other job, or finds that it has ended.
    /// </summary>
    private static void Wait(Transaction tx, NewJob job)
    {
        job.IsKnocking = job.WaitsFor is not null && job.AfterBatch is null;
        if (job.Follows is { } before)
        {
            // Who holds a key for a period may have ended long ago.
            var isOver = before is { IsNew: false, UniquePeriod: not null } && !LinkStore.IsToCome(tx, before.Id);
            (job.WaitsFor, job.IsKnocking) = (isOver ? null : before.Id, !isOver && !before.IsNew);
        }
    }

    private static void InsertRow(SqliteWork tx, Sql sql, NewJob job, Instant now)
    {
        var insert = tx.Prepared(sql);
        insert.Bind(1, job.Id);
        insert.Bind(2, job.Queue);
        insert.Bind(3, job.Kind);
        insert.Bind(4, job.Priority);
        insert.Bind(5, job.Rank);
        insert.Bind(6, job.Due.Micros);
        insert.Bind(7, job.MaxAttempts);
        insert.Bind(8, now.Micros);
        insert.Bind(9, job.Args);
        insert.Bind(10, job.Tags);
        insert.Bind(11, job.Note);
        insert.Bind(12, job.Metadata);
        insert.Bind(13, job.UniqueKey);
        insert.Bind(14, job.ConcurrencyKey);
        Bind(insert, 15, job.ConcurrencyLimit);
        Bind(insert, 16, job.BatchId);
        insert.Bind(17, job.IsAwaited ? 1 : 0);
        if (ReferenceEquals(sql, _waiting))
        {
            insert.Bind(18, StateOf(job, now));
            insert.Bind(19, job.IsKnocking ? 1 : 0);
            Bind(insert, 20, job.WaitsFor);
            insert.Bind(21, job.WaitsOn);
        }

        insert.Execute();
    }

    private static void Insert(PostgresWork tx, List<NewJob> jobs, string text, Instant now, string? hint = null)
    {
        if (jobs.Count == 0)
        {
            return;
        }

        using var batch = new NpgsqlBatch(tx.Link);
        var isAlone = jobs.Count == 1 && ReferenceEquals(text, Plain);
        batch.BatchCommands.Add(isAlone ? One(jobs[0], now, hint) : Many(jobs, text, now));
        if (hint is not null && !isAlone)
        {
            var notify = new NpgsqlBatchCommand("select pg_notify($1, $2)");
            Tell(notify, hint);
            batch.BatchCommands.Add(notify);
        }

        using var run = tx.Run("jobs.enqueue");
        batch.ExecuteNonQuery();
    }

    private static void Tell(NpgsqlBatchCommand notify, string hint)
    {
        notify.Add(NpgsqlDbType.Text, Hints.Channel);
        notify.Add(NpgsqlDbType.Text, hint);
    }

    private static NpgsqlBatchCommand One(NewJob job, Instant now, string? hint)
    {
        var insert = new NpgsqlBatchCommand(hint is null ? Single : SingleTold);
        insert.Add(NpgsqlDbType.TimestampTz, now.ToDateTime());
        insert.Add(NpgsqlDbType.Bigint, job.Id);
        insert.Add(NpgsqlDbType.Text, job.Queue);
        insert.Add(NpgsqlDbType.Text, job.Kind);
        insert.Add(NpgsqlDbType.Integer, job.Priority);
        insert.Add(NpgsqlDbType.Bigint, job.Rank);
        insert.Add(NpgsqlDbType.TimestampTz, job.Due.ToDateTime());
        insert.Add(NpgsqlDbType.Integer, job.MaxAttempts);
        insert.Add(NpgsqlDbType.Text, job.Args);
        if (hint is not null)
        {
            Tell(insert, hint);
        }

        return insert;
    }

    private static NpgsqlBatchCommand Many(List<NewJob> jobs, string text, Instant now)
    {
        var insert = new NpgsqlBatchCommand(text);
        insert.Add(NpgsqlDbType.TimestampTz, now.ToDateTime());
        Add(NpgsqlDbType.Bigint, jobs, insert, j => j.Id);
        Add(NpgsqlDbType.Text, jobs, insert, j => j.Queue);
        Add(NpgsqlDbType.Text, jobs, insert, j => j.Kind);
        Add(NpgsqlDbType.Integer, jobs, insert, j => j.Priority);
        Add(NpgsqlDbType.Bigint, jobs, insert, j => j.Rank);
        Add(NpgsqlDbType.TimestampTz, jobs, insert, j => j.Due.ToDateTime());
        Add(NpgsqlDbType.Integer, jobs, insert, j => j.MaxAttempts);
        Add(NpgsqlDbType.Text, jobs, insert, j => j.Args);
        if (!ReferenceEquals(text, Plain))
        {
            Add(NpgsqlDbType.Text, jobs, insert, j => j.Tags);
            Add(NpgsqlDbType.Text, jobs, insert, j => j.Note);
            Add(NpgsqlDbType.Text, jobs, insert, j => j.Metadata);
            Add(NpgsqlDbType.Text, jobs, insert, j => j.UniqueKey);
            Add(NpgsqlDbType.Text, jobs, insert, j => j.ConcurrencyKey);
            Add(NpgsqlDbType.Integer, jobs, insert, j => j.ConcurrencyLimit);
            Add(NpgsqlDbType.Bigint, jobs, insert, j => j.BatchId);
            Add(NpgsqlDbType.Boolean, jobs, insert, j => j.IsAwaited);
        }

        if (ReferenceEquals(text, Waiting))
        {
            Add(NpgsqlDbType.Text, jobs, insert, j => StateOf(j, now));
            Add(NpgsqlDbType.Boolean, jobs, insert, j => j.IsKnocking);
            Add(NpgsqlDbType.Bigint, jobs, insert, j => j.WaitsFor);
            Add(NpgsqlDbType.Text, jobs, insert, j => j.WaitsOn);
        }

        var runs = Accepted.Of(jobs);
        Add(NpgsqlDbType.Text, runs, insert, r => r.Kind);
        Add(NpgsqlDbType.Bigint, runs, insert, r => r.First);
        Add(NpgsqlDbType.Bigint, runs, insert, r => r.Last);
        Add(NpgsqlDbType.Integer, runs, insert, r => r.Count);
        return insert;
    }

    private static void Bind(RawStatement insert, int position, long? value)
    {
        if (value is { } known)
        {
            insert.Bind(position, known);
        }
        else
        {
            insert.BindNull(position);
        }
    }

    private static void Note(SqliteWork tx, List<NewJob> jobs, Instant now)
    {
        foreach (var run in Accepted.Of(jobs))
        {
            var note = tx.Prepared(_note);
            note.Bind(1, now.Micros);
            note.Bind(2, run.Kind);
            note.Bind(3, run.First);
            note.Bind(4, run.Last);
            note.Bind(5, run.Count);
            note.Execute();
        }
    }

    private static string StateOf(NewJob job, Instant now) => (job.WaitsFor is null && job.Due > now ? JobState.Scheduled : JobState.Blocked).Text();

    private static void Add<TRow, T>(NpgsqlDbType type, List<TRow> rows, NpgsqlBatchCommand command, Func<TRow, T> value)
    {
        var values = new T[rows.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = value(rows[i]);
        }

        command.Parameters.AddArray(values, type);
    }
}
