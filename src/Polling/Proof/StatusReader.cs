using Rondo.Diagnostics;
using Rondo.Nodes;
using Rondo.Polling.Fleet;
using Rondo.Storage;

namespace Rondo.Polling.Proof;

/// <summary>
/// Tells the state of polling from the database alone. Counts come from the folded hours plus the ledger rows that are not folded yet, so they are
/// current to the last commit; next slots are arithmetic on the plans.
/// </summary>
public static class StatusReader
{
    /// <summary>Up to this many planned slots an hour the rate of the last hour is read from the ledger itself; above, from whole clock hours.</summary>
    private const double MostSlotsRead = 2_000_000;

    /// <summary>Reads the state.</summary>
    /// <param name="tx">A read.</param>
    /// <param name="address">The database's address, by which a running node is known.</param>
    /// <param name="detailed">True: with <see cref="PollingStatus.Details"/> of every device.</param>
    /// <param name="device">Details of this device only, or null; a device that does not exist leaves them empty.</param>
    public static PollingStatus Read(Transaction tx, DatabaseAddress address, bool detailed, string? device)
    {
        var now = tx.Now;
        var nodes = NodeRegister.All(tx).Where(n => NodeRegister.IsRunning(n, address, now)).ToArray();
        var running = nodes.Select(n => n.Id).ToHashSet();
        var owners = StatusStore.Owners(tx, now - HealthReader.Grace);
        var intervals = StatusStore.Intervals(tx);
        var slotsPerSecond = intervals.Sum(i => i.Count * 1_000_000.0 / i.IntervalUs);
        var neglected = owners.Where(o => o.Owner is null || !running.Contains(o.Owner)).ToArray();
        var enabled = (int)owners.Sum(o => o.Count);
        var fleet = new FleetCounts
        {
            EnabledGroups = enabled,
            PlannedGroups = (int)intervals.Sum(i => i.Count),
            OwnedGroups = enabled - (int)neglected.Sum(o => o.Count),
            NeglectedGroups = (int)neglected.Sum(o => o.Settled),
            Devices = StatusStore.Statuses(tx).ToDictionary(s => s.Status, s => (int)s.Count),
        };
        var reasons = new List<Finding>();
        FleetJudgement.Judge(fleet, isSettled: true, nodes.Count(n => n.Roles.Split(',').Contains("poll")), reasons);
        return new PollingStatus
        {
            Reasons = [.. reasons.OrderByDescending(r => r.Severity)],
            At = now,
            Enabled = FleetStore.State(tx).Enabled,
            RunningNodes = running.Count,
            Devices = fleet.Devices.Values.Sum(),
            ByStatus = fleet.Devices,
            EnabledGroups = fleet.EnabledGroups,
            OwnedGroups = fleet.OwnedGroups,
            PlannedGroups = fleet.PlannedGroups,
            SlotsPerSecond = slotsPerSecond,
            Details = detailed || device is not null ? Details(tx, now, device, slotsPerSecond * 3_600 <= MostSlotsRead) : [],
        };
    }

    /// <summary>The status of every device, by name.</summary>
    public static Dictionary<string, string> DeviceStatuses(Transaction tx) => StatusStore.Devices(tx, null).ToDictionary(d => d.Name, d => d.Status);

    private static DevicePolling[] Details(Transaction tx, Instant now, string? name, bool readLastHour)
    {
        var tallies = new Dictionary<long, DeviceTally>();
        foreach (var row in StatusStore.Devices(tx, name))
        {
            tallies.Add(row.Id, new DeviceTally(row, now));
        }

        var groups = new Dictionary<long, (StatusGroup Group, DeviceTally Tally)>();
        foreach (var group in StatusStore.Groups(tx, name))
        {
            groups.Add(group.Id, (group, tallies[group.DeviceId]));
        }

        foreach (var plan in StatusStore.Plans(tx, name))
        {
            groups[plan.GroupId].Group.Plans.Add(plan.Plan);
        }

        foreach (var (group, tally) in groups.Values)
        {
            tally.Take(group);
        }

        var hours = new StatusHours(now);
        foreach (var totals in StatusStore.Totals(tx, name, hours))
        {
            groups[totals.GroupId].Tally.Take(totals, readLastHour);
        }

        foreach (var hour in StatusStore.Distributions(tx, name, hours))
        {
            groups[hour.GroupId].Tally.Take(hour);
        }

        if (Unfolded(groups.Values.Select(g => g.Group)) is { } oldest)
        {
            foreach (var row in StatusStore.Tail(tx, name, oldest))
            {
                var (group, tally) = groups[row.GroupId];
                tally.Take(row, group.Interval(row.PlanNo), hours, readLastHour);
            }
        }

        if (readLastHour)
        {
            LastHour(tx, name, now, groups);
        }

        return [.. tallies.Values.Select(t => t.Done())];
    }

    private static void LastHour(Transaction tx, string? name, Instant now, Dictionary<long, (StatusGroup Group, DeviceTally Tally)> groups)
    {
        var from = now - TimeSpan.FromHours(1);
        foreach (var row in StatusStore.Hour(tx, name, from))
        {
            groups[row.GroupId].Tally.Recent(row.Outcome, row.Slots);
        }

        // Gaps are one row with a count, and may begin before the hour: each counts by the part of it that lies within.
        foreach (var row in StatusStore.Gaps(tx, name, from - TimeSpan.FromDays(31)))
        {
            var (group, tally) = groups[row.GroupId];
            var interval = group.Interval(row.PlanNo);
            var before = row.Slot >= from ? 0 : (from.Micros - row.Slot.Micros + interval - 1) / interval;
            tally.Recent(row.Outcome, Math.Max(0, row.Slots - before));
        }
    }

    /// <summary>The oldest instant from which ledger rows may not be folded yet; null when all are.</summary>
    private static Instant? Unfolded(IEnumerable<StatusGroup> groups)
    {
        Instant? oldest = null;
        foreach (var group in groups)
        {
            // A group whose last plan is accounted to its end has nothing behind it, however long ago that was.
            if (group.Plans.Exists(p => p.Until > group.AccountedTo.Micros) && (oldest is null || group.AccountedTo < oldest))
            {
                oldest = group.AccountedTo;
            }
        }

        return oldest;
    }
}

/// <summary>The clock hours that the rates of a report are made of.</summary>
internal sealed class StatusHours(Instant now)
{
    private const long Length = 3_600_000_000;

    /// <summary>Start of the previous clock hour.</summary>
    public Instant Hour { get; } = Floor(now, 1);

    /// <summary>Start of the clock hour 24 hours ago.</summary>
    public Instant Day { get; } = Floor(now, 24);

    /// <summary>Start of the clock hour 7 days ago.</summary>
    public Instant Week { get; } = Floor(now, 7 * 24);

    private static Instant Floor(Instant now, int hoursAgo)
    {
        var at = now.Micros - (hoursAgo * Length);
        return new Instant(at - (at % Length));
    }
}
