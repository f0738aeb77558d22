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

    // A plan that has not begun yet ends empty: from ≤ slot < until admits nothing. After a step of the clock backwards a plan does not end before
    // what is accounted already.
    private static readonly Sql _end = new("fleet.plans.end", $$"""
        update poll_plan set until_at = {greatest}(@at, {greatest}(from_at, (select g.accounted_to from poll_group g where g.id = poll_plan.group_id)))
        where until_at is null and not exists ({{Active}})
        """);

    private static readonly Sql _begin = new("fleet.plans.begin", """
        insert into poll_plan (group_id, no, from_at, until_at, interval_us, phase_us)
        select g.id,
          coalesce((select max(p.no) from poll_plan p where p.group_id = g.id), 0) + 1,
          {greatest}(@at, coalesce((select max(p.until_at) from poll_plan p where p.group_id = g.id), @at)),
          null, g.interval_us, g.phase_us
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

    /// <summary>Ends and begins plans at <paramref name="at"/>. Returns how many ended and began.</summary>
    public static (int Ended, int Begun) Follow(Transaction tx, Instant at)
    {
        var ended = tx.Execute(_end, new { at });
        var begun = tx.Execute(_begin, new { at });

        // Always, not only when a plan moved: a device that is added switched off has none to move, and is paused all the same.
        tx.Execute(_paused, new { at });
        tx.Execute(_resumed, new { at });
        return (ended, begun);
    }
}
