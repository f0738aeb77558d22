using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Polling.Fleet;

/// <summary>
/// Secrets of devices: set, listed and removed by operators, opened by the driver that needs them. They end with their device. That of another device of the same name, later, is another one.
/// </summary>
public static class DeviceSecrets
{
    private const int Most = 20;

    private static readonly Sql _exists = new("devices.exists", "select case when exists (select 1 from device where name = @name and removed_at is null) then 1 else 0 end");

    /// <summary>Stores a value.</summary>
    /// <param name="database">The database.</param>
    /// <param name="box">Encrypts.</param>
    /// <param name="device">The device.</param>
    /// <param name="name">What it is called; it has passed <see cref="SecretBox.MistakeOfName"/>.</param>
    /// <param name="value">The value; it has passed <see cref="SecretBox.MistakeOfValue"/>.</param>
    /// <param name="by">By whom.</param>
    /// <param name="stop">Gives up waiting.</param>
    /// <exception cref="StorageFault">The key ring cannot be used.</exception>
    public static Task<SecretChange> SetAsync(Database database, SecretBox box, string device, string name, string value, string by, CancellationToken stop = default)
    {
        box.Prepare();

        // The first one makes the key of the ring, which on a slow machine takes longer than a second.
        return database.WriteLongAsync(
            "devices.secret.set",
            tx =>
            {
                // With it nobody removes the device meanwhile.
                PlanGate.Change(tx);
                var owner = SecretOwner.Device(device);
                if (!Exists(tx, device))
                {
                    return new SecretChange(SecretOutcome.NoDevice, device, name, null, null);
                }

                var before = SecretBox.Find(tx, owner, name);
                if (before is null && SecretBox.List(tx, owner).Count >= Most)
                {
                    return new SecretChange(SecretOutcome.TooMany, device, name, null, null);
                }

                box.Put(tx, owner, name, value, by);
                return new SecretChange(SecretOutcome.Done, device, name, before, SecretBox.Find(tx, owner, name));
            },
            stop);
    }

    /// <summary>Removes one.</summary>
    public static Task<SecretChange> RemoveAsync(Database database, string device, string name, CancellationToken stop = default) => database.WriteAsync(
        "devices.secret.remove",
        tx =>
        {
            var owner = SecretOwner.Device(device);
            var before = SecretBox.Find(tx, owner, name);
            return SecretBox.Remove(tx, owner, name)
                ? new SecretChange(SecretOutcome.Done, device, name, before, null)
                : new SecretChange(Exists(tx, device) ? SecretOutcome.NoSecret : SecretOutcome.NoDevice, device, name, null, null);
        },
        stop);

    /// <summary>What a device has, without values; null when there is no such device.</summary>
    public static Task<List<SecretView>?> ListAsync(Database database, string device, CancellationToken stop = default) => database.ReadAsync(
        "devices.secrets", tx => Exists(tx, device) ? SecretBox.List(tx, SecretOwner.Device(device)) : null, stop);

    private static bool Exists(Transaction tx, string device) => tx.First<int>(_exists, new { name = device }) == 1;
}

/// <summary>What became of a change of a secret.</summary>
public enum SecretOutcome
{
    /// <summary>It was done.</summary>
    Done,

    /// <summary>There is no such device.</summary>
    NoDevice,

    /// <summary>The device has no such secret.</summary>
    NoSecret,

    /// <summary>The device has as many as it may have (20).</summary>
    TooMany,
}

/// <summary>A change of a secret, without values.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Device">Whose.</param>
/// <param name="Name">Which.</param>
/// <param name="Before">As it was; null for not there.</param>
/// <param name="After">As it is; null for not there.</param>
public sealed record SecretChange(SecretOutcome Outcome, string Device, string Name, SecretView? Before, SecretView? After);
