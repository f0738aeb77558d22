using Npgsql;
using NpgsqlTypes;
using Rondo.Drivers;
using Rondo.Polling.Fleet;
using Rondo.Polling.Runtime;
using Rondo.Polling.Slots;
using Rondo.Storage;
using Rondo.Storage.Postgres;

namespace Rondo.Polling.Ledger;

/// <summary>The ledger on PostgreSQL: one statement for a whole batch, arrays in, accepted rows out.</summary>
internal sealed class PostgresLedgerWriter : LedgerWriter
{
    // Values travel as one flat array without nulls (NaN marks a missing one: a real value never is NaN), so that slicing it is a seek and not a scan.
    // "… is true" keeps the planner from making a join of it: it takes both sides for a handful of rows and would compare each with each, 210 ms for a
    // batch of 1,000 (measured). As it stands it is a look into a hash table, 29 ms for the whole batch.
    private const string Insert = """
        /* polling.record */
        with u as (
          select * from unnest($1::timestamptz[], $2::bigint[], $3::int[], $4::int[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[],
                               $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::int[], $15::int[])
            as u (slot, group_id, plan_no, slots, outcome, reason, lateness_us, duration_us, detail, endpoint_id, lease_no, slot_us, source_id, vals_from, vals_to)
        ), taken as (
          insert into poll (slot, group_id, plan_no, slots, outcome, reason, lateness_us, duration_us, detail, lease_no)
          select u.slot, u.group_id, u.plan_no, u.slots, u.outcome, u.reason, u.lateness_us, u.duration_us, u.detail, u.lease_no
          from u
          join poll_plan p on p.group_id = u.group_id and p.no = u.plan_no
          join endpoint e on e.id = u.endpoint_id and e.owner = $16 and e.lease_no = u.lease_no
          where u.slot >= p.from_at
            and (p.until_at is null or u.slot + (u.slots - 1) * p.interval_us * interval '1 microsecond' < p.until_at)
            and (u.slot_us - p.phase_us) % p.interval_us = 0
            and coalesce(p.endpoint_id, u.endpoint_id) = u.endpoint_id
          on conflict do nothing
          returning slot, group_id
        ), stored as (
          insert into sample (source_id, at, vals)
          select u.source_id, u.slot, array_replace(($17::float8[])[u.vals_from:u.vals_to], 'NaN'::float8, null)
          from u
          where u.vals_from > 0 and ((u.slot, u.group_id) in (select slot, group_id from taken)) is true
          on conflict do nothing
        )
        select slot, group_id from taken
        """;

    // Also when it stands there already: the answer to an earlier commit of the same batch may have been lost.
    private const string Move = """
        /* polling.advance */
        with u as (
          select * from unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::timestamptz[])
            as u (id, was, is_now, ok_at, error, error_at)
        )
        update poll_group g set accounted_to = u.is_now, last_ok_at = coalesce(u.ok_at, g.last_ok_at),
          last_error = coalesce(u.error, g.last_error), last_error_at = coalesce(u.error_at, g.last_error_at)
        from u, device d join endpoint e on e.id = d.endpoint_id
        where g.id = u.id and d.id = g.device_id and e.owner = $7 and g.accounted_to in (u.was, u.is_now)
        returning g.id
        """;

    private const string Stat = """
        /* polling.stat */
        insert into poll_stat (group_id, hour, ok, part, failed, missed, lateness, duration)
        select * from unnest($1::bigint[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[])
        on conflict (group_id, hour) do update set
          ok = excluded.ok, part = excluded.part, failed = excluded.failed, missed = excluded.missed, lateness = excluded.lateness, duration = excluded.duration
        """;

    private readonly HashSet<(long Slot, long Group)> _keys = [];
    private readonly HashSet<(long Slot, long Group)> _taken = [];

    public override void Record(Transaction tx, string owner, IReadOnlyList<PollOutcome> batch, IReadOnlyList<Advance> advances)
    {
        var work = (PostgresWork)tx;
        PlanGate.Record(tx);
        CutGaps(tx, batch);
        Progress();
        for (var rest = batch; rest is { Count: > 0 };)
        {
            rest = RecordOnce(work, owner, rest);
        }

        Progress();
        if (advances.Count > 0)
        {
            Write(work, owner, advances);
        }
    }

    /// <summary>
    /// Writes the first outcome of each slot and returns the others, which need a statement of their own: within one, the server may take either,
    /// and a sample finds its slot taken, whoever took it. Practically always there are none.
    /// </summary>
    private List<PollOutcome>? RecordOnce(PostgresWork work, string owner, IReadOnlyList<PollOutcome> batch)
    {
        _keys.Clear();
        List<PollOutcome>? again = null;
        foreach (var outcome in batch)
        {
            if (!_keys.Add((outcome.Slot, outcome.Group.Id)))
            {
                (again ??= []).Add(outcome);
            }
        }

        var first = again is null ? batch : batch.Except(again).ToArray();
        InsertAll(work, owner, first);
        foreach (var outcome in first.Where(o => !_taken.Contains((o.Slot, o.Group.Id))).ToArray())
        {
            // Once more, where its device is now, as long as that is with us.
            Progress();
            if (MovedRows.Follow(work, owner, outcome))
            {
                var taken = _taken.ToArray();
                InsertAll(work, owner, [outcome]);
                _taken.UnionWith(taken);
            }
        }

        foreach (var outcome in first)
        {
            outcome.IsTaken = _taken.Contains((outcome.Slot, outcome.Group.Id));
            if (!outcome.IsTaken)
            {
                outcome.Verdict = Classify(work, owner, outcome);
                continue;
            }

            outcome.Verdict = Verdict.Recorded;
            if (outcome.WritesStatus)
            {
                Progress();
                WriteStatus(work, outcome);
            }
        }

        return again;
    }

    private void InsertAll(PostgresWork work, string owner, IReadOnlyList<PollOutcome> batch)
    {
        var n = batch.Count;
        var (slot, group, plan, slots) = (new DateTime[n], new long[n], new int[n], new int[n]);
        var (outcome, reason, detail) = (new string[n], new string?[n], new string?[n]);
        var (late, took) = (new long?[n], new long?[n]);
        var (endpoint, lease, slotUs, source) = (new long[n], new long[n], new long[n], new long[n]);
        var (from, to) = (new int[n], new int[n]);
        var values = new List<double>(n * 12);
        for (var i = 0; i < n; i++)
        {
            var o = batch[i];
            slot[i] = new Instant(o.Slot).ToDateTime();
            group[i] = o.Group.Id;
            plan[i] = o.Plan.No;
            slots[i] = o.Slots;
            outcome[i] = o.Outcome.Text();
            reason[i] = o.Reason;
            detail[i] = ErrorText.Of(o);
            var missed = o.Outcome == Outcome.Missed;
            late[i] = missed ? null : o.LatenessUs;
            took[i] = missed ? null : o.DurationUs;
            endpoint[i] = o.EndpointId;
            lease[i] = o.LeaseNo;
            slotUs[i] = o.Slot;
            source[i] = o.Shape.SourceId;
            if (o.Outcome is Outcome.Ok or Outcome.Partial)
            {
                from[i] = values.Count + 1;
                AddValues(values, o);
                to[i] = values.Count;
            }
        }

        using var insert = new NpgsqlCommand(Insert, work.Link);
        insert.Parameters.AddArray(slot, NpgsqlDbType.TimestampTz);
        insert.Parameters.AddArray(group, NpgsqlDbType.Bigint);
        insert.Parameters.AddArray(plan, NpgsqlDbType.Integer);
        insert.Parameters.AddArray(slots, NpgsqlDbType.Integer);
        insert.Parameters.AddArray(outcome, NpgsqlDbType.Text);
        insert.Parameters.AddArray(reason, NpgsqlDbType.Text);
        insert.Parameters.AddArray(late, NpgsqlDbType.Bigint);
        insert.Parameters.AddArray(took, NpgsqlDbType.Bigint);
        insert.Parameters.AddArray(detail, NpgsqlDbType.Text);
        insert.Parameters.AddArray(endpoint, NpgsqlDbType.Bigint);
        insert.Parameters.AddArray(lease, NpgsqlDbType.Bigint);
        insert.Parameters.AddArray(slotUs, NpgsqlDbType.Bigint);
        insert.Parameters.AddArray(source, NpgsqlDbType.Bigint);
        insert.Parameters.AddArray(from, NpgsqlDbType.Integer);
        insert.Parameters.AddArray(to, NpgsqlDbType.Integer);
        insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = owner });
        insert.Parameters.AddArray(values.ToArray(), NpgsqlDbType.Double);
        _taken.Clear();
        using var run = work.Run("polling.record");
        using var rows = insert.ExecuteReader();
        while (rows.Read())
        {
            _taken.Add((Instant.From(rows.GetDateTime(0)).Micros, rows.GetInt64(1)));
        }
    }

    private static void AddValues(List<double> values, PollOutcome outcome)
    {
        var point = 0;
        for (var ordinal = 0; ordinal < outcome.Shape.Width; ordinal++)
        {
            var value = double.NaN;
            if (point < outcome.Result.Count && outcome.Shape.Ordinals[point] == ordinal)
            {
                value = outcome.Result.Faults[point] == ReadFault.None ? outcome.Result.Values[point] : double.NaN;
                point++;
            }

            values.Add(value);
        }
    }

    private static void Write(PostgresWork work, string owner, IReadOnlyList<Advance> advances)
    {
        using var move = new NpgsqlCommand(Move, work.Link);
        move.Parameters.AddArray(advances.Select(a => a.Group.Id).ToArray(), NpgsqlDbType.Bigint);
        move.Parameters.AddArray(advances.Select(a => At(a.From)).ToArray(), NpgsqlDbType.TimestampTz);
        move.Parameters.AddArray(advances.Select(a => At(a.To)).ToArray(), NpgsqlDbType.TimestampTz);
        move.Parameters.AddArray(advances.Select(a => AtOrNull(a.Group.Account.LastOkAt)).ToArray(), NpgsqlDbType.TimestampTz);
        move.Parameters.AddArray(advances.Select(a => a.Group.Account.LastError).ToArray(), NpgsqlDbType.Text);
        move.Parameters.AddArray(advances.Select(a => AtOrNull(a.Group.Account.LastErrorAt)).ToArray(), NpgsqlDbType.TimestampTz);
        move.Parameters.Add(new NpgsqlParameter<string> { TypedValue = owner });
        var moved = new HashSet<long>();
        using (work.Run("polling.advance"))
        using (var rows = move.ExecuteReader())
        {
            while (rows.Read())
            {
                moved.Add(rows.GetInt64(0));
            }
        }

        foreach (var advance in advances)
        {
            advance.IsRefused = !moved.Contains(advance.Group.Id);
        }

        var hours = advances.Where(a => !a.IsRefused).SelectMany(a => a.Hours.Select(h => (a.Group.Id, Hour: h))).ToArray();
        if (hours.Length == 0)
        {
            return;
        }

        using var stat = new NpgsqlCommand(Stat, work.Link);
        stat.Parameters.AddArray(hours.Select(h => h.Id).ToArray(), NpgsqlDbType.Bigint);
        stat.Parameters.AddArray(hours.Select(h => At(h.Hour.Hour)).ToArray(), NpgsqlDbType.TimestampTz);
        stat.Parameters.AddArray(hours.Select(h => h.Hour.Ok).ToArray(), NpgsqlDbType.Bigint);
        stat.Parameters.AddArray(hours.Select(h => h.Hour.Partial).ToArray(), NpgsqlDbType.Bigint);
        stat.Parameters.AddArray(hours.Select(h => h.Hour.Failed).ToArray(), NpgsqlDbType.Bigint);
        stat.Parameters.AddArray(hours.Select(h => h.Hour.Missed).ToArray(), NpgsqlDbType.Bigint);
        stat.Parameters.AddArray(hours.Select(h => h.Hour.Lateness.ToString()).ToArray(), NpgsqlDbType.Text);
        stat.Parameters.AddArray(hours.Select(h => h.Hour.Duration.ToString()).ToArray(), NpgsqlDbType.Text);
        using var run = work.Run("polling.stat");
        stat.ExecuteNonQuery();
    }

    private static DateTime At(long micros) => new Instant(micros).ToDateTime();

    private static DateTime? AtOrNull(long micros) => micros == 0 ? null : At(micros);
}
