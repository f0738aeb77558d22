using System.Text.Json;
using Rondo.Storage;

namespace Rondo.Security;

/// <content>Another key for the rows to come.</content>
public sealed partial class AuditTrail
{
    /// <summary>What the row is called that hands over from one key to the next.</summary>
    internal const string RotateAction = "audit.rotate_key";

    /// <summary>So long after a hand-over rows are taken whose transaction had begun with the key before.</summary>
    internal static readonly TimeSpan Late = TimeSpan.FromMinutes(1);

    /// <summary>Makes the key for the next rotation and puts it into the ring, not into force: for copying the ring to the other nodes first.</summary>
    /// <returns>Its name.</returns>
    /// <exception cref="StorageFault">Database or ring cannot be used.</exception>
    public Task<string> PrepareKeyAsync(Database database, CancellationToken stop = default) =>
        database.ReadAsync("audit.next_key", tx => keys.Next(id => IsUsed(tx, AuditStore.Head(tx), id)).Id, stop);

    /// <summary>
    /// Puts another key into force. What waits is sealed by the old one; then comes a row that names the new one, proved and sealed by the old one and carrying a proof by the new one, so that nobody
    /// hands over who does not have both. The old key stays in the ring, for what it has sealed.
    /// </summary>
    /// <returns>Names of the old key and the new one.</returns>
    /// <exception cref="StorageFault">Database or ring cannot be used, or the trail does not contain any more what was anchored.</exception>
    public async Task<(string From, string To)> RotateKeyAsync(Database database, Actor actor, string reason, CancellationToken stop = default)
    {
        keys.Key();
        await CheckAsync(database, stop).ConfigureAwait(false);
        (string Id, byte[] Key)? next = null;
        var (head, from) = await database.WriteLongAsync(
            "audit.rotate_key",
            tx =>
            {
                var (identity, old, key) = Begun(tx);
                while (SealPiece(tx).IsMore)
                {
                    // All of it, under the lock of the head.
                }

                var last = AuditStore.LockHead(tx);
                if (last.KeyId != old)
                {
                    throw new StorageFault(StorageFaultKind.Conflict, "somebody else has just rotated the key of the audit trail; look at it: rondo audit list --action audit.");
                }

                next ??= keys.Next(id => IsUsed(tx, last, id));
                var (to, mine) = next.Value;
                var after = JsonSerializer.Serialize(new { key = to, reason, mac = AuditMac.HandOver(mine, identity, old, to) });
                var row = Draft(tx, actor, new AuditDraft(RotateAction, to, JsonSerializer.Serialize(new { key = old }), after), old);
                row = row.With(AuditMac.Proof(key, identity, row));
                var seal = AuditMac.Seal(key, identity, last.LastNo + 1, last.LastSeal, row.Proof);
                AuditStore.Seal(tx, row, last.LastNo + 1, seal);
                AuditStore.MoveHead(tx, last.LastNo + 1, seal);
                AuditStore.Hand(tx, to);
                return (new Sealed(identity, last.LastNo + 1, seal, to, 1), old);
            },
            stop).ConfigureAwait(false);
        keys.Took(head.KeyId);
        await AnchorAsync(database, head, stop).ConfigureAwait(false);
        return (from, head.KeyId);
    }

    private bool IsUsed(Transaction tx, AuditStore.HeadRow head, string id) => id == head.KeyId || id == keys.Key().Id || AuditStore.WasUsed(tx, id);
}
