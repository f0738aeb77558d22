using Rondo.Diagnostics;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Polling;
using Rondo.Polling.Proof;
using Rondo.Storage;

namespace Rondo.Tests.Http;

/// <summary>Each fact, and what it does to the health.</summary>
public class HealthJudgementTests
{
    private static readonly Instant Start = Instant.From(new DateTime(2026, 3, 2, 0, 0, 0, DateTimeKind.Utc));

    private static readonly HealthFacts Well = new()
    {
        Now = Start + TimeSpan.FromMinutes(4),
        StartedAt = Start,
        MayWork = true,
        IsMakingProgress = true,
        Options = new PollingOptions(),
        Loops = [new LoopHealth("polling.record", 10, 0, 0, 0, null)],
        Poller = new PollerState { MayWork = true, SeenRevision = 1 },
        Fleet = new FleetCounts { EnabledGroups = 10, PlannedGroups = 10, OwnedGroups = 10, Devices = new Dictionary<string, int> { ["online"] = 10 } },
    };

    private static HealthFacts Fleet(int offline, int online) => Well with
    {
        Fleet = Well.Fleet! with { Devices = new Dictionary<string, int> { ["offline"] = offline, ["online"] = online, ["paused"] = 100 } },
    };

    public static TheoryData<string, string?, Health> Facts => new()
    {
        { "all is well", null, Health.Healthy },
        { "may not work", "node.may_not_work", Health.Critical },
        { "broken", "node.broken", Health.Critical },
        { "database away", "storage.unavailable", Health.Critical },
        { "disk full", "storage.full", Health.Critical },
        { "recorder fails on a full disk", "loops.failing", Health.Degraded },
        { "plans differ", "polling.plan_mismatch", Health.Critical },
        { "nobody owns anything", "polling.not_owned", Health.Critical },
        { "some are not owned", "polling.not_owned", Health.Degraded },
        { "not owned just after the start", null, Health.Healthy },
        { "one of one offline", "devices.offline", Health.Degraded },
        { "half offline", "devices.offline", Health.Degraded },
        { "most offline", "devices.offline", Health.Critical },
        { "spool half full", "polling.spool", Health.Degraded },
        { "spool nearly full", "polling.spool", Health.Critical },
        { "outcome lost", "polling.lost", Health.Critical },
        { "loop stuck", "loops.stuck", Health.Critical },
        { "loop restarted", "loops.restarted", Health.Degraded },
        { "hole", "polling.not_clean", Health.Critical },
        { "validation clean", null, Health.Healthy },
        { "validation old", "polling.validation_old", Health.Degraded },
        { "never validated", "polling.validation_old", Health.Degraded },
        { "audit leaves something", "polling.audit", Health.Degraded },
        { "audit cleaned everything", null, Health.Healthy },
        { "clock stepped", "clock.stepped", Health.Degraded },
        { "clock stepped long ago", null, Health.Healthy },
        { "a node's clock is ahead", "clock.skew", Health.Degraded },
        { "a node's clock is a little behind", null, Health.Healthy },
        { "no Redis is configured", null, Health.Healthy },
        { "Redis carries hints", null, Health.Healthy },
        { "Redis has just gone", null, Health.Healthy },
        { "Redis is away", "hints.redis", Health.Degraded },
    };

    [Theory]
    [MemberData(nameof(Facts))]
    public void Each_fact_has_its_severity(string fact, string? code, Health severity)
    {
        var found = HealthReader.Judge(Case(fact));
        Assert.Equal(severity, Finding.Worst(found));
        Assert.Equal(code is null ? [] : [code], found.Select(f => f.Code));
    }

    [Fact]
    public void The_worst_reason_comes_first()
    {
        var found = HealthReader.Judge(Fleet(1, 9) with { MayWork = false });
        Assert.Equal(["node.may_not_work", "devices.offline"], found.Select(f => f.Code));
    }

    [Fact]
    public void A_clock_that_is_off_is_named_with_its_node_and_its_offset()
    {
        var found = HealthReader.Judge(Well with { Nodes = [new NodeRow { Id = "n2", Host = "h2", ClockOffsetUs = -30_000_000 }] });
        var finding = Assert.Single(found);
        Assert.Equal("n2", finding.Subject);
        Assert.Contains("node n2 on h2 is 30.0 s behind", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_Redis_that_is_away_is_told_with_what_it_costs_and_what_to_check()
    {
        var finding = Assert.Single(HealthReader.Judge(Redis(TimeSpan.FromSeconds(90), "it refused the login (WRONGPASS)")));
        Assert.Contains("Redis at redis://r:6379 has been away for 90 s: it refused the login (WRONGPASS). Everything still works", finding.Message, StringComparison.Ordinal);
        Assert.Contains("are user and password right?", finding.Message, StringComparison.Ordinal);
        Assert.Contains("it has not answered yet", Assert.Single(HealthReader.Judge(Redis(TimeSpan.FromSeconds(90), null))).Message, StringComparison.Ordinal);
    }

    private static HealthFacts Redis(TimeSpan? away, string? error) => Well with
    {
        Hints = new HintState(true, null, 0, 0, 0)
        {
            Redis = new RedisHintState("redis://r:6379", away is null, away is { } span ? Well.Now - span : null, error, 0, 0, 0),
        },
    };

    private static HealthFacts Case(string fact)
    {
        var clean = new Validation { Expected = 5, Recorded = 5 };
        var stuck = new AuditItem("stuck_account", "m/main", "behind", Cleaned: false);
        return fact switch
        {
            "all is well" => Well,
            "may not work" => Well with { MayWork = false },
            "broken" => Well with { Broken = "a loop was stuck", IsMakingProgress = false },
            "database away" => Well with { Fleet = null, Fault = new StorageFault(StorageFaultKind.Unavailable, "away") },
            "disk full" => Well with { Fleet = null, Fault = new StorageFault(StorageFaultKind.Full, "full") },
            "recorder fails on a full disk" => Well with { Loops = [new LoopHealth("polling.record", 10, 1, 0, 0, "the disk is full")] },
            "plans differ" => Well with { Fleet = Well.Fleet! with { PlannedGroups = 9 } },
            "nobody owns anything" => Well with { Fleet = Well.Fleet! with { OwnedGroups = 0, NeglectedGroups = 10 } },
            "some are not owned" => Well with { Fleet = Well.Fleet! with { OwnedGroups = 8, NeglectedGroups = 2 } },
            "not owned just after the start" => Well with { Now = Start + TimeSpan.FromSeconds(9), Fleet = Well.Fleet! with { OwnedGroups = 0, NeglectedGroups = 10 } },
            "one of one offline" => Fleet(1, 0),
            "half offline" => Fleet(5, 5),
            "most offline" => Fleet(6, 4),
            "spool half full" => Well with { Poller = Well.Poller! with { Waiting = 50_000 } },
            "spool nearly full" => Well with { Poller = Well.Poller! with { Waiting = 80_000 } },
            "outcome lost" => Well with { Poller = Well.Poller! with { Lost = 1 } },
            "loop stuck" => Well with { IsMakingProgress = false },
            "loop restarted" => Well with { Loops = [new LoopHealth("polling.fleet", 10, 0, 1, 0, null)] },
            "hole" => Well with { Validation = (clean with { Recorded = 4, Holes = 1 }, Well.Now) },
            "validation clean" => Well with { Validation = (clean, Well.Now) },
            "validation old" => Well with { Now = Start + TimeSpan.FromMinutes(26), Validation = (clean, Start + TimeSpan.FromMinutes(10)), Audit = (new AuditReport([], false), Start + TimeSpan.FromMinutes(20)) },
            "never validated" => Well with { Now = Start + TimeSpan.FromMinutes(16) },
            "audit leaves something" => Well with { Audit = (new AuditReport([stuck], false), Well.Now) },
            "audit cleaned everything" => Well with { Audit = (new AuditReport([stuck with { Cleaned = true }], false), Well.Now) },
            "clock stepped" => Well with { Poller = Well.Poller! with { LastClockStep = TimeSpan.FromHours(-1), LastClockStepAt = Well.Now - TimeSpan.FromMinutes(1) } },
            "clock stepped long ago" => Well with { Poller = Well.Poller! with { LastClockStep = TimeSpan.FromHours(1), LastClockStepAt = Well.Now - TimeSpan.FromMinutes(11) } },
            "a node's clock is ahead" => Well with { Nodes = [new NodeRow { Id = "n1" }, new NodeRow { Id = "n2", Host = "h2", ClockOffsetUs = 30_000_000 }] },
            "a node's clock is a little behind" => Well with { Nodes = [new NodeRow { Id = "n1", ClockOffsetUs = -1_500_000 }] },
            "no Redis is configured" => Well with { Hints = new HintState(true, null, 0, 0, 0) },
            "Redis carries hints" => Redis(null, null),
            "Redis has just gone" => Redis(TimeSpan.FromSeconds(60), "it closed the connection"),
            "Redis is away" => Redis(TimeSpan.FromSeconds(61), "it closed the connection"),
            _ => throw new ArgumentOutOfRangeException(nameof(fact), fact, "no such case"),
        };
    }
}
