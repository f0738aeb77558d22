using Microsoft.Extensions.Logging;
using Rondo.Nodes;
using Rondo.Polling.Ledger;
using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>
/// Gives endpoints of this node to others, a few at a time and each between two slots, so that whoever takes one over is there before the next is due: stop
/// firing, let the conversation end (many gateways allow one connection only), and release in the write lane, behind the last outcome.
/// </summary>
internal sealed class HandBack(Database database, Node node, Armory armory, Recorder recorder, Action wakeSlots, TimeProvider time, ILogger log)
{
    // So many are claimed and loaded by their next owner in a few dozen milliseconds.
    private const int Piece = 100;

    // Long enough to hear of it, claim, load, connect and still be in time.
    private const long QuietUs = 400_000;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);

    // An endpoint with a slot every few milliseconds is never quiet; after so long without anything quiet the best there is goes.
    private static readonly TimeSpan _quietWait = TimeSpan.FromSeconds(2);

    private long? _waitingSince;

    /// <summary>True while it waits for something to become quiet.</summary>
    public bool IsWaiting => _waitingSince is not null;

    /// <summary>Gives back up to <paramref name="count"/>; returns how many left. Fewer, also none, when nothing is quiet now: ask again in a moment.</summary>
    public async Task<int> RunAsync(int count, bool isAll, CancellationToken stop)
    {
        if (recorder.IsFailing)
        {
            // Nothing can leave behind its last outcome now, and whoever waited for it would not be polled meanwhile.
            return 0;
        }

        var left = await ReleaseUnusableAsync(isAll || armory.Workers.Count == 0, stop).ConfigureAwait(false);
        var now = database.Clock.Now.Micros;
        var workers = armory.Quietest(now, QuietUs, Math.Min(count, Piece));
        if (workers.Count == 0)
        {
            _waitingSince ??= time.GetTimestamp();
            if (time.GetElapsedTime(_waitingSince.Value) < _quietWait)
            {
                return left;
            }

            workers = armory.Quietest(now, long.MinValue, Math.Min(count, 10));
        }

        _waitingSince = null;
        if (workers.Count == 0)
        {
            return left;
        }

        var taken = workers.ConvertAll(armory.TakeOut);
        var departures = workers.Select((w, i) => new Departure(w.Id, [.. taken[i].Select(g => g.Group)])).ToList();
        var given = 0;
        try
        {
            await Task.WhenAll(workers.Select(w => w.StopAsync(_patience))).ConfigureAwait(false);
            given = await LeaveAsync(departures, stop).ConfigureAwait(false);
        }
        finally
        {
            recorder.Keep(departures);
            for (var i = 0; i < workers.Count; i++)
            {
                if (!departures[i].Done.IsCompleted)
                {
                    // The database does not take it now, so it stays ours.
                    armory.TakeBack(workers[i], taken[i]);
                }
            }

            wakeSlots();
        }

        PollingLog.HandedBack(log, given, armory.WorkerCount);
        return left + given;
    }

    private async Task<int> LeaveAsync(List<Departure> departures, CancellationToken stop)
    {
        var leaving = departures.ConvertAll(recorder.HandBack);
        try
        {
            await Task.WhenAll(leaving).WaitAsync(_patience, time, stop).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Whatever has not left by now is kept.
        }

        return leaving.Count(d => d.IsCompletedSuccessfully && d.Result);
    }

    private async Task<int> ReleaseUnusableAsync(bool isAll, CancellationToken stop)
    {
        if (!isAll || armory.Unusable == 0)
        {
            return 0;
        }

        var ids = armory.TakeUnusable();
        await database.WriteBrieflyAsync(
            "polling.release",
            tx =>
            {
                node.Fence(tx);
                OwnershipStore.Release(tx, node.Id, ids);
                return true;
            },
            stop).ConfigureAwait(false);
        return ids.Length;
    }
}
