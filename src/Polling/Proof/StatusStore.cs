using Rondo.Polling.Fleet;
using Rondo.Polling.Slots;
using Rondo.Storage;

namespace Rondo.Polling.Proof;

/// <summary>The SQL of the status report, and only the SQL.</summary>
internal static class StatusStore
{
    // Which groups a report is about. The cast tells PostgreSQL the type of a null.
    private const string Wanted = """
        (select g.id from poll_group g join device d on d.id = g.device_id
         where d.removed_at is null and (cast(@device as {text}) is null or d.name = @device))
        """;

    private static readonly Sql _statuses = new("status.statuses", "select status, count(*) as count from device where removed_at is null group by status");

    // Settled: a plan that has been in force for so long that its group should have an owner.
    private static readonly Sql _owners = new("status.owners", """
        select e.owner, count(*) as count,
          count(case when exists (select 1 from poll_plan p where p.group_id = g.id and p.until_at is null and p.from_at < @settled) then 1 end) as settled
        from poll_group g join device d on d.id = g.device_id join endpoint e on e.id = d.endpoint_id, polling_state s
        where s.enabled = {true} and d.enabled = {true} and d.stopped = {false} and d.removed_at is null and g.enabled = {true} and g.removed_at is null
        group by e.owner
        """);

    private static readonly Sql _intervals = new("status.intervals", "select interval_us, count(*) as count from poll_plan where until_at is null group by interval_us");

    private static readonly Sql _devices = new("status.devices", """
        select d.id, d.name, e.address, d.status, d.status_at, d.failures, e.owner
        from device d join endpoint e on e.id = d.endpoint_id
        where d.removed_at is null and (cast(@device as {text}) is null or d.name = @device) order by d.name
        """);

    private static readonly Sql _groups = new("status.groups", $"""
        select id, device_id, accounted_to, last_ok_at, last_error, last_error_at from poll_group where id in {Wanted}
        """);

    private static readonly Sql _plans = new("status.plans", $"""
        select group_id, no, from_at, until_at, interval_us, phase_us from poll_plan where group_id in {Wanted} order by group_id, no
        """);

    private static readonly Sql _totals = new("status.totals", $$"""
        select group_id, cast(sum(ok) as {bigint}) as ok, cast(sum(part) as {bigint}) as part, cast(sum(failed) as {bigint}) as failed, cast(sum(missed) as {bigint}) as missed,
          cast(sum(case when hour >= @hour then ok + part else 0 end) as {bigint}) as hour_good,
          cast(sum(case when hour >= @hour then ok + part + failed + missed else 0 end) as {bigint}) as hour_all,
          cast(sum(case when hour >= @day then ok + part else 0 end) as {bigint}) as day_good,
          cast(sum(case when hour >= @day then ok + part + failed + missed else 0 end) as {bigint}) as day_all,
          cast(sum(case when hour >= @week then ok + part else 0 end) as {bigint}) as week_good,
          cast(sum(case when hour >= @week then ok + part + failed + missed else 0 end) as {bigint}) as week_all
        from poll_stat where group_id in {{Wanted}} group by group_id
        """);

    private static readonly Sql _distributions = new("status.distributions", $"""
        select group_id, lateness, duration from poll_stat where hour >= @day and group_id in {Wanted}
        """);

    private static readonly Sql _tail = new("status.tail", $"""
        select p.group_id, p.plan_no, p.slot, p.slots, p.outcome, p.reason, p.detail, p.lateness_us, p.duration_us
        from poll p join poll_group o on o.id = p.group_id
        where p.slot >= @oldest and p.slot >= o.accounted_to and p.group_id in {Wanted} order by p.slot
        """);

    private static readonly Sql _hour = new("status.hour", $$"""
        select group_id, outcome, cast(count(*) as {bigint}) as slots from poll where slot >= @from and slots = 1 and group_id in {{Wanted}} group by group_id, outcome
        """);

    private static readonly Sql _gaps = new("status.gaps", $"""
        select group_id, plan_no, slot, slots, outcome from poll where slots > 1 and slot >= @since and group_id in {Wanted}
        """);

    public static List<StatusCount> Statuses(Transaction tx) => tx.Query<StatusCount>(_statuses);

    public static List<StatusCount> Owners(Transaction tx, Instant settled) => tx.Query<StatusCount>(_owners, new { settled });

    public static List<StatusCount> Intervals(Transaction tx) => tx.Query<StatusCount>(_intervals);

    public static List<StatusDevice> Devices(Transaction tx, string? device) => tx.Query<StatusDevice>(_devices, new { device });

    public static List<StatusGroup> Groups(Transaction tx, string? device) => tx.Query<StatusGroup>(_groups, new { device });

    public static List<PlanRow> Plans(Transaction tx, string? device) => tx.Query<PlanRow>(_plans, new { device });

    public static List<StatusTotals> Totals(Transaction tx, string? device, StatusHours hours) =>
        tx.Query<StatusTotals>(_totals, new { device, hour = hours.Hour, day = hours.Day, week = hours.Week });

    public static IEnumerable<StatusDistribution> Distributions(Transaction tx, string? device, StatusHours hours) =>
        tx.Stream<StatusDistribution>(_distributions, new { device, day = hours.Day });

    public static IEnumerable<StatusRow> Tail(Transaction tx, string? device, Instant oldest) => tx.Stream<StatusRow>(_tail, new { device, oldest });

    public static List<StatusRow> Hour(Transaction tx, string? device, Instant from) => tx.Query<StatusRow>(_hour, new { device, from });

    public static List<StatusRow> Gaps(Transaction tx, string? device, Instant since) => tx.Query<StatusRow>(_gaps, new { device, since });
}

internal sealed class StatusCount
{
    public string Status { get; init; } = "";

    public string? Owner { get; init; }

    public long IntervalUs { get; init; }

    public long Count { get; init; }

    public long Settled { get; init; }
}

internal sealed class StatusDevice
{
    public long Id { get; init; }

    public string Name { get; init; } = "";

    public string Address { get; init; } = "";

    public string Status { get; init; } = "";

    public Instant StatusAt { get; init; }

    public int Failures { get; init; }

    public string? Owner { get; init; }
}

internal sealed class StatusGroup
{
    public long Id { get; init; }

    public long DeviceId { get; init; }

    public Instant AccountedTo { get; init; }

    public Instant? LastOkAt { get; init; }

    public string? LastError { get; init; }

    public Instant? LastErrorAt { get; init; }

    public List<Plan> Plans { get; } = [];

    /// <summary>Interval of one of its plans; a plan that retention took away counts as one second.</summary>
    public long Interval(int plan) => Plans.Find(p => p.No == plan) is { No: > 0 } found ? found.Interval : 1_000_000;
}

internal sealed class StatusTotals
{
    public long GroupId { get; init; }

    public long Ok { get; init; }

    public long Part { get; init; }

    public long Failed { get; init; }

    public long Missed { get; init; }

    public long HourGood { get; init; }

    public long HourAll { get; init; }

    public long DayGood { get; init; }

    public long DayAll { get; init; }

    public long WeekGood { get; init; }

    public long WeekAll { get; init; }
}

internal sealed class StatusDistribution
{
    public long GroupId { get; init; }

    public string Lateness { get; init; } = "";

    public string Duration { get; init; } = "";
}

internal sealed class StatusRow
{
    public long GroupId { get; init; }

    public int PlanNo { get; init; }

    public Instant Slot { get; init; }

    public long Slots { get; init; }

    public string Outcome { get; init; } = "";

    public string? Reason { get; init; }

    public string? Detail { get; init; }

    public long? LatenessUs { get; init; }

    public long? DurationUs { get; init; }
}
