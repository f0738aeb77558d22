using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>The newest stored readings, for whoever begins to listen.</summary>
internal sealed partial class FeedHub
{
    /// <summary>
    /// The newest of a source: what was told last, or what is stored; null when the client has been told it. Whoever begins must not be sent back, and what was found for them first is news for all
    /// others.
    /// </summary>
    public DeviceReadings? NewestFor(Snapshot snapshot, DeviceReadings stored)
    {
        lock (_gate)
        {
            if (_hot.HasOlder(stored))
            {
                Take(stored);
            }

            return snapshot.IsTold(stored) ? null : _hot.Newest(stored);
        }
    }

    /// <summary>Tells the client the newest readings of a source, unless there are newer ones by now: these it has been told already.</summary>
    public void Offer(FeedClient client, Snapshot snapshot, DeviceReadings newest, FeedMessage[] messages)
    {
        lock (_gate)
        {
            if (snapshot.IsTold(newest) || !ReferenceEquals(_hot.Newest(newest), newest))
            {
                return;
            }

            snapshot.Told(newest);
            foreach (var message in messages)
            {
                client.Offer(message);
            }
        }
    }

    /// <summary>The newest stored readings of the topics; those that are committed from now on are kept for the client.</summary>
    private async Task<Snapshot?> SnapshotAsync(
        FeedClient client, IReadOnlyList<string> topics, INewestReadings? newest, Func<DeviceReadings, IEnumerable<FeedMessage>> write, CancellationToken stop)
    {
        try
        {
            await _begun.Task.WaitAsync(_beginWithin, Time, stop).ConfigureAwait(false);
        }
        catch (TimeoutException fault)
        {
            throw new StorageFault(StorageFaultKind.Unavailable, "live: the log has not been read yet.", fault);
        }

        if (!topics.Any(Topics.CarriesReadings))
        {
            return null;
        }

        lock (_gate)
        {
            if (!client.WantsReadings && _clients.Contains(client))
            {
                // What is committed from now on is kept, so that nothing falls between what is stored and what comes.
                client.WantsReadings = true;
                _hot.Wanted();
            }
        }

        return await Snapshot.BeginAsync(newest?.ReadAsync(_database, ReadingsWanted.Of(topics), stop), write, stop).ConfigureAwait(false);
    }

    /// <summary>Tells the client what is stored, while it gets what happens.</summary>
    private async Task TellAsync(FeedClient client, Snapshot? snapshot)
    {
        if (snapshot is null)
        {
            return;
        }

        client.IsCatchingUp = true;
        try
        {
            await snapshot.TellAsync(this, client).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                client.Snapshot = null;
            }

            client.HeardAt = Time.GetTimestamp();
            client.IsCatchingUp = false;
            await snapshot.DisposeAsync().ConfigureAwait(false);
        }
    }
}
