using Microsoft.Extensions.Logging;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Polling.Fleet;
using Rondo.Polling.Ledger;
using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>
/// Owns and obeys: claims endpoints nobody live owns, takes in changed configuration by its revision, and gives endpoints back that have
/// nothing left to poll. Looks every 100 ms on SQLite, every 500 ms on PostgreSQL, and at once when woken.
/// </summary>
internal sealed class FleetLoop(
    Database database, Node node, Armory armory, Recorder recorder, Agenda agenda, Action wakeSlots, TimeProvider time, ILogger log) : Loop("polling.fleet", time)
{
    // Most of a claim is finding out what is due, whatever the number that is taken.
    private const int ClaimPiece = 10_000;

    // Large, because each load reads the ledger's tail once, whatever the number of groups, and because what is armed polls while the rest is read.
    private const int LoadPiece = 10_000;
    private static readonly TimeSpan _claimEvery = TimeSpan.FromSeconds(2);
    private readonly TimeSpan _look = TimeSpan.FromMilliseconds(database.Address.Kind == DatabaseKind.Sqlite ? 100 : 500);
    private readonly HashSet<long> _unloaded = [];
    private readonly SemaphoreSlim _alone = new(1);
    private long _seen;
    private long _loaded;
    private long _claimedAt;
    private bool _first = true;

    // A claim was made, or may have been made without its answer arriving: what is owned may have another lease than the one we hold, with as many endpoints.
    private bool _claimed;

    public long SeenRevision => Interlocked.Read(ref _seen);

    public override TimeSpan StuckAfter => TimeSpan.FromSeconds(120);

    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        if (!node.MayWork)
        {
            return _look;
        }

        // The armory has one user: a generation that was given up must have left before the next one touches it.
        await _alone.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            return await LookAsync(stop).ConfigureAwait(false);
        }
        finally
        {
            _alone.Release();
        }
    }

    private async Task<TimeSpan> LookAsync(CancellationToken stop)
    {
        var state = await database.ReadAsync("polling.state", FleetStore.State, stop).ConfigureAwait(false);
        var changed = state.Revision != _seen;
        if (_loaded == 0)
        {
            // Whatever is claimed and loaded from now on is at least this new.
            _loaded = state.Revision;
        }
        else if (state.Revision != _loaded)
        {
            await ReloadAsync(state.Revision, stop).ConfigureAwait(false);
            _loaded = state.Revision;
        }

        if (changed || _first || Time.GetElapsedTime(_claimedAt) > _claimEvery)
        {
            await ClaimAsync(stop).ConfigureAwait(false);
            _claimedAt = Time.GetTimestamp();
        }

        await CloseEndedAsync(stop).ConfigureAwait(false);
        if (changed)
        {
            await database.WriteAsync("polling.seen", tx => node.Seen(tx, state.Revision), stop).ConfigureAwait(false);
            Interlocked.Exchange(ref _seen, state.Revision);
        }

        _first = false;
        return _look;
    }

    private async Task ReloadAsync(long revision, CancellationToken stop)
    {
        var armed = armory.Groups.Values.Select(g => g.Device.Id).ToHashSet();
        var load = await database.ReadAsync(
            "polling.reload",
            tx => DeviceLoad.Changed(tx, _loaded, d => armory.Workers.ContainsKey(d.EndpointId) || armed.Contains(d.Id), armory.Groups.ContainsKey),
            stop).ConfigureAwait(false);
        armory.Take(load);
        wakeSlots();
        PollingLog.Reloaded(log, revision, load.Devices.Count);
    }

    private async Task ClaimAsync(CancellationToken stop)
    {
        int claimed;
        do
        {
            var before = _claimed;
            _claimed = true;
            claimed = await database.WriteAsync(
                "polling.claim",
                tx =>
                {
                    node.Fence(tx);
                    return OwnershipStore.Claim(tx, node.Id, ClaimPiece);
                },
                stop).ConfigureAwait(false);
            _claimed = before || claimed > 0;
        }
        while (claimed == ClaimPiece);

        await OpenOwnedAsync(stop).ConfigureAwait(false);
    }

    /// <summary>
    /// Opens what the database says is ours, not what an answer said a moment ago: a claim whose answer was lost, or whose loading failed, is found
    /// here at the next pass, and nothing is owned without being polled.
    /// </summary>
    private async Task OpenOwnedAsync(CancellationToken stop)
    {
        var known = armory.Workers.Count + armory.Unusable;
        var owned = await database.ReadAsync(
            "polling.owned", tx => !_claimed && OwnershipStore.CountOwned(tx, node.Id) == known ? null : OwnershipStore.Owned(tx, node.Id), stop).ConfigureAwait(false);
        if (owned is not null)
        {
            // The other direction: what somebody took from us is not polled by us.
            var ours = owned.Select(e => (e.Id, e.LeaseNo)).ToHashSet();
            foreach (var lost in armory.Workers.Values.Where(w => !ours.Contains((w.Id, w.LeaseNo))).ToArray())
            {
                await armory.Drop(lost).StopAsync(TimeSpan.FromSeconds(2)).ConfigureAwait(false);
            }
        }

        foreach (var endpoint in owned ?? [])
        {
            if (armory.Open(endpoint))
            {
                _unloaded.Add(endpoint.Id);
            }
        }

        _claimed = false;
        while (_unloaded.Count > 0)
        {
            // A later statement than the claim: it sees everything the former owner's last batch committed.
            var some = _unloaded.Take(LoadPiece).ToArray();
            var load = await database.ReadAsync("polling.load", tx => DeviceLoad.OfEndpoints(tx, some), stop).ConfigureAwait(false);
            var gaps = armory.Take(load);
            _unloaded.ExceptWith(some);
            wakeSlots();
            PollingLog.Claimed(log, some.Length, agenda.Count, gaps);
        }
    }

    private async Task CloseEndedAsync(CancellationToken stop)
    {
        foreach (var (group, until) in armory.Ended(database.Clock.Now.Micros))
        {
            // Otherwise its last outcomes are still on their way.
            if (recorder.Close(group, until))
            {
                armory.Forget(group);
            }
        }

        var idle = armory.TakeIdle();
        if (idle.Count == 0)
        {
            return;
        }

        await Task.WhenAll(idle.Select(w => w.StopAsync(TimeSpan.FromSeconds(2)))).ConfigureAwait(false);
        await database.WriteAsync(
            "polling.release",
            tx =>
            {
                foreach (var worker in idle)
                {
                    OwnershipStore.Release(tx, node.Id, worker.Id, worker.LeaseNo);
                }
            },
            stop).ConfigureAwait(false);
    }
}
