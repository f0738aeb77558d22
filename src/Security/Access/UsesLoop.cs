using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Security;

/// <summary>Once a minute for each token: when it was used last. Apart from who looks for revocations, because a write may have to wait for others.</summary>
internal sealed class UsesLoop(AccessControl access, Database database, TimeProvider time) : Loop("security.uses", time)
{
    private static readonly TimeSpan _every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _usedEvery = TimeSpan.FromMinutes(1);
    private const int MostUses = 500;

    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        var now = database.Clock.Now;
        var due = access.Remembered.Where(g => g.UsedAt > g.WrittenAt && now.Micros - g.WrittenAt >= _usedEvery.TotalMicroseconds).Take(MostUses).Select(g => (Grant: g, At: g.UsedAt)).ToList();
        if (due.Count == 0)
        {
            return _every;
        }

        await database.WriteBrieflyAsync(
            "security.token.used",
            tx =>
            {
                // In one order for all nodes, so that no two wait for each other.
                foreach (var (grant, at) in due.OrderBy(d => d.Grant.Id))
                {
                    TokenStore.Used(tx, grant.Id, new Instant(at));
                }

                return true;
            },
            stop).ConfigureAwait(false);
        due.ForEach(d => d.Grant.WrittenAt = d.At);
        return _every;
    }
}
