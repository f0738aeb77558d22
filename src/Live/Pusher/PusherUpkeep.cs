using Rondo.Live.Feed;
using Rondo.Storage;

namespace Rondo.Live.Pusher;

/// <summary>Looks after one client of the Pusher protocol, once a second: whether what signed for it has ended, and whether it is there.</summary>
internal static class PusherUpkeep
{
    public static void Look(FeedHub hub, FeedClient client, long now, Instant at)
    {
        var silence = hub.Time.GetElapsedTime(client.HeardAt, now);
        if (client.Caller?.ExpiresAt is { } ends && ends <= at)
        {
            client.End(FeedClose.Expired);
        }
        else if (!client.IsCatchingUp && silence >= hub.Options.ActivityTimeout + hub.Options.PongWithin)
        {
            hub.LetGo(client);
        }
        else if (silence >= hub.Options.ActivityTimeout && hub.Time.GetElapsedTime(client.BeatAt, now) >= hub.Options.ActivityTimeout)
        {
            client.BeatAt = now;
            client.Offer(PusherWriter.Ping);
        }
    }
}
