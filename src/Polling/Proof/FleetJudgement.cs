using Rondo.Diagnostics;

namespace Rondo.Polling.Proof;

/// <summary>Judges the fleet by what the database says of it: the same for the health of a node and for the status report, so that they never disagree.</summary>
internal static class FleetJudgement
{
    /// <summary>Adds every reason why all is not well with the fleet.</summary>
    /// <param name="fleet">The counts.</param>
    /// <param name="isSettled">False within <see cref="HealthReader.Grace"/> of the start of the node that judges: it may still be claiming.</param>
    /// <param name="pollers">Nodes with the role poll that run; null when only other nodes than the one that judges could be missing.</param>
    /// <param name="found">Where the reasons go.</param>
    public static void Judge(FleetCounts fleet, bool isSettled, int? pollers, List<Finding> found)
    {
        if (fleet.EnabledGroups != fleet.PlannedGroups)
        {
            found.Add(new("polling.plan_mismatch", Health.Critical, "plans", $"{fleet.EnabledGroups} groups are enabled, but {fleet.PlannedGroups} have a plan. This is a bug; rondo polling audit names them"));
        }

        if (pollers == 0 && fleet.EnabledGroups > 0)
        {
            found.Add(new("polling.no_node", Health.Critical, "nodes", $"{fleet.EnabledGroups} groups are enabled, but no node runs that would poll them. Start one: rondo serve"));
        }
        else if (fleet.NeglectedGroups > 0 && isSettled)
        {
            var severity = fleet.OwnedGroups == 0 ? Health.Critical : Health.Degraded;
            found.Add(new("polling.not_owned", severity, "ownership", $"{fleet.NeglectedGroups} of {fleet.EnabledGroups} enabled groups belong to no running node, so nothing polls them. Is a node with the role poll running?"));
        }

        // Half of very few is no sign of anything common to them.
        var offline = fleet.Devices.GetValueOrDefault("offline");
        var polled = fleet.Devices.Where(d => d.Key != "paused").Sum(d => d.Value);
        if (offline > 0)
        {
            var severity = offline >= 3 && offline * 2 > polled ? Health.Critical : Health.Degraded;
            found.Add(new("devices.offline", severity, "devices", $"{offline} of {polled} polled devices are offline. rondo devices list, or GET /api/devices?status=offline, names them"));
        }
    }
}
