using Microsoft.Extensions.Logging;
using Rondo.Jobs.Keys;
using Rondo.Jobs.Links;
using Rondo.Jobs.Told;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Jobs.Upkeep;

/// <summary>What nobody in particular has to do and any node may: give back what the dead held, look after keys, carry out cancels that nobody runs, make room and forget.</summary>
internal sealed class UpkeepLoop(
    Database database, Database written, Node node, JobsOptions options, Followers followers, JobEvents told, Action<IReadOnlyCollection<string>> freed, TimeProvider time, ILogger log) : Loop("jobs.upkeep", time)
{
    private static readonly TimeSpan _every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _keysEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _roomEvery = TimeSpan.FromMinutes(10);
    private readonly SaidWalk[] _said = SaidWalk.All();
    private string _afterKey = "";
    private long _keysAt = long.MinValue;
    private long _roomAt = long.MinValue;

    public override TimeSpan StuckAfter => TimeSpan.FromMinutes(30);

    protected override bool OwnThread => true;

    protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        if (!node.MayWork)
        {
            return new(_every);
        }

        // What fails keeps nothing else from its turn: least of all the room that ends need.
        StorageFault? fault = null;
        var isMore = false;
        Try(() => isMore |= Release());
        if (IsTime(ref _roomAt, _roomEvery))
        {
            Try(() => HistoryStore.Prepare(database, options));
            Try(() => Forget(stop));
            Try(() => ForgetSaid(stop));
        }

        Try(() => isMore |= Tell(followers.CatchUp()));
        if (IsTime(ref _keysAt, _keysEvery))
        {
            Try(() => Free(written.Write("jobs.keys", tx => KeyStore.Reconcile(tx, ref _afterKey)).Queues));
            Try(() => isMore |= Tell(followers.Reconcile()));
        }

        // Whose job was given back at that moment hears of it no later than anybody else.
        Try(() => database.Write("jobs.cancel.idle", tx => Operations.OperationStore.CancelIdle(tx, options)));

        return fault is null ? new(isMore ? TimeSpan.Zero : _every) : throw fault;

        void Try(Action step)
        {
            try
            {
                Beat();
                step();
            }
            catch (StorageFault trouble)
            {
                fault ??= trouble;
            }
        }
    }

    private void Forget(CancellationToken stop)
    {
        for (var n = 0; n < 1_000 && !stop.IsCancellationRequested && HistoryStore.Forget(database, options); n++)
        {
            // Nobody whose node died waits for what is forgotten.
            Beat();
            Release();
            Tell(followers.CatchUp());
        }
    }

    private void ForgetSaid(CancellationToken stop)
    {
        foreach (var said in _said)
        {
            for (var idle = 0; idle < SaidWalk.MostIdle && !stop.IsCancellationRequested && said.Step(database) is { } forgotten; idle += forgotten > 0 ? 0 : 1)
            {
                Beat();
                Release();
                Tell(followers.CatchUp());
            }
        }
    }

    private bool Release()
    {
        IReadOnlyCollection<string> filled = [];
        var released = written.Write("jobs.release", tx =>
        {
            var done = ReleaseStore.Release(tx, options);
            told.Dead(tx, done.Dead);
            filled = done.Keys.Count > 0 ? Gate.Fill(tx, done.Keys) : [];
            return done;
        });
        if (released.Count + released.Buried > 0)
        {
            JobsLog.Released(log, released.Count, released.Buried);
            Free([.. released.Queues, .. filled]);
        }

        return released.IsMore;
    }

    private bool Tell(Followed found)
    {
        Free(found.Queues);
        return found.IsMore;
    }

    private void Free(IReadOnlyCollection<string> queues)
    {
        if (queues.Count > 0)
        {
            freed(queues);
        }
    }

    private bool IsTime(ref long at, TimeSpan every)
    {
        if (at != long.MinValue && Time.GetElapsedTime(at) < every)
        {
            return false;
        }

        at = Time.GetTimestamp();
        return true;
    }
}
