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
    /// Changes the configuration in one transaction: nobody else changes it between the look at what is stored, <paramref name="decide"/>, the check against
    /// the other devices and the writing. When the wish is refused or breaks a rule between devices, nothing is written and no node is disturbed.
    /// </summary>
    /// <param name="database">The database.</param>
    /// <param name="decide">
    /// Says what is wanted of the devices that are stored. It may run again from its start, so it has no effects of its own. Devices it wants must have
    /// passed <see cref="SpecRules"/>.
    /// </param>
    /// <param name="dryRun">True: reads only, and says what would be done.</param>
    /// <param name="stop">Gives up waiting.</param>
    public static Task<FleetChange<TRefusal>> ChangeAsync<TRefusal>(
        Database database, Func<IReadOnlyList<DeviceSpec>, FleetWish<TRefusal>> decide, bool dryRun, CancellationToken stop = default)
        where TRefusal : class => dryRun
        ? database.ReadAsync("devices.compare", tx => Preview(StoredFleet.Load(tx).Specs, decide), stop)
        : database.WriteLongAsync("devices.change", tx => Change(tx, decide), stop);

    /// <summary>What <see cref="ChangeAsync"/> would do if <paramref name="stored"/> were what is stored.</summary>
    public static FleetChange<TRefusal> Preview<TRefusal>(IReadOnlyList<DeviceSpec> stored, Func<IReadOnlyList<DeviceSpec>, FleetWish<TRefusal>> decide)
        where TRefusal : class => FleetChange<TRefusal>.Judge(stored, decide(stored));

    /// <summary>
    /// Makes the stored devices be <paramref name="wanted"/>: adds, changes, and with <paramref name="prune"/> removes those that are not among them.
    /// For fleets that the program makes itself: a contradiction between devices is a bug of the caller. Applying the same again changes nothing.
    /// </summary>
    public static async Task<FleetDiff> ApplyAsync(Database database, IReadOnlyList<DeviceSpec> wanted, bool prune, bool dryRun, CancellationToken stop = default)
    {
        var change = await ChangeAsync(database, _ => new FleetWish<string> { Wanted = wanted, Prune = prune }, dryRun, stop).ConfigureAwait(false);
        return change.Mistakes.Count == 0 ? change.Diff : throw new InvalidOperationException($"The devices contradict each other: {change.Mistakes[0]}");
    }

    /// <summary>Removes a device: its plans end, its ledger and readings stay. Refused while others have it as their parent.</summary>
    public static async Task<DeviceRemoval> RemoveAsync(Database database, string name, bool dryRun = false, CancellationToken stop = default)
    {
        var change = await ChangeAsync(database, stored => Without(stored, name), dryRun, stop).ConfigureAwait(false);
        return change.Refusal ?? new DeviceRemoval(change.Diff.Removed[0], [], []);
    }

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

    /// <summary>For whoever looks at the fleet before a change of theirs in <paramref name="tx"/>: until its end nobody else changes it.</summary>
    public static void Hold(Transaction tx) => PlanGate.Change(tx);

    private static FleetChange<TRefusal> Change<TRefusal>(Transaction tx, Func<IReadOnlyList<DeviceSpec>, FleetWish<TRefusal>> decide)
        where TRefusal : class
    {
        // The gate before the look: whoever changes the fleet meanwhile waits, so what is decided here is decided on what is there. The revision rises
        // only when something is written (FleetApply), because every node that sees a new one looks through the whole configuration.
        PlanGate.Change(tx);
        var stored = StoredFleet.Load(tx);
        var change = Preview(stored.Specs, decide);
        if (change.Refusal is null && change.Mistakes.Count == 0)
        {
            FleetApply.Run(tx, stored, change.Diff);
        }

        return change;
    }

    private static FleetWish<DeviceRemoval> Without(IReadOnlyList<DeviceSpec> stored, string name)
    {
        string[] children = [.. stored.Where(d => d.Parent == name && d.Name != name).Select(d => d.Name)];
        if (!stored.Any(d => d.Name == name))
        {
            return new() { Refusal = new DeviceRemoval(null, [], DeviceList.Near([.. stored.Select(d => d.Name)], name)) };
        }

        return children.Length > 0 ? new() { Refusal = new DeviceRemoval(null, children, []) } : new() { Gone = [name] };
    }
}

/// <summary>What became of the wish to remove a device.</summary>
/// <param name="Device">The device as it was; null when it was not removed.</param>
/// <param name="Children">Who has it as their parent, which is why it stays.</param>
/// <param name="Near">When there is none of that name: at most ten like it, the likeliest first.</param>
public sealed record DeviceRemoval(DeviceSpec? Device, IReadOnlyList<string> Children, IReadOnlyList<string> Near);
