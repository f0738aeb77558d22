using Rondo.Live.Log;
using Rondo.Polling.Runtime;
using Rondo.Storage;

namespace Rondo.Polling.Ledger;

/// <summary>
/// Writes a batch of outcomes. Two texts, because measured speed demands it: prepared statements row by row inside one transaction on SQLite,
/// arrays in one statement on PostgreSQL. Both say the same: a row is taken only when its slot is in the plan and its endpoint is still owned
/// under the same lease number, once; its sample only together with it.
/// </summary>
internal abstract class LedgerWriter
{
    public static LedgerWriter For(DatabaseKind kind, Action? progress = null) =>
        kind == DatabaseKind.Sqlite ? new SqliteLedgerWriter() : new PostgresLedgerWriter { Progress = progress ?? (() => { }) };

    /// <summary>Called between statements: a batch of many is no batch that is stuck.</summary>
    public Action Progress { get; init; } = () => { };

    /// <summary>Writes, and sets the verdict of each outcome. The caller has passed the node's fence in the same transaction.</summary>
    public abstract void Record(Transaction tx, string owner, IReadOnlyList<PollOutcome> batch, IReadOnlyList<Advance> advances);

    /// <summary>The same, and the events of what changed with it.</summary>
    public void Write(Transaction tx, string owner, IReadOnlyList<PollOutcome> batch, IReadOnlyList<Advance> advances, EventLog? events)
    {
        Record(tx, owner, batch, advances);
        StatusEvents.Write(tx, events, batch);
    }

    private static readonly Sql _classify = new("polling.classify", """
        select case
          when not exists (select 1 from endpoint where id = @endpoint and owner = @owner and lease_no = @lease) then 3
          when exists (select 1 from poll where slot = @slot and group_id = @group and lease_no {in:@tried} and plan_no = @plan) then 0
          when exists (select 1 from poll where slot = @slot and group_id = @group and plan_no = @plan) then 1
          {only:postgres}when exists (select 1 from poll_plan where group_id = @group and no = @plan and endpoint_id <> @endpoint) then 3{end}
          else 2 end
        """);

    // The last polls before a pause takes effect must not call the device online again: resuming makes it unknown first.
    private static readonly Sql _status = new("polling.status", """
        update device set status = @status, status_at = @at, failures = @failures, breaker_until = @until where id = @device and status <> 'paused'
        """);

    private static readonly Sql _until = new("polling.until", "select until_at from poll_plan where group_id = @group and no = @no");

    /// <summary>A gap that reaches beyond the end its plan got meanwhile counts up to that end: it is cut, not refused.</summary>
    protected static void CutGaps(Transaction tx, IReadOnlyList<PollOutcome> batch)
    {
        foreach (var outcome in batch)
        {
            if (outcome.Slots > 1
                && tx.First<Instant?>(_until, new { group = outcome.Group.Id, no = outcome.Plan.No }) is { } until
                && outcome.Slot < until.Micros && outcome.LastSlot >= until.Micros)
            {
                outcome.Slots = (int)(((until.Micros - 1 - outcome.Slot) / outcome.Plan.Interval) + 1);
            }
        }
    }

    /// <summary>
    /// Why a row was not taken; rare, so it may cost a statement. One that stands beside a row of another plan is off its own: plans do not overlap.
    /// A row of a batch that was tried before and is there under a lease it was tried with was taken then: only the answer was lost.
    /// </summary>
    protected static Verdict Classify(Transaction tx, string owner, PollOutcome outcome) => (Verdict)tx.First<int>(_classify, new
    {
        endpoint = outcome.EndpointId,
        owner,
        lease = outcome.LeaseNo,
        slot = new Instant(outcome.Slot),
        group = outcome.Group.Id,
        plan = outcome.Plan.No,
        tried = new IdList([.. outcome.TriedLeaseNos]),
    });

    protected static void WriteStatus(Transaction tx, PollOutcome outcome)
    {
        // That is written by whoever pauses. A poll that ended in between, and is committed after the device was resumed, must not pause it again.
        if (outcome.Status == Slots.DeviceStatus.Paused)
        {
            return;
        }

        tx.Execute(_status, new
        {
            status = Slots.DeviceStatusWords.Text(outcome.Status),
            at = new Instant(outcome.Slot),
            failures = outcome.Failures,
            until = outcome.BreakerUntil > 1 ? new Instant(outcome.BreakerUntil) : (Instant?)null,
            device = outcome.Group.Device.Id,
        });
    }
}
