using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>
/// Tells a client what it missed: from the log in pages, as fast as the client takes it, until the rest is what this process remembers. Each page is read together with the event before it, by whose
/// stamp a log that was set back meanwhile is known: that its numbers fit says nothing.
/// </summary>
internal static class CatchUp
{
    private const int Page = 500;

    // Where the client has heard of more than this process: how long until the log is looked at again, should it be set back to before that.
    private static readonly TimeSpan _look = TimeSpan.FromSeconds(1);

    // So that a thousand clients that come back at once do not take every connection of the database.
    private static readonly SemaphoreSlim _turns = new(4);

    /// <summary>Returns when the client has every event and gets what happens from there on, or when it has ended.</summary>
    public static async Task RunAsync(
        FeedHub hub, Database database, FeedClient client, TopicSet wanted, ResumeToken from, Snapshot? snapshot, CancellationToken stop)
    {
        var position = from;
        client.IsCatchingUp = true;
        try
        {
            while (client.Close is null && !client.Ended.IsCompleted)
            {
                await client.RoomAsync().ConfigureAwait(false);
                var (reach, head) = hub.TryFinish(client, wanted, position, snapshot);
                if (reach == Reach.Done)
                {
                    return;
                }

                if (reach == Reach.Ahead)
                {
                    await hub.NewsAsync(_look, stop).ConfigureAwait(false);
                }

                var page = await ReadAsync(database, position.Id, stop).ConfigureAwait(false);
                if (reach == Reach.Elsewhere || !IsBehind(page, position) || (page.Count == 0 && reach == Reach.Log))
                {
                    // Or it was forgotten meanwhile: the next time it hears that it was too old.
                    client.End(FeedClose.SetBack);
                    return;
                }

                // No further than this process has heard: what it hears next it compares with what it heard last.
                foreach (var happened in page.TakeWhile(e => e.Id <= head))
                {
                    if (wanted.IsOn(happened))
                    {
                        client.Offer(FeedWriter.Event(happened, from.Epoch));
                        await client.RoomAsync().ConfigureAwait(false);
                    }

                    position = position with { Id = happened.Id, Stamp = happened.Stamp };
                }
            }
        }
        finally
        {
            client.HeardAt = hub.Time.GetTimestamp();
            client.IsCatchingUp = false;
        }
    }

    /// <summary>True when the log still has what the client heard last, and what was read follows it; takes that off.</summary>
    private static bool IsBehind(List<LoggedEvent> page, ResumeToken position)
    {
        if (position.Id > 0)
        {
            if (page.Count == 0 || page[0].Id != position.Id || page[0].Stamp != position.Stamp)
            {
                return false;
            }

            page.RemoveAt(0);
        }

        return page.Count == 0 || page[0].Id == position.Id + 1;
    }

    private static async Task<List<LoggedEvent>> ReadAsync(Database database, long position, CancellationToken stop)
    {
        await _turns.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            return await database.ReadAsync("live.after", tx => EventStore.From(tx, position, Page), stop).ConfigureAwait(false);
        }
        finally
        {
            _turns.Release();
        }
    }
}

/// <summary>Where a client stands that catches up.</summary>
internal enum Reach
{
    /// <summary>It has everything.</summary>
    Done,

    /// <summary>It has to be told from the log.</summary>
    Log,

    /// <summary>It has heard of more than this process.</summary>
    Ahead,

    /// <summary>It has heard something else: the log was set back.</summary>
    Elsewhere,
}
