using Rondo.Polling.Fleet;
using Rondo.Polling.Slots;
using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>Everything needed to arm some devices, read in one snapshot.</summary>
internal sealed class DeviceLoad
{
    public List<DeviceRow> Devices { get; } = [];

    public Dictionary<long, List<GroupRow>> Groups { get; } = [];

    public Dictionary<long, List<PlanRow>> Plans { get; } = [];

    /// <summary>The points of each group, as <see cref="PointsText"/>.</summary>
    public Dictionary<long, string> Points { get; private set; } = [];

    /// <summary>Ledger rows after accounted_to, of the groups whose accounts are to be taken over.</summary>
    public Dictionary<long, List<TailRow>> Tail { get; } = [];

    public Dictionary<long, List<HourRow>> Hours { get; } = [];

    /// <summary>Devices of endpoints that were just claimed, with their accounts.</summary>
    public static DeviceLoad OfEndpoints(Transaction tx, long[] endpoints)
    {
        var load = new DeviceLoad();
        load.Devices.AddRange(OwnershipStore.DevicesOf(tx, endpoints));
        load.ReadGroups(tx);
        load.ReadAccounts(tx, [.. load.Groups.Values.SelectMany(g => g)]);
        return load;
    }

    /// <summary>
    /// Devices of ours (on an owned endpoint, or armed on the one they were on before) whose configuration changed after revision <paramref name="seen"/>;
    /// accounts only of groups that <paramref name="isArmed"/> does not know.
    /// </summary>
    public static DeviceLoad Changed(Transaction tx, long seen, Func<DeviceRow, bool> isOurs, Func<long, bool> isArmed)
    {
        var load = new DeviceLoad();
        load.Devices.AddRange(OwnershipStore.ChangedSince(tx, seen).Where(isOurs));
        load.ReadGroups(tx);
        load.ReadAccounts(tx, [.. load.Groups.Values.SelectMany(g => g).Where(g => !isArmed(g.Id))]);
        return load;
    }

    public Plan[] PlansOf(long group) => Plans.TryGetValue(group, out var rows) ? [.. rows.Select(p => p.Plan)] : [];

    private void ReadGroups(Transaction tx)
    {
        var devices = Devices.Select(d => d.Id).ToArray();
        Gather(Groups, OwnershipStore.Groups(tx, devices), g => g.DeviceId);
        Gather(Plans, OwnershipStore.Plans(tx, devices), p => p.GroupId);
        Points = OwnershipStore.Points(tx, devices).ToDictionary(p => p.GroupId, p => p.Text);
    }

    private void ReadAccounts(Transaction tx, List<GroupRow> groups)
    {
        if (groups.Count == 0)
        {
            return;
        }

        // The ledger is in the order of slots, so what is read is everything after the oldest account. Groups that lag far behind (long intervals, hours
        // without a node) are read apart, lest one of them make all the others' rows be read again.
        var wanted = groups.Select(g => g.Id).ToHashSet();
        var from = groups.Min(Begin);
        var recent = tx.Now - TimeSpan.FromMinutes(2);
        foreach (var some in groups.GroupBy(g => Begin(g) >= recent))
        {
            Gather(Tail, OwnershipStore.Tail(tx, [.. some.Select(g => g.Id)], some.Min(Begin)), r => r.GroupId);
        }

        var hour = new Instant(from.Micros - (from.Micros % 3_600_000_000));
        Gather(Hours, OwnershipStore.Hours(tx, [.. wanted], hour), h => h.GroupId);
    }

    /// <summary>Where the account really begins: a group that was paused owes nothing before its next plan.</summary>
    private Instant Begin(GroupRow group)
    {
        var plans = Plans.GetValueOrDefault(group.Id);
        var first = plans is { Count: > 0 } ? plans.Min(p => p.FromAt) : group.AccountedTo;
        return first > group.AccountedTo ? first : group.AccountedTo;
    }

    private static void Gather<T>(Dictionary<long, List<T>> into, List<T> rows, Func<T, long> key)
    {
        foreach (var row in rows)
        {
            if (!into.TryGetValue(key(row), out var list))
            {
                into.Add(key(row), list = []);
            }

            list.Add(row);
        }
    }
}
