using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Security;

/// <summary>Once a minute: are there secrets that this node's key ring cannot open? Then it fails, so that health says so before a driver does. Without secrets the ring is not touched.</summary>
/// <param name="database">The database.</param>
/// <param name="box">Encrypts.</param>
/// <param name="time">Time.</param>
public sealed class SecretLoop(Database database, SecretBox box, TimeProvider time) : Loop("secrets.check", time)
{
    private static readonly TimeSpan _every = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        var used = await database.AskAsync("secrets.keys", SecretStore.Keys, stop).ConfigureAwait(false);
        if (used.Count > 0)
        {
            var known = box.Keys.Ids;
            if (used.Find(use => !known.Contains(use.KeyId)) is { } missing)
            {
                throw new StorageFault(
                    StorageFaultKind.Misuse,
                    $"{missing.Secrets} secrets of this database were stored with the key {missing.KeyId}, which the key ring {box.Keys.Folder} does not have. Copy the files secrets-*.key from where they were stored. See: rondo secrets verify");
            }
        }

        return _every;
    }
}
