using Rondo.Storage;

namespace Rondo.Polling.Fleet;

/// <summary>
/// Makes the plans follow the configuration, set-based and in the transaction that changed it: an enabled group has exactly one open plan, any other
/// has none. There is no other list of what is scheduled.
/// </summary>
internal static class PlanStore
{
    private const string Active = """
        select 1 from poll_group g join device d on d.id = g.device_id, polling_state s
        where g.id = poll_plan.group_id and s.enabled = {true} and d.enabled = {true} and d.stopped = {false} and d.removed_at is null and g.enabled = {true} and g.removed_at is null
          and g.interval_us = poll_plan.interval_us and g.phase_us = poll_plan.phase_us
        """;

    private const string Ending = $"poll_plan.until_at is null and not exists ({Active})";

    private static readonly Sql _endingFrom = new("fleet.plans.ending", $$"""
        select min({greatest}(g.accounted_to, poll_plan.from_at)) from poll_plan join poll_group g on g.id = poll_plan.group_id where {{Ending}}
        """);

    // Empty but after a step of the clock backwards. What lies before accounted_to need not be looked at: rows are accounted whole. So this reads the rows
    // beyond the edit, none as a rule, and the few gap rows since the oldest account; never the ledger once for each group.
    private static readonly Sql _beyond = new("fleet.plans.beyond", $$"""
        select poll_plan.group_id, poll_plan.no,
          max({only:sqlite}l.slot + (l.slots - 1) * poll_plan.interval_us{end}{only:postgres}l.slot + (l.slots - 1) * poll_plan.interval_us * interval '1 microsecond'{end}) as last_slot
        from (
          select slot, group_id, plan_no, slots from poll where slot >= {greatest}(@at, @since)
          union all
          select slot, group_id, plan_no, slots from poll where slots > 1 and slot >= @since
        ) l join poll_plan on poll_plan.group_id = l.group_id and poll_plan.no = l.plan_no
        where {{Ending}}
        group by poll_plan.group_id, poll_plan.no
        """);

    // A plan that has not begun yet ends empty: from ≤ slot < until admits nothing. After a step of the clock backwards a plan does not end before
    // what is accounted already.
    private static readonly Sql _end = new("fleet.plans.end", $$"""
        update poll_plan set until_at = {greatest}(@at, {greatest}(from_at, (select g.accounted_to from poll_group g where g.id = poll_plan.group_id)))
        where {{Ending}}
        """);

    private static readonly Sql _endLater = new("fleet.plans.end.later", "update poll_plan set until_at = {greatest}(until_at, @until) where group_id = @group and no = @no");

    // A group that never had a plan has nothing in the ledger: its account begins with its first plan, also when the clock was set back since it was made.
    private static readonly Sql _fresh = new("fleet.plans.fresh", """
        update poll_group set accounted_to = @at where accounted_to > @at and not exists (select 1 from poll_plan p where p.group_id = poll_group.id)
        """);

    private static readonly Sql _begin = new("fleet.plans.begin", """
        insert into poll_plan (group_id, no, from_at, until_at, interval_us, phase_us, endpoint_id)
        select g.id,
          coalesce((select max(p.no) from poll_plan p where p.group_id = g.id), 0) + 1,
          {greatest}(@at, coalesce((select max(p.until_at) from poll_plan p where p.group_id = g.id), @at)),
          null, g.interval_us, g.phase_us, d.endpoint_id
        from poll_group g join device d on d.id = g.device_id, polling_state s
        where s.enabled = {true} and d.enabled = {true} and d.stopped = {false} and d.removed_at is null and g.enabled = {true} and g.removed_at is null
          and not exists (select 1 from poll_plan p where p.group_id = g.id and p.until_at is null)
        """);

    private const string HasPlan = """
        exists (select 1 from poll_group g join poll_plan p on p.group_id = g.id where g.device_id = device.id and p.until_at is null)
        """;

    private static readonly Sql _paused = new("fleet.paused", $"""
        update device set status = 'paused', status_at = @at, breaker_until = null, failures = 0
        where removed_at is null and status <> 'paused' and not {HasPlan}
        """);

    private static readonly Sql _resumed = new("fleet.resumed", $"""
        update device set status = 'unknown', status_at = @at where removed_at is null and status = 'paused' and {HasPlan}
        """);

    /// <summary>
    /// Ends and begins plans at <paramref name="at"/>, or, for a group whose ledger reaches beyond it since the clock was set back, where its ledger ends.
    /// The caller has begun a change (<see cref="FleetStore.BeginChange"/>). Returns how many ended and began.
    /// </summary>
    /// <remarks>
    /// Outcomes that a node has in memory by now belong to slots after the ledger's end, because a group's rows arrive in their order. Those before the
    /// old plan's end are in it and come later. Those at or after it (polled before the clock was set back, or before the node heard of the edit) the
    /// ledger refuses as off plan: no slot of the old plan is expected there, and the new plan's slots from there on fire anew, because a plan begins at
    /// its own start whatever fired under the one before. So a value may be read and dropped, but no slot is lost and none is recorded twice.
    /// </remarks>
    public static (int Ended, int Begun) Follow(Transaction tx, Instant at)
    {
        var ended = End(tx, at);
        tx.Execute(_fresh, new { at });
        var begun = tx.Execute(_begin, new { at });

        // Always, not only when a plan moved: a device that is added switched off has none to move, and is paused all the same.
        tx.Execute(_paused, new { at });
        tx.Execute(_resumed, new { at });
        return (ended, begun);
    }

    private static int End(Transaction tx, Instant at)
    {
        if (tx.First<Instant?>(_endingFrom) is not { } since)
        {
            return 0;
        }

        var beyond = tx.Query<EndRow>(_beyond, new { at, since });
        var ended = tx.Execute(_end, new { at });
        tx.Execute(_endLater, beyond.Select(row => new { group = row.GroupId, no = row.No, until = new Instant(row.LastSlot.Micros + 1) }));
        return ended;
    }

    private sealed class EndRow
    {
        public long GroupId { get; init; }

        public int No { get; init; }

        public Instant LastSlot { get; init; }
    }
}
