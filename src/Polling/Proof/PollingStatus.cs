using System.Text.Json.Serialization;
using Rondo.Diagnostics;
using Rondo.Storage;

namespace Rondo.Polling.Proof;

/// <summary>What is known of one device's polling.</summary>
public sealed record DevicePolling
{
    /// <summary>Id.</summary>
    public long Id { get; init; }

    /// <summary>Name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Address of its endpoint.</summary>
    public string Address { get; init; } = "";

    /// <summary>Status: unknown, online, degraded, offline, paused.</summary>
    public string Status { get; init; } = "";

    /// <summary>Since when it has this status.</summary>
    public Instant StatusAt { get; init; }

    /// <summary>Incarnation that owns its endpoint, or null.</summary>
    public string? Owner { get; init; }

    /// <summary>Last slot with an outcome.</summary>
    public Instant? LastSlot { get; init; }

    /// <summary>Next planned slot, or null when none is planned.</summary>
    public Instant? NextSlot { get; init; }

    /// <summary>Slot of the last poll that got an answer.</summary>
    public Instant? LastSuccess { get; init; }

    /// <summary>Last error in words, or null.</summary>
    public string? LastError { get; init; }

    /// <summary>When that was.</summary>
    public Instant? LastErrorAt { get; init; }

    /// <summary>Polls in a row without an answer.</summary>
    public int ConsecutiveFailures { get; init; }

    /// <summary>Polls that read every point, as long as counts are kept.</summary>
    public long Ok { get; init; }

    /// <summary>Polls that read some points.</summary>
    public long Partial { get; init; }

    /// <summary>Polls that read nothing.</summary>
    public long Failed { get; init; }

    /// <summary>Slots missed.</summary>
    public long Missed { get; init; }

    /// <summary>Share of slots with an answer in the last hour, 0 to 1; null without slots.</summary>
    [JsonPropertyName("success_rate_1h")]
    public double? SuccessRate1H { get; init; }

    /// <summary>The same for 24 hours (whole clock hours).</summary>
    [JsonPropertyName("success_rate_24h")]
    public double? SuccessRate24H { get; init; }

    /// <summary>The same for 7 days (whole clock hours).</summary>
    [JsonPropertyName("success_rate_7d")]
    public double? SuccessRate7D { get; init; }

    /// <summary>Duration of a poll over 24 hours, median, ms.</summary>
    public double? DurationP50Ms { get; init; }

    /// <summary>99th percentile.</summary>
    public double? DurationP99Ms { get; init; }

    /// <summary>Lateness over 24 hours, median, ms.</summary>
    public double? LatenessP50Ms { get; init; }

    /// <summary>99th percentile.</summary>
    public double? LatenessP99Ms { get; init; }
}

/// <summary>The state of polling as the database tells it, with or without a running server.</summary>
public sealed record PollingStatus
{
    /// <summary>How polling is, as far as the database tells, with or without a running server; the worst of the reasons.</summary>
    public Health Status => Finding.Worst(Reasons);

    /// <summary>Why it is not healthy, the worst first.</summary>
    public IReadOnlyList<Finding> Reasons { get; init; } = [];

    /// <summary>Instant of the report.</summary>
    public Instant At { get; init; }

    /// <summary>The stored intent: is polling on at all?</summary>
    public bool Enabled { get; init; }

    /// <summary>Nodes that run.</summary>
    public int RunningNodes { get; init; }

    /// <summary>Devices that are not removed.</summary>
    public int Devices { get; init; }

    /// <summary>Devices by status.</summary>
    public IReadOnlyDictionary<string, int> ByStatus { get; init; } = new Dictionary<string, int>();

    /// <summary>Groups that are enabled (group, device, and polling as a whole).</summary>
    public int EnabledGroups { get; init; }

    /// <summary>Enabled groups whose endpoint is owned by a running node.</summary>
    public int OwnedGroups { get; init; }

    /// <summary>Groups with an open plan. Enabled = owned = planned, or something is wrong.</summary>
    public int PlannedGroups { get; init; }

    /// <summary>Slots planned per second.</summary>
    public double SlotsPerSecond { get; init; }

    /// <summary>Per device; empty unless details were asked for.</summary>
    public IReadOnlyList<DevicePolling> Details { get; init; } = [];

    /// <summary>True when enabled = owned = planned.</summary>
    public bool IsConsistent => EnabledGroups == OwnedGroups && EnabledGroups == PlannedGroups;
}
