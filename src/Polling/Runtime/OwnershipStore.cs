using Rondo.Polling.Fleet;
using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>The SQL by which a node takes endpoints, reads what belongs to them, and gives them back.</summary>
internal static class OwnershipStore
{
    // What must be polled or at least accounted for: a plan that is open, or that ended beyond what is accounted.
    internal const string Due = """
        exists (select 1 from device d join poll_group g on g.device_id = d.id join poll_plan p on p.group_id = g.id
                where d.endpoint_id = endpoint.id and (p.until_at is null or p.until_at > g.accounted_to))
        """;

    // "Not live" is asked here and now, never remembered: an owner that was declared dead a moment ago counts as none.
    // So does one that was a dead node's and has no owner and no claim any more since an audit cleared it.
    private static readonly Sql _free = new("polling.free", $$"""
        select id, owner, case when owner is not null or (lease_no > 0 and claimed_at is null) then {true} else {false} end as is_from_dead from endpoint
        where (owner is null or owner not in (select node.id from node where node.state = 'live')) and {{Due}}
        order by id limit @limit{update}{skip_locked}
        """);

    private static readonly Sql _claim = new("polling.claim", "update endpoint set owner = @me, lease_no = lease_no + 1, claimed_at = @now where id {in:@ids}");

    private static readonly Sql _some = new("polling.some", "select id from endpoint where owner is not null order by id limit @limit");

    private static readonly Sql _countOwned = new("polling.owned.count", "select count(*) from endpoint where owner = @me");

    private static readonly Sql _owned = new("polling.owned", "select id, driver, address, settings, lease_no from endpoint where owner = @me");

    private static readonly Sql _release = new("polling.release", "update endpoint set owner = null where id = @id and owner = @me and lease_no = @lease");

    private static readonly Sql _releaseSome = new("polling.release.some", "update endpoint set owner = null where owner = @me and id {in:@ids}");

    private static readonly Sql _releaseAll = new("polling.release.all", "update endpoint set owner = null where owner = @me");

    private static readonly Sql _devices = new("polling.devices", """
        select d.id, d.endpoint_id, d.name, d.address, d.settings, d.category, d.tags, d.enabled, d.stopped, d.status, d.failures, d.breaker_until, d.revision,
          e.driver, e.settings as endpoint_settings, n.id as live_owner
        from device d join endpoint e on e.id = d.endpoint_id left join node n on n.id = e.owner and n.state = 'live'
        where d.endpoint_id {in:@endpoints}
        """);

    private static readonly Sql _changed = new("polling.changed", """
        select d.id, d.endpoint_id, d.name, d.address, d.settings, d.category, d.tags, d.enabled, d.stopped, d.status, d.failures, d.breaker_until, d.revision,
          e.driver, e.settings as endpoint_settings, n.id as live_owner
        from device d join endpoint e on e.id = d.endpoint_id left join node n on n.id = e.owner and n.state = 'live'
        where d.revision > @seen
        """);

    private static readonly Sql _ownGroups = new("polling.groups.own", """
        select g.id from poll_group g join device d on d.id = g.device_id join endpoint e on e.id = d.endpoint_id where e.owner = @me
        """);

    private static readonly Sql _groups = new("polling.groups", """
        select g.id, g.device_id, g.source_id, g.name, g.interval_us, g.timeout_us, g.max_lateness_us, g.enabled, g.accounted_to
        from poll_group g
        where g.device_id {in:@devices}
          and exists (select 1 from poll_plan p where p.group_id = g.id and (p.until_at is null or p.until_at > g.accounted_to))
        """);

    private static readonly Sql _plans = new("polling.plans", """
        select p.group_id, p.no, p.from_at, p.until_at, p.interval_us, p.phase_us
        from poll_plan p join poll_group g on g.id = p.group_id
        where g.device_id {in:@devices} and (p.until_at is null or p.until_at > g.accounted_to)
        """);

    // One text a group: a fleet has a hundred thousand points and a handful of kinds of device, so most texts are equal and read once.
    private static readonly Sql _points = new("polling.points", $$"""
        select p.group_id, string_agg(p.ordinal || '{{PointsText.Field}}' || p.name || '{{PointsText.Field}}' || p.unit || '{{PointsText.Field}}' || p.settings, '{{PointsText.Point}}' order by p.ordinal) as text
        from point p join poll_group g on g.id = p.group_id
        where g.device_id {in:@devices} and p.removed_at is null
        group by p.group_id
        """);

    private static readonly Sql _tail = new("polling.tail", """
        select group_id, plan_no, slot, slots, outcome, coalesce(lateness_us, 0) as lateness_us, coalesce(duration_us, 0) as duration_us
        from poll where slot >= @from and group_id {in:@groups} order by slot
        """);

    private static readonly Sql _hours = new("polling.hours", """
        select group_id, hour, ok, part, failed, missed, lateness, duration from poll_stat where group_id {in:@groups} and hour >= @from order by group_id, hour
        """);

    /// <summary>Takes at most <paramref name="limit"/> endpoints that no live node owns.</summary>
    public static List<ClaimedRow> Claim(Transaction tx, string me, int limit)
    {
        var free = tx.Query<ClaimedRow>(_free, new { limit });
        if (free.Count > 0)
        {
            tx.Execute(_claim, new { me, now = tx.Now, ids = new IdList([.. free.Select(r => r.Id)]) });
        }

        return free;
    }

    /// <summary>A few endpoints that somebody owns.</summary>
    public static long[] Some(Transaction tx, int limit) => [.. tx.Query<long>(_some, new { limit })];

    public static int CountOwned(Transaction tx, string me) => tx.First<int>(_countOwned, new { me });

    public static List<EndpointRow> Owned(Transaction tx, string me) => tx.Query<EndpointRow>(_owned, new { me });

    public static void Release(Transaction tx, string me, long id, long lease) => tx.Execute(_release, new { id, me, lease });

    public static void Release(Transaction tx, string me, long[] endpoints) => tx.Execute(_releaseSome, new { me, ids = new IdList(endpoints) });

    public static void ReleaseAll(Transaction tx, string me) => tx.Execute(_releaseAll, new { me });

    /// <summary>Groups whose device is on an endpoint of ours now.</summary>
    public static List<long> OwnGroups(Transaction tx, string me) => tx.Query<long>(_ownGroups, new { me });

    public static List<DeviceRow> DevicesOf(Transaction tx, long[] endpoints) => tx.Query<DeviceRow>(_devices, new { endpoints = new IdList(endpoints) });

    public static List<DeviceRow> ChangedSince(Transaction tx, long seen) => tx.Query<DeviceRow>(_changed, new { seen });

    public static List<GroupRow> Groups(Transaction tx, long[] devices) => tx.Query<GroupRow>(_groups, new { devices = new IdList(devices) });

    public static List<PlanRow> Plans(Transaction tx, long[] devices) => tx.Query<PlanRow>(_plans, new { devices = new IdList(devices) });

    public static List<PointsRow> Points(Transaction tx, long[] devices) => tx.Query<PointsRow>(_points, new { devices = new IdList(devices) });

    public static List<TailRow> Tail(Transaction tx, long[] groups, Instant from) => tx.Query<TailRow>(_tail, new { groups = new IdList(groups), from });

    public static List<HourRow> Hours(Transaction tx, long[] groups, Instant from) => tx.Query<HourRow>(_hours, new { groups = new IdList(groups), from });
}

/// <summary>An endpoint that a node has just taken.</summary>
public sealed class ClaimedRow
{
    /// <summary>Id of the endpoint.</summary>
    public long Id { get; init; }

    /// <summary>The dead node it was taken from; null when it had no owner.</summary>
    public string? Owner { get; init; }

    /// <summary>True when it was a dead node's, also where an audit has cleared that owner meanwhile.</summary>
    public bool IsFromDead { get; init; }
}

internal sealed class PointsRow
{
    public long GroupId { get; init; }

    /// <summary>See <see cref="PointsText"/>.</summary>
    public string Text { get; init; } = "";
}

internal sealed class TailRow
{
    public long GroupId { get; init; }

    public int PlanNo { get; init; }

    public Instant Slot { get; init; }

    public int Slots { get; init; }

    public string Outcome { get; init; } = "";

    public long LatenessUs { get; init; }

    public long DurationUs { get; init; }
}

internal sealed class HourRow
{
    public long GroupId { get; init; }

    public Instant Hour { get; init; }

    public long Ok { get; init; }

    public long Part { get; init; }

    public long Failed { get; init; }

    public long Missed { get; init; }

    public string Lateness { get; init; } = "";

    public string Duration { get; init; } = "";

    public Ledger.HourCounts Counts()
    {
        var counts = new Ledger.HourCounts(Hour.Micros) { Ok = Ok, Partial = Part, Failed = Failed, Missed = Missed };
        counts.Lateness.Merge(Lateness);
        counts.Duration.Merge(Duration);
        return counts;
    }
}
