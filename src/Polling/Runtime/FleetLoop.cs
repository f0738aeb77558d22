using Microsoft.Extensions.Logging;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Polling.Ledger;
using Rondo.Polling.Now;
using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>
/// Owns and obeys: claims this node's share of the endpoints nobody live owns, gives surplus back, takes in changed configuration by its revision, and closes
/// what has nothing left to poll. Looks every 100 ms on SQLite, every second on PostgreSQL (ten times as often while its share is on its way), and when woken.
/// </summary>
internal sealed class FleetLoop : Loop
{
    // A claim is a brief write. Where it is not brief enough, fewer are claimed at once.
    private const int ClaimPiece = 5_000;
    private const int LeastPiece = 100;

    // Large, because each load reads the ledger's tail once, whatever the number of groups, and because what is armed polls while the rest is read.
    private const int LoadPiece = 10_000;

    // So many of another node's endpoints are looked at before any is taken over.
    private const int WarmPiece = 20;

    private static readonly TimeSpan _claimEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _soon = TimeSpan.FromMilliseconds(100);

    // What is waited for longer than this does not come at once.
    private static readonly TimeSpan _eager = TimeSpan.FromSeconds(30);

    // A statement of a read may take 30 s, connecting a few.
    private static readonly TimeSpan _queries = TimeSpan.FromSeconds(40);

    // A brief write (6 s), the end of conversations, the release, and a brief write of the recorder that is under way by then: its loop has its own limit.
    private static readonly TimeSpan _handingBack = TimeSpan.FromSeconds(20);

    private readonly Database _database;
    private readonly Database _written;
    private readonly Node _node;
    private readonly Armory _armory;
    private readonly Recorder _recorder;
    private readonly Agenda _agenda;
    private readonly Action _wakeSlots;
    private readonly Action<string> _hint;
    private readonly ILogger _log;
    private readonly HandBack _handBack;
    private readonly Answering _answering;
    private readonly bool _isShared;
    private readonly TimeSpan _look;
    private readonly HashSet<long> _unloaded = [];
    private readonly HashSet<long> _fromDead = [];
    private readonly SemaphoreSlim _alone = new(1);
    private long _seen;
    private long _loaded;
    private long _claimedAt;
    private long _disowned;
    private long? _eagerSince;
    private int _piece = ClaimPiece;
    private bool _first = true;
    private bool _takesWork;

    // A claim was made, or may have been made without its answer arriving: what is owned may have another lease than the one we hold, with as many endpoints.
    private bool _claimed;

    public FleetLoop(
        Database database, Node node, Armory armory, Recorder recorder, Agenda agenda, Action wakeSlots, Action<string> hint, TimeProvider time, ILogger log, Database? written = null)
        : base("polling.fleet", time)
    {
        _database = database;
        _written = written ?? database;
        _node = node;
        _armory = armory;
        _recorder = recorder;
        _agenda = agenda;
        _wakeSlots = wakeSlots;
        _hint = hint;
        _log = log;
        _isShared = database.Address.Kind == DatabaseKind.Postgres;
        _look = _isShared ? TimeSpan.FromSeconds(1) : _soon;
        _takesWork = node.Row.TakesWork;
        _answering = new Answering(database, node, armory, time);
        _handBack = new HandBack(database, node, armory, recorder, wakeSlots, time, log);
    }

    public long SeenRevision => Interlocked.Read(ref _seen);

    // Beyond what is expected of the database in it.
    public override TimeSpan StuckAfter => TimeSpan.FromSeconds(6);

    public override bool IsVital => true;

    // What is claimed and not opened is polled by nobody: after an outage it must not be the back-off that costs slots.
    protected override (TimeSpan First, TimeSpan Cap) BackoffRange => (TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1));

    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        if (!_node.MayWork)
        {
            return _soon;
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

    /// <summary>A call of the database is bounded there; everything else in a pass must not take long.</summary>
    private async Task<T> BoundedAsync<T>(Func<Task<T>> call)
    {
        using (Expect(_queries))
        {
            return await call().ConfigureAwait(false);
        }
    }

    private async Task BoundedAsync(Func<Task> call)
    {
        using (Expect(_queries))
        {
            await call().ConfigureAwait(false);
        }
    }

    private async Task<TimeSpan> LookAsync(CancellationToken stop)
    {
        var look = await BoundedAsync(() => _database.AskAsync("polling.look", FleetLook.Read, stop)).ConfigureAwait(false);
        var changed = look.Revision != _seen;
        if (_loaded == 0)
        {
            // Whatever is claimed and loaded from now on is at least this new.
            _loaded = look.Revision;
        }
        else if (look.Revision != _loaded)
        {
            await ReloadAsync(look.Revision, stop).ConfigureAwait(false);
            _loaded = look.Revision;
        }

        var sleep = _isShared ? await ShareAsync(look, stop).ConfigureAwait(false) : await ClaimAllAsync(changed, stop).ConfigureAwait(false);
        await CloseEndedAsync(stop).ConfigureAwait(false);
        if (look.Requests > 0)
        {
            await BoundedAsync(() => _answering.TakeInAsync(stop)).ConfigureAwait(false);
        }

        if (changed)
        {
            await BoundedAsync(() => _database.WriteAsync("polling.seen", tx => _node.Seen(tx, look.Revision), stop)).ConfigureAwait(false);
            Interlocked.Exchange(ref _seen, look.Revision);
        }

        _first = false;
        return sleep;
    }

    private async Task ReloadAsync(long revision, CancellationToken stop)
    {
        var armed = _armory.Groups.Values.Select(g => g.Device.Id).ToHashSet();
        var load = await BoundedAsync(() => _database.ReadAsync(
            "polling.reload",
            tx => DeviceLoad.Changed(tx, _loaded, d => _armory.Workers.ContainsKey(d.EndpointId) || armed.Contains(d.Id), _armory.Groups.ContainsKey),
            stop)).ConfigureAwait(false);
        _armory.Take(load);
        _wakeSlots();
        PollingLog.Reloaded(_log, revision, load.Devices.Count);
    }

    /// <summary>The one server of a file owns everything.</summary>
    private async Task<TimeSpan> ClaimAllAsync(bool changed, CancellationToken stop)
    {
        if (changed || _first || Time.GetElapsedTime(_claimedAt) > _claimEvery)
        {
            await ClaimAsync(int.MaxValue, stop).ConfigureAwait(false);
            await OpenOwnedAsync(stop).ConfigureAwait(false);
            _claimedAt = Time.GetTimestamp();
        }

        return _look;
    }

    /// <summary>One of several nodes owns its share.</summary>
    private async Task<TimeSpan> ShareAsync(FleetLook look, CancellationToken stop)
    {
        // What the look does not know yet is that this node takes work by now; otherwise it says so, unless the operator drains it.
        var takes = !_takesWork || look.Takes(_node.Id);
        if (!_takesWork)
        {
            await WarmUpAsync(look, stop).ConfigureAwait(false);
        }

        var held = look.Held(_node.Id);
        var missing = look.Target(_node.Id, takes) - held;
        if (missing > 0 && look.Free > 0)
        {
            await ClaimAsync(missing, stop).ConfigureAwait(false);
        }

        if (_claimed || _first || _unloaded.Count > 0 || held != _armory.Workers.Count + _armory.Unusable)
        {
            await OpenOwnedAsync(stop).ConfigureAwait(false);
        }

        await DisownAsync(stop).ConfigureAwait(false);
        if (missing < 0)
        {
            int left;
            using (Expect(_handingBack))
            {
                left = await _handBack.RunAsync(-missing, isAll: !takes, stop).ConfigureAwait(false);
            }

            if (left > 0)
            {
                _hint("polling");
                return _soon;
            }

            return _handBack.IsWaiting ? _soon : _look;
        }

        // Its share is in the hands of others, who give it back between slots: to be there in time it looks more often.
        _eagerSince = missing == 0 ? null : _eagerSince ?? Time.GetTimestamp();
        return _eagerSince is { } since && Time.GetElapsedTime(since) < _eager ? _soon : _look;
    }

    /// <summary>
    /// Before others give anything to this node, it goes once through what it will have to do in a hurry: a slot is missed when the first endpoint
    /// taken over waits for code to be compiled. Where something is nobody's, there is no time for that.
    /// </summary>
    private async Task WarmUpAsync(FleetLook look, CancellationToken stop)
    {
        if (look.Free == 0)
        {
            for (var i = 0; i < 3; i++)
            {
                Shapes.Warm(await BoundedAsync(() => _database.ReadAsync("polling.warm", tx => DeviceLoad.OfEndpoints(tx, OwnershipStore.Some(tx, WarmPiece)), stop)).ConfigureAwait(false));
            }
        }

        await BoundedAsync(() => _database.WriteBrieflyAsync(
            "polling.takes_work",
            tx =>
            {
                _node.TakeWork(tx, takes: true);
                return true;
            },
            stop)).ConfigureAwait(false);
        _takesWork = true;
        _hint("polling");
    }

    private async Task ClaimAsync(int most, CancellationToken stop)
    {
        while (most > 0)
        {
            var before = _claimed;
            var piece = Math.Min(most, _piece);
            _claimed = true;
            int claimed;
            try
            {
                claimed = (await BoundedAsync(() => _written.WriteBrieflyAsync("polling.claim", tx => Claim(tx, piece), stop)).ConfigureAwait(false)).Count;
            }
            catch (StorageFault fault) when (fault.Kind is StorageFaultKind.Busy or StorageFaultKind.Unavailable)
            {
                _piece = Math.Max(_piece / 2, LeastPiece);
                throw;
            }

            _piece = Math.Min(_piece * 2, ClaimPiece);
            most -= claimed;
            _claimed = before || claimed > 0;
            if (claimed < piece)
            {
                return;
            }
        }
    }

    private List<ClaimedRow> Claim(Transaction tx, int most)
    {
        _node.Fence(tx);
        var rows = OwnershipStore.Claim(tx, _node.Id, most);

        // Before the commit, whose answer may be lost: what is ours then is found without it, and whose it was is known all the same.
        _fromDead.ExceptWith(rows.Where(r => !r.IsFromDead).Select(r => r.Id));
        _fromDead.UnionWith(rows.Where(r => r.IsFromDead).Select(r => r.Id));
        return rows;
    }

    /// <summary>
    /// Opens what the database says is ours, not what an answer said a moment ago: a claim whose answer was lost, or whose loading failed, is found
    /// here at the next pass, and nothing is owned without being polled.
    /// </summary>
    private async Task OpenOwnedAsync(CancellationToken stop)
    {
        var known = _armory.Workers.Count + _armory.Unusable;
        var owned = await BoundedAsync(() => _database.ReadAsync(
            "polling.owned", tx => !_claimed && OwnershipStore.CountOwned(tx, _node.Id) == known ? null : OwnershipStore.Owned(tx, _node.Id), stop)).ConfigureAwait(false);
        if (owned is not null)
        {
            // The other direction: what somebody took from us is not polled by us.
            var ours = owned.Select(e => (e.Id, e.LeaseNo)).ToHashSet();
            var lost = _armory.Workers.Values.Where(w => !ours.Contains((w.Id, w.LeaseNo))).ToArray();
            await Task.WhenAll(lost.Select(w => _armory.Drop(w).StopAsync(TimeSpan.FromSeconds(2)))).ConfigureAwait(false);
        }

        foreach (var endpoint in owned ?? [])
        {
            if (_armory.Open(endpoint))
            {
                _unloaded.Add(endpoint.Id);
            }
        }

        _claimed = false;
        while (_unloaded.Count > 0)
        {
            // A later statement than the claim: it sees everything the former owner's last batch committed.
            var some = _unloaded.Take(LoadPiece).ToArray();
            var load = await BoundedAsync(() => _database.ReadAsync("polling.load", tx => DeviceLoad.OfEndpoints(tx, some), stop)).ConfigureAwait(false);
            var gaps = _armory.Take(load, _fromDead);
            _unloaded.ExceptWith(some);
            _fromDead.ExceptWith(some);
            _wakeSlots();
            PollingLog.Claimed(_log, some.Length, _agenda.Count, gaps);
        }
    }

    /// <summary>Rows were refused because their group is another node's: whatever is armed here and does not belong to us is let go.</summary>
    private async Task DisownAsync(CancellationToken stop)
    {
        var refused = _recorder.Disowned;
        if (refused == _disowned)
        {
            return;
        }

        var own = (await BoundedAsync(() => _database.ReadAsync("polling.groups.own", tx => OwnershipStore.OwnGroups(tx, _node.Id), stop)).ConfigureAwait(false)).ToHashSet();
        _armory.LetGo(_armory.Groups.Values.Where(g => !own.Contains(g.Id)));
        _disowned = refused;
    }

    private async Task CloseEndedAsync(CancellationToken stop)
    {
        foreach (var (group, until) in _armory.Ended(_database.Clock.Now.Micros))
        {
            // Otherwise its last outcomes are still on their way.
            if (_recorder.Close(group, until))
            {
                _armory.Forget(group);
            }
        }

        var idle = _armory.TakeIdle();
        if (idle.Count == 0)
        {
            return;
        }

        await Task.WhenAll(idle.Select(w => w.StopAsync(TimeSpan.FromSeconds(2)))).ConfigureAwait(false);
        await BoundedAsync(() => _database.WriteAsync(
            "polling.release",
            tx =>
            {
                foreach (var worker in idle)
                {
                    OwnershipStore.Release(tx, _node.Id, worker.Id, worker.LeaseNo);
                }
            },
            stop)).ConfigureAwait(false);
    }
}
