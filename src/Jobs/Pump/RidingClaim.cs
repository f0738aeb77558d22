using Rondo.Storage;

namespace Rondo.Jobs.Pump;

/// <summary>
/// A claim inside the transaction that stores jobs, for workers that have nothing to do: where the workers are in the process that writes, a job begins one commit
/// and one waking of a thread sooner. It is the same claim by the same rules; while it is under way the loop makes none.
/// </summary>
internal sealed class RidingClaim(ClaimLoop claims, IReadOnlyList<(QueueWork Queue, int Count)> hungry) : IDisposable
{
    private List<ClaimedJob> _jobs = [];

    /// <summary>The queues of it, with how many are wanted.</summary>
    public IReadOnlyList<(QueueWork Queue, int Count)> Hungry => hungry;

    /// <summary>Claims. The work of a transaction may have to run again from its start.</summary>
    public void Claim(Transaction tx) => _jobs = claims.Claim(tx, hungry);

    /// <summary>After the commit: they begin. True when nothing that could begin is left in these queues.</summary>
    public bool Begin() => !claims.Begin(hungry, _jobs);

    /// <summary>Lets the loop go on.</summary>
    public void Dispose() => claims.EndRide();
}
