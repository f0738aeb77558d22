using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>Tells a client what it missed: from the log in pages, as fast as the client takes it, until the rest is what this process remembers.</summary>
internal static class CatchUp
{
    private const int Page = 500;

    // So that a thousand clients that come back at once do not take every connection of the database.
    private static readonly SemaphoreSlim _turns = new(4);

    /// <summary>Returns when the client has every event and gets what happens from there on, or when it has ended.</summary>
    public static async Task RunAsync(
        FeedHub hub, Database database, FeedClient client, TopicSet wanted, ResumeToken from, Snapshot? snapshot, CancellationToken stop)
    {
        var position = from.Id;
        client.IsCatchingUp = true;
        try
        {
            while (client.Close is null && !client.Ended.IsCompleted)
            {
                await client.RoomAsync().ConfigureAwait(false);
                if (hub.TryFinish(client, wanted, position, snapshot))
                {
                    return;
                }

                var page = await ReadAsync(database, position, stop).ConfigureAwait(false);
                if (page.Count == 0 || page[0].Id != position + 1)
                {
                    // Forgotten meanwhile: the next time it hears that it was too old.
                    client.End(FeedClose.SetBack);
                    return;
                }

                foreach (var happened in page)
                {
                    if (wanted.IsOn(happened))
                    {
                        client.Offer(FeedWriter.Event(happened, from.Epoch));
                        await client.RoomAsync().ConfigureAwait(false);
                    }
                }

                position = page[^1].Id;
            }
        }
        finally
        {
            client.HeardAt = hub.Time.GetTimestamp();
            client.IsCatchingUp = false;
        }
    }

    private static async Task<List<LoggedEvent>> ReadAsync(Database database, long position, CancellationToken stop)
    {
        await _turns.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            return await database.ReadAsync("live.after", tx => EventStore.After(tx, position, Page), stop).ConfigureAwait(false);
        }
        finally
        {
            _turns.Release();
        }
    }
}
