using Rondo.Polling.Configuration;
using Rondo.Storage;

namespace Rondo.Polling.Fleet;

/// <summary>What may be done to the configuration, by command and over HTTP, with or without a running server.</summary>
public static class Devices
{
    /// <summary>Every device as it is configured, by name.</summary>
    public static Task<IReadOnlyList<DeviceSpec>> ListAsync(Database database, CancellationToken stop = default) =>
        database.ReadAsync("devices.list", tx => StoredFleet.Load(tx).Specs, stop);

    /// <summary>
    /// Makes the stored devices be <paramref name="wanted"/>: adds, changes, and with <paramref name="prune"/> removes those that are not among them.
    /// The specs must have passed <see cref="SpecRules"/> and <see cref="FleetRules"/>. One transaction; applying the same again changes nothing.
    /// </summary>
    public static Task<FleetDiff> ApplyAsync(
        Database database, IReadOnlyList<DeviceSpec> wanted, bool prune, bool dryRun, CancellationToken stop = default) => dryRun
        ? database.ReadAsync("devices.compare", tx => FleetApply.Run(tx, wanted, prune, dryRun: true), stop)
        : database.WriteLongAsync("devices.apply", tx => FleetApply.Run(tx, wanted, prune, dryRun: false), stop);

    /// <summary>Removes a device: its plans end, its ledger and readings stay. False when there is none of that name.</summary>
    public static Task<bool> RemoveAsync(Database database, string name, CancellationToken stop = default) => database.WriteLongAsync(
        "devices.remove",
        tx =>
        {
            var rest = StoredFleet.Load(tx).Specs.Where(d => d.Name != name).ToArray();
            return FleetApply.Run(tx, rest, prune: true, dryRun: false).Removed.Count > 0;
        },
        stop);

    /// <summary>
    /// Starts or stops polling, of one device or (null) of everything. Stored: it holds over restarts, and a device file does not undo it.
    /// Returns the configuration revision that nodes have to see, or null when there is no such device.
    /// </summary>
    public static Task<long?> SetPollingAsync(Database database, string? device, bool on, CancellationToken stop = default) => database.WriteLongAsync(
        "polling.intent",
        tx =>
        {
            var change = FleetStore.BeginChange(tx);
            if (device is null)
            {
                FleetStore.Enable(tx, on);
                FleetStore.TouchAll(tx, change.Revision);
            }
            else if (!FleetStore.SetStopped(tx, device, !on, change.Revision))
            {
                return (long?)null;
            }

            PlanStore.Follow(tx, tx.Now + FleetApply.Lead);
            return change.Revision;
        },
        stop);
}
