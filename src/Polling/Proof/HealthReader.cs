using Rondo.Diagnostics;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Polling.Proof;

/// <summary>What the database says about the fleet, as far as health is concerned.</summary>
public sealed record FleetCounts
{
    /// <summary>Groups that are enabled: the group, its device, and polling as a whole.</summary>
    public int EnabledGroups { get; init; }

    /// <summary>Groups with an open plan.</summary>
    public int PlannedGroups { get; init; }

    /// <summary>Enabled groups whose endpoint belongs to a live node.</summary>
    public int OwnedGroups { get; init; }

    /// <summary>Enabled groups that nobody owns although their plan has been in force for more than 10 s.</summary>
    public int NeglectedGroups { get; init; }

    /// <summary>Devices by status.</summary>
    public IReadOnlyDictionary<string, int> Devices { get; init; } = new Dictionary<string, int>();
}

/// <summary>Everything health is judged by.</summary>
public sealed record HealthFacts
{
    /// <summary>Database time now.</summary>
    public required Instant Now { get; init; }

    /// <summary>Start of the node.</summary>
    public required Instant StartedAt { get; init; }

    /// <summary>Whether the node may work.</summary>
    public required bool MayWork { get; init; }

    /// <summary>False while a loop is stuck.</summary>
    public required bool IsMakingProgress { get; init; }

    /// <summary>Why the process should end, or null.</summary>
    public string? Broken { get; init; }

    /// <summary>Settings in force.</summary>
    public required PollingOptions Options { get; init; }

    /// <summary>The loops.</summary>
    public IReadOnlyList<LoopHealth> Loops { get; init; } = [];

    /// <summary>The poller, when this node has the role.</summary>
    public PollerState? Poller { get; init; }

    /// <summary>The latest validation, or null.</summary>
    public (Validation Result, Instant At)? Validation { get; init; }

    /// <summary>The latest audit, or null.</summary>
    public (AuditReport Result, Instant At)? Audit { get; init; }

    /// <summary>The fleet, or null when the database could not be read.</summary>
    public FleetCounts? Fleet { get; init; }

    /// <summary>Why it could not be read.</summary>
    public StorageFault? Fault { get; init; }

    /// <summary>The nodes as this one sees them; empty on SQLite.</summary>
    public IReadOnlyList<NodeRow> Nodes { get; init; } = [];

    /// <summary>How hints go, or null.</summary>
    public HintState? Hints { get; init; }
}

/// <summary>Judges one node's polling: each reason is named, and the worst of them is the health.</summary>
public static class HealthReader
{
    /// <summary>A node may take this long after its start, and after an edit, to own what it should.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>How long a step of the clock stays a reason.</summary>
    public static readonly TimeSpan ClockMemory = TimeSpan.FromMinutes(10);

    /// <summary>A wall clock that differs from the database's by more is a reason.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(2);

    /// <summary>How long a Redis that carries hints may be away before it is a reason: nothing depends on it, and it is tried again every few seconds.</summary>
    public static readonly TimeSpan RedisAway = TimeSpan.FromSeconds(60);

    private const string Enabled = """
        from poll_group g join device d on d.id = g.device_id join endpoint e on e.id = d.endpoint_id, polling_state s
        where s.enabled = {true} and d.enabled = {true} and d.stopped = {false} and d.removed_at is null and g.enabled = {true} and g.removed_at is null
        """;

    private const string Owned = "e.owner in (select node.id from node where node.state = 'live')";

    private static readonly Sql _groups = new("health.groups", $$"""
        select (select count(*) {{Enabled}}) as enabled_groups,
          (select count(*) from poll_plan where until_at is null) as planned_groups,
          (select count(*) {{Enabled}} and {{Owned}}) as owned_groups,
          (select count(*) {{Enabled}} and (e.owner is null or not {{Owned}})
             and exists (select 1 from poll_plan p where p.group_id = g.id and p.until_at is null and p.from_at < @settled)) as neglected_groups
        """);

    private static readonly Sql _devices = new("health.devices", "select status, count(*) as count from device where removed_at is null group by status");

    /// <summary>Reads the fleet's counts.</summary>
    public static FleetCounts Read(Transaction tx) => tx.First<FleetCounts>(_groups, new { settled = tx.Now - Grace })! with
    {
        Devices = tx.Query<StatusRow>(_devices).ToDictionary(r => r.Status, r => r.Count),
    };

    /// <summary>Every reason why all is not well, the worst first; none when it is.</summary>
    public static IReadOnlyList<Finding> Judge(HealthFacts facts)
    {
        var found = new List<Finding>();
        Node(facts, found);
        Fleet(facts, found);
        Recorder(facts, found);
        Loops(facts, found);
        Validated(facts, found);
        Audited(facts, found);
        Clock(facts, found);
        Hinted(facts, found);
        return [.. found.OrderByDescending(f => f.Severity)];
    }

    private static void Node(HealthFacts facts, List<Finding> found)
    {
        if (!facts.MayWork)
        {
            found.Add(new("node.may_not_work", Health.Critical, "node", "This node may not work: it could not renew its lease, or was declared dead. Its supervisor should restart it"));
        }

        if (facts.Broken is { } reason)
        {
            found.Add(new("node.broken", Health.Critical, "node", $"This process cannot go on: {reason}. Restart it"));
        }

        if (facts.Fault is { } fault)
        {
            found.Add(new(fault.Kind == StorageFaultKind.Full ? "storage.full" : "storage.unavailable", Health.Critical, "database", fault.Message));
        }
    }

    private static void Fleet(HealthFacts facts, List<Finding> found)
    {
        if (facts.Fleet is { } fleet)
        {
            FleetJudgement.Judge(fleet, facts.Now - facts.StartedAt > Grace, pollers: null, found);
        }
    }

    private static void Recorder(HealthFacts facts, List<Finding> found)
    {
        if (facts.Poller is not { } poller)
        {
            return;
        }

        var share = poller.Waiting / (double)facts.Options.Spool;
        if (share >= 0.5)
        {
            found.Add(new("polling.spool", share >= 0.8 ? Health.Critical : Health.Degraded, "recorder", $"{poller.Waiting} outcomes wait for the database; beyond {facts.Options.Spool} they become missed: database_down"));
        }

        if (poller.Lost > 0)
        {
            found.Add(new("polling.lost", Health.Critical, "recorder", $"{poller.Lost} outcomes were refused by the database in every form. This is a bug; the log names them"));
        }
    }

    private static void Loops(HealthFacts facts, List<Finding> found)
    {
        if (!facts.IsMakingProgress && facts.Broken is null)
        {
            found.Add(new("loops.stuck", Health.Critical, "loops", "A loop is stuck in one pass. It is given up and started again by itself"));
        }

        foreach (var loop in facts.Loops)
        {
            if (loop.LastError is { } error)
            {
                found.Add(new("loops.failing", Health.Degraded, loop.Name, $"The last pass failed and is tried again: {error}"));
            }

            if (loop.Restarts > 0)
            {
                found.Add(new("loops.restarted", Health.Degraded, loop.Name, $"Was stuck and started again {loop.Restarts} times since the start of the process. Restart the process when it has become quiet"));
            }
        }
    }

    private static void Validated(HealthFacts facts, List<Finding> found)
    {
        if (facts.Validation is { Result.IsClean: false } bad)
        {
            var result = bad.Result;
            found.Add(new("polling.not_clean", Health.Critical, "validation", $"{result.Holes} holes, {result.Overlaps} overlaps, {result.Duplicates} duplicates, {result.StrayReadings} stray readings in {result.Expected} expected slots. rondo polling validate names them"));
        }

        Age(found, "polling.validation_old", "validation", facts.Now - (facts.Validation?.At ?? facts.StartedAt), facts.Options.ValidateEvery);
    }

    private static void Audited(HealthFacts facts, List<Finding> found)
    {
        if (facts.Audit is { } audit && audit.Result.Found > audit.Result.Cleaned)
        {
            var open = audit.Result.Items.First(i => !i.Cleaned);
            found.Add(new("polling.audit", Health.Degraded, "audit", $"{audit.Result.Found - audit.Result.Cleaned} findings need a person, first: {open.Message}"));
        }

        Age(found, "polling.audit_old", "audit", facts.Now - (facts.Audit?.At ?? facts.StartedAt), facts.Options.AuditEvery);
    }

    private static void Age(List<Finding> found, string code, string subject, TimeSpan age, TimeSpan every)
    {
        if (age > every * 3)
        {
            found.Add(new(code, Health.Degraded, subject, $"The last {subject} is {age.TotalSeconds:0} s old, more than three times its interval of {every.TotalSeconds:0} s"));
        }
    }

    private static void Clock(HealthFacts facts, List<Finding> found)
    {
        if (facts.Poller is { LastClockStepAt: { } at, LastClockStep: { } step } && facts.Now - at < ClockMemory)
        {
            found.Add(new("clock.stepped", Health.Degraded, "clock", $"The database clock stepped by {step.TotalSeconds:0.0} s at {at}. Is time synchronised?"));
        }

        foreach (var node in facts.Nodes)
        {
            var offset = TimeSpan.FromMicroseconds(node.ClockOffsetUs);
            if (offset.Duration() > ClockSkew)
            {
                found.Add(new(
                    "clock.skew",
                    Health.Degraded,
                    node.Id,
                    $"The clock of node {node.Id} on {node.Host} is {offset.Duration().TotalSeconds:0.0} s {(offset > TimeSpan.Zero ? "ahead of" : "behind")} the database's. Polling follows the database's; logs and certificates do not. Synchronise the time there"));
            }
        }
    }

    private static void Hinted(HealthFacts facts, List<Finding> found)
    {
        if (facts.Hints?.Redis is { AwaySince: { } since } redis && facts.Now - since > RedisAway)
        {
            found.Add(new(
                "hints.redis",
                Health.Degraded,
                "redis",
                $"Redis at {redis.Address} has been away for {(facts.Now - since).TotalSeconds:0} s: {redis.LastError ?? "it has not answered yet"}. Everything still works, hints go by NOTIFY, and what they miss is found a little later. Is it running, can this machine reach it, are user and password right?"));
        }
    }

    private sealed class StatusRow
    {
        public string Status { get; init; } = "";

        public int Count { get; init; }
    }
}
