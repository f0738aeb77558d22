using Rondo.Live.Log;
using Rondo.Live.Pusher;

namespace Rondo.Live.Feed;

/// <summary>
/// Clients of the Pusher protocol, beside those of the feed: the same queues and bounds, messages of their own. A message names the channel it comes on, so it is written once for each channel that
/// somebody has, and whoever has several channels of one event gets it on each.
/// </summary>
internal sealed partial class FeedHub
{
    private readonly Dictionary<string, FeedClient> _peers = [];
    private readonly Dictionary<string, HashSet<FeedClient>> _channels = [];
    private int _metricChannels;

    /// <summary>
    /// Takes a client in; null when there are too many, or the server stops. One for which nobody signs may stay while there is room; when there is none, the one that has been there for longest makes
    /// some, once it had as long as a client of the feed has to say who it is.
    /// </summary>
    public FeedClient? Join(FeedTransport transport, PusherPeer peer)
    {
        FeedClient? gone = null;
        lock (_gate)
        {
            if (!_unsigned.HasRoom(peer.Address))
            {
                gone = _unsigned.Oldest(peer.Address);
                if (gone is null || Time.GetElapsedTime(gone.ConnectedAt) < Options.AuthWithin)
                {
                    return null;
                }
            }

            if (Enter(transport, null, peer.Address, _unsigned) is not { } client)
            {
                return null;
            }

            client.Pusher = peer;
            _peers.Add(peer.SocketId, client);
            if (gone is not null)
            {
                NoStranger(gone);
                gone.End(PusherClose.Unsigned);
            }

            return client;
        }
    }

    /// <summary>True when a connection is one of this process.</summary>
    public bool IsHere(string socketId)
    {
        lock (_gate)
        {
            return _peers.ContainsKey(socketId);
        }
    }

    /// <summary>From now on the connection is the caller's; null when it is nobody's here, somebody else's, or there are too many of theirs.</summary>
    public FeedClient? Bind(string socketId, FeedCaller caller)
    {
        lock (_gate)
        {
            if (!_peers.TryGetValue(socketId, out var client))
            {
                return null;
            }

            var isTheirs = client.Caller is { } other ? other.TokenId is { } token && token == caller.TokenId : Identify(client, caller);
            return isTheirs && client.Pusher!.Sign(caller.Handle) ? client : null;
        }
    }

    /// <summary>False when it has as many channels as it may.</summary>
    public bool MayHaveMore(PusherPeer peer)
    {
        lock (_gate)
        {
            return peer.Topics.Count < Options.MaxTopics;
        }
    }

    /// <summary>Tells the client that it has the channel, the newest readings where it carries any, and everything from there on. The topic has been checked.</summary>
    /// <exception cref="Storage.StorageFault">The readings cannot be read; nothing was subscribed to.</exception>
    public async Task JoinChannelAsync(FeedClient client, PusherPeer peer, string topic, INewestReadings? newest, CancellationToken stop)
    {
        var snapshot = await SnapshotAsync(client, [topic], newest, r => Messages(topic, r), stop).ConfigureAwait(false);
        lock (_gate)
        {
            client.Offer(PusherWriter.Succeeded(PusherChannel.Of(topic)));
            if (_clients.Contains(client) && peer.Topics.Add(topic))
            {
                client.Snapshot = snapshot;
                if (!_channels.TryGetValue(topic, out var clients))
                {
                    _channels.Add(topic, clients = []);
                    _metricChannels += Topics.MetricOf(topic) is null ? 0 : 1;
                }

                clients.Add(client);
            }
            else
            {
                snapshot?.Nothing();
            }
        }

        await TellAsync(client, snapshot).ConfigureAwait(false);
    }

    public void LeaveChannel(FeedClient client, PusherPeer peer, string topic)
    {
        lock (_gate)
        {
            if (peer.Topics.Remove(topic) && _channels.TryGetValue(topic, out var clients) && clients.Remove(client) && clients.Count == 0)
            {
                _channels.Remove(topic);
                _metricChannels -= Topics.MetricOf(topic) is null ? 0 : 1;
            }
        }
    }

    /// <summary>How many connections of this process have each channel whose name begins so, at most <paramref name="most"/> channels.</summary>
    public Dictionary<string, int> Channels(string prefix, int most)
    {
        lock (_gate)
        {
            return _channels.Select(c => (Name: PusherChannel.Of(c.Key), c.Value.Count)).Where(c => c.Name.StartsWith(prefix, StringComparison.Ordinal))
                .OrderBy(c => c.Name, StringComparer.Ordinal).Take(most).ToDictionary(c => c.Name, c => c.Count);
        }
    }

    /// <summary>How many connections of this process have the channel of a topic.</summary>
    public int CountOf(string topic)
    {
        lock (_gate)
        {
            return _channels.TryGetValue(topic, out var clients) ? clients.Count : 0;
        }
    }

    private void LeavePeer(FeedClient client, PusherPeer peer)
    {
        _peers.Remove(peer.SocketId);
        foreach (var topic in peer.Topics.ToArray())
        {
            LeaveChannel(client, peer, topic);
        }
    }

    private void TellChannels(LoggedEvent happened)
    {
        if (_channels.Count == 0 || PusherChannel.IsReserved(happened.Name))
        {
            return;
        }

        Tell(happened.Topic, happened);
        if (happened.AlsoOn is { } also && also != happened.Topic)
        {
            Tell(also, happened);
        }

        if (happened.Topic is not (Topics.Admin or Topics.Global) && happened.AlsoOn != Topics.Global)
        {
            Tell(Topics.Global, happened);
        }
    }

    private void Tell(string topic, LoggedEvent happened)
    {
        if (_channels.TryGetValue(topic, out var clients))
        {
            var message = PusherWriter.Event(topic, happened.Name, happened.Data);
            foreach (var client in clients)
            {
                if (happened.NotFor is not { } except || client.Pusher!.SocketId != except)
                {
                    client.Offer(message);
                }
            }
        }
    }

    private void TellChannels(DeviceReadings readings)
    {
        if (_channels.Count == 0)
        {
            return;
        }

        Tell(Topics.Device(readings.DeviceId), readings, null);
        Tell(Topics.Global, readings, null);
        if (readings.Category.Length > 0)
        {
            Tell(Topics.Category(readings.Category), readings, null);
        }

        for (var i = 0; _metricChannels > 0 && i < readings.Points.Length; i++)
        {
            Tell(Topics.Metric(readings.Points[i]), readings, i);
        }
    }

    private void Tell(string topic, DeviceReadings readings, int? only)
    {
        if (_channels.TryGetValue(topic, out var clients))
        {
            var message = PusherWriter.Readings(topic, readings, only, isShared: true);
            foreach (var client in clients)
            {
                client.Snapshot?.Told(readings);
                client.Offer(message);
            }
        }
    }

    private static IEnumerable<FeedMessage> Messages(string topic, DeviceReadings readings)
    {
        if (Topics.MetricOf(topic) is not { } metric)
        {
            yield return PusherWriter.Readings(topic, readings, null, isShared: false);
            yield break;
        }

        for (var i = 0; i < readings.Points.Length; i++)
        {
            if (readings.Points[i] == metric)
            {
                yield return PusherWriter.Readings(topic, readings, i, isShared: false);
            }
        }
    }
}
