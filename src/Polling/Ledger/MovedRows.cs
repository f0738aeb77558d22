using Rondo.Polling.Runtime;
using Rondo.Storage;

namespace Rondo.Polling.Ledger;

/// <summary>
/// Outcomes of a device whose endpoint is another one since they were polled. They are still the group's, as long as its new endpoint is ours or nobody's: then it is
/// taken along here and now, so that nobody else begins with the group while rows of ours are on their way. If it is another node's, that node accounts
/// for the slot, and ours is refused.
/// </summary>
internal static class MovedRows
{
    // With the endpoint it was polled at the row may be in order or not; what counts is whose the group is now. Nobody's may be taken by who had it last, when
    // nobody accounted for the slot meanwhile. A slot that lies in a gap somebody recorded has its outcome.
    private static readonly Sql _place = new("polling.moved", """
        select e.id, e.lease_no, e.owner,
          exists (select 1 from endpoint former where former.id = @endpoint and former.lease_no = @lease and (former.owner = @owner or former.owner is null))
            and @slot >= (select g.accounted_to from poll_group g where g.id = @group) as was_ours
        from poll_plan p join endpoint e on e.id = p.endpoint_id
        where p.group_id = @group and p.no = @no and p.endpoint_id <> @endpoint and (e.owner is null or e.owner = @owner or e.owner not in (select n.id from node n where n.state = 'live'))
          and not exists (select 1 from poll l where l.group_id = @group and l.plan_no = @no and l.slots > 1 and l.slot < @slot
                          and l.slot + (l.slots - 1) * p.interval_us * interval '1 microsecond' >= @slot)
        for update of e
        """);

    private static readonly Sql _take = new("polling.moved.take", "update endpoint set owner = @owner, lease_no = lease_no + 1, claimed_at = @now where id = @id");

    /// <summary>
    /// A device that moved to another address of ours took its groups along. What was polled before the move is still theirs, and the endpoint it came from
    /// may have been given back since, or given back and claimed again under another lease number: it is written under the one they are on now. Each transaction
    /// begins with it: what <see cref="Follow"/> took along in one that failed is not ours.
    /// </summary>
    public static void FollowInMemory(List<PollOutcome> batch)
    {
        foreach (var outcome in batch)
        {
            var worker = outcome.Group.Worker; // Once: it may change.
            outcome.EndpointId = worker.Id;
            outcome.LeaseNo = worker.LeaseNo;
        }
    }

    /// <summary>True when the outcome may be written under the endpoint it names now.</summary>
    public static bool Follow(Transaction tx, string owner, PollOutcome outcome)
    {
        var args = new { group = outcome.Group.Id, no = outcome.Plan.No, endpoint = outcome.EndpointId, owner, lease = outcome.LeaseNo, slot = new Instant(outcome.Slot) };
        if (tx.First<PlaceRow>(_place, args) is not { } place || (place.Owner != owner && !place.WasOurs))
        {
            return false;
        }

        outcome.EndpointId = place.Id;
        outcome.LeaseNo = place.LeaseNo;
        if (place.Owner != owner)
        {
            tx.Execute(_take, new { id = place.Id, owner, now = tx.Now });
            outcome.LeaseNo++;
        }

        return true;
    }

    private sealed class PlaceRow
    {
        public long Id { get; init; }

        public long LeaseNo { get; init; }

        public string? Owner { get; init; }

        public bool WasOurs { get; init; }
    }
}
