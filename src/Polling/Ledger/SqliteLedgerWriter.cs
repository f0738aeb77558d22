using System.Buffers.Text;
using Rondo.Drivers;
using Rondo.Polling.Runtime;
using Rondo.Polling.Slots;
using Rondo.Storage;
using Rondo.Storage.Sqlite;

namespace Rondo.Polling.Ledger;

/// <summary>The ledger on SQLite: prepared statements, values as JSON text written straight into a reused buffer.</summary>
internal sealed class SqliteLedgerWriter : LedgerWriter
{
    private static readonly Sql _poll = new("polling.record", """
        insert into poll (slot, group_id, plan_no, slots, outcome, reason, lateness_us, duration_us, detail, lease_no)
        select ?1, ?2, p.no, ?4, ?5, ?6, ?7, ?8, ?9, e.lease_no
        from poll_plan p, endpoint e
        where p.group_id = ?2 and p.no = ?3
          and ?1 >= p.from_at and (p.until_at is null or ?1 + (?4 - 1) * p.interval_us < p.until_at) and (?1 - p.phase_us) % p.interval_us = 0
          and e.id = ?10 and e.owner = ?11 and e.lease_no = ?12
        on conflict do nothing
        """);

    private static readonly Sql _sample = new("polling.sample", "insert into sample (source_id, at, vals) values (?1, ?2, ?3) on conflict do nothing");

    // Also when it stands there already: the answer to an earlier commit of the same batch may have been lost.
    private static readonly Sql _advance = new("polling.advance", """
        update poll_group set accounted_to = ?3, last_ok_at = coalesce(?4, last_ok_at), last_error = coalesce(?5, last_error), last_error_at = coalesce(?6, last_error_at)
        where id = ?1 and accounted_to in (?2, ?3)
        """);

    private static readonly Sql _stat = new("polling.stat", """
        insert into poll_stat (group_id, hour, ok, part, failed, missed, lateness, duration) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        on conflict (group_id, hour) do update set
          ok = excluded.ok, part = excluded.part, failed = excluded.failed, missed = excluded.missed, lateness = excluded.lateness, duration = excluded.duration
        """);

    private byte[] _json = new byte[1_024];

    public override void Record(Transaction tx, string owner, IReadOnlyList<PollOutcome> batch, IReadOnlyList<Advance> advances)
    {
        var work = (SqliteWork)tx;
        CutGaps(tx, batch);
        var poll = work.Prepared(_poll);
        var sample = work.Prepared(_sample);
        foreach (var outcome in batch)
        {
            poll.Bind(1, outcome.Slot);
            poll.Bind(2, outcome.Group.Id);
            poll.Bind(3, outcome.Plan.No);
            poll.Bind(4, outcome.Slots);
            poll.Bind(5, outcome.Outcome.Text());
            poll.Bind(6, outcome.Reason);
            if (outcome.Outcome == Outcome.Missed)
            {
                poll.BindNull(7);
                poll.BindNull(8);
            }
            else
            {
                poll.Bind(7, outcome.LatenessUs);
                poll.Bind(8, outcome.DurationUs);
            }

            poll.Bind(9, ErrorText.Of(outcome));
            poll.Bind(10, outcome.EndpointId);
            poll.Bind(11, owner);
            poll.Bind(12, outcome.LeaseNo);
            outcome.IsTaken = poll.Execute() != 0;
            if (!outcome.IsTaken)
            {
                outcome.Verdict = Classify(tx, owner, outcome);
                continue;
            }

            outcome.Verdict = Verdict.Recorded;
            if (outcome.Outcome is Outcome.Ok or Outcome.Partial)
            {
                sample.Bind(1, outcome.Shape.SourceId);
                sample.Bind(2, outcome.Slot);
                sample.BindText(3, Json(outcome));
                sample.Execute();
            }

            if (outcome.WritesStatus)
            {
                WriteStatus(tx, outcome);
            }
        }

        foreach (var advance in advances)
        {
            Write(work, advance);
        }
    }

    private static void Write(SqliteWork work, Advance advance)
    {
        var account = advance.Group.Account;
        var update = work.Prepared(_advance);
        update.Bind(1, advance.Group.Id);
        update.Bind(2, advance.From);
        update.Bind(3, advance.To);
        BindOrNull(update, 4, account.LastOkAt);
        update.Bind(5, account.LastError);
        BindOrNull(update, 6, account.LastErrorAt);
        advance.IsRefused = update.Execute() == 0;
        if (advance.IsRefused)
        {
            return;
        }

        var stat = work.Prepared(_stat);
        foreach (var hour in advance.Hours)
        {
            stat.Bind(1, advance.Group.Id);
            stat.Bind(2, hour.Hour);
            stat.Bind(3, hour.Ok);
            stat.Bind(4, hour.Partial);
            stat.Bind(5, hour.Failed);
            stat.Bind(6, hour.Missed);
            stat.Bind(7, hour.Lateness.ToString());
            stat.Bind(8, hour.Duration.ToString());
            stat.Execute();
        }
    }

    private static void BindOrNull(RawStatement statement, int position, long micros)
    {
        if (micros == 0)
        {
            statement.BindNull(position);
        }
        else
        {
            statement.Bind(position, micros);
        }
    }

    /// <summary>[230.1,null,…] in the order of ordinals; a value that is not there is null, never a number.</summary>
    private ReadOnlySpan<byte> Json(PollOutcome outcome)
    {
        var shape = outcome.Shape;
        var result = outcome.Result;
        if (_json.Length < (shape.Width * 32) + 2)
        {
            _json = new byte[(shape.Width * 32) + 2];
        }

        var json = _json.AsSpan();
        var length = 0;
        json[length++] = (byte)'[';
        var point = 0;
        for (var ordinal = 0; ordinal < shape.Width; ordinal++)
        {
            if (ordinal > 0)
            {
                json[length++] = (byte)',';
            }

            // Points are sorted by ordinal; ordinals without a point belong to retired ones.
            if (point < result.Count && shape.Ordinals[point] == ordinal)
            {
                if (result.Faults[point] == ReadFault.None)
                {
                    Utf8Formatter.TryFormat(result.Values[point], json[length..], out var written);
                    length += written;
                    point++;
                    continue;
                }

                point++;
            }

            "null"u8.CopyTo(json[length..]);
            length += 4;
        }

        json[length++] = (byte)']';
        return json[..length];
    }
}
