using Microsoft.Extensions.Logging;
using Rondo.Jobs.Keys;
using Rondo.Jobs.Links;
using Rondo.Storage;

namespace Rondo.Jobs.Pump;

/// <summary>
/// What follows from ends that were written: who waits for them is told, and free slots of concurrency keys are given out. In transactions of its own: ends must not wait for
/// whoever holds a key. What fails here, or is lost with this process, upkeep does: those who wait within a second or two, keys in half a minute.
/// </summary>
internal sealed class Sequel(Database database, Followers followers, Action<IReadOnlyCollection<string>> freed, ILogger log)
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);
    private readonly HashSet<long> _links = [];

    /// <summary>Whether something is still to be done.</summary>
    public bool IsLeft
    {
        get
        {
            lock (_gate)
            {
                return _keys.Count + _links.Count > 0;
            }
        }
    }

    /// <summary>A slot of <paramref name="key"/> was given back, somebody waits for the end of <paramref name="link"/> (<see cref="Finish.Link"/>); false when there is neither.</summary>
    public bool Add(string? key, long? link)
    {
        if (key is null && link is null)
        {
            return false;
        }

        lock (_gate)
        {
            if (key is not null)
            {
                _keys.Add(key);
            }

            if (link is { } known)
            {
                _links.Add(known);
            }
        }

        return true;
    }

    /// <summary>Does what has come by now.</summary>
    /// <param name="beat">Told before each step: on a slow database they take their time, and are alive.</param>
    public void Run(Action beat)
    {
        beat();
        Follow();
        beat();
        Fill();
    }

    /// <summary>Tells who waits for what has ended: the next of a chain, the callback of a batch.</summary>
    private void Follow()
    {
        var links = Take(_links);
        if (links.Length == 0)
        {
            return;
        }

        try
        {
            var found = followers.After([.. links.Where(l => l > 0)]);
            lock (_gate)
            {
                _keys.UnionWith(found.Keys);
                _links.UnionWith(found.IsMore ? [0, .. found.Batches] : found.Batches);
            }

            if (found.Queues.Count > 0)
            {
                freed(found.Queues);
            }
        }
        catch (StorageFault fault)
        {
            JobsLog.FollowersWait(log, links.Length, fault.Message);
            lock (_gate)
            {
                _links.UnionWith(links);
            }
        }
    }

    private void Fill()
    {
        var keys = Take(_keys);
        if (keys.Length == 0)
        {
            return;
        }

        try
        {
            var queues = database.Write("jobs.gate", tx => Gate.Fill(tx, keys));
            if (queues.Count > 0)
            {
                freed(queues);
            }
        }
        catch (StorageFault fault)
        {
            JobsLog.KeysWait(log, keys.Length, fault.Message);
            lock (_gate)
            {
                _keys.UnionWith(keys);
            }
        }
    }

    private T[] Take<T>(HashSet<T> waiting)
    {
        lock (_gate)
        {
            T[] taken = [.. waiting];
            waiting.Clear();
            return taken;
        }
    }
}
