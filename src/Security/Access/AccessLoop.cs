using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Security;

/// <summary>Twice a second: has access changed? If so, what of that which is remembered is over? It reads only: whoever writes, and however long, keeps no revocation from being obeyed.</summary>
internal sealed class AccessLoop(AccessControl access, Database database, TimeProvider time) : Loop("security.access", time)
{
    // Half of the second within which a revocation is to be obeyed when no hint arrives.
    private static readonly TimeSpan _every = TimeSpan.FromMilliseconds(500);

    // A failed look is tried again soon: what is remembered is trusted meanwhile.
    protected override (TimeSpan First, TimeSpan Cap) BackoffRange => (TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1));

    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        // Before the rows: what changes in between is looked at again with the next pass.
        var revision = await database.AskAsync("security.revision", TokenStore.Revision, stop).ConfigureAwait(false);
        await LookAsync(revision, stop).ConfigureAwait(false);
        access.Looked();
        var now = database.Clock.Now;
        foreach (var grant in access.Remembered.Where(g => g.Caller.ExpiresAt <= now).ToList())
        {
            access.Forget(grant, AccessEnd.Expired);
        }

        return _every;
    }

    private async Task LookAsync(long revision, CancellationToken stop)
    {
        var grants = access.Remembered.Where(g => g.Revision < revision).ToList();
        if (grants.Count == 0)
        {
            return;
        }

        var rows = (await database.AskAsync("security.tokens.these", tx => TokenStore.These(tx, [.. grants.Select(g => g.Id)]), stop).ConfigureAwait(false)).ToDictionary(r => r.Id);
        foreach (var grant in grants)
        {
            if (!rows.TryGetValue(grant.Id, out var row) || row.RevokedAt is not null || Convert.ToHexStringLower(grant.Hash) != row.Hash || row.Role != grant.Caller.Role.Text())
            {
                access.Forget(grant, AccessEnd.Revoked);
            }

            grant.Revision = revision;
        }
    }
}
