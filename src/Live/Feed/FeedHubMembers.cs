using System.Runtime.InteropServices;

namespace Rondo.Live.Feed;

/// <summary>Who is there: coming, saying who it is, leaving, and the bounds of how many.</summary>
internal sealed partial class FeedHub
{
    private readonly Dictionary<string, int> _perToken = [];

    // Who has not said who it is, and those of Pusher for whom nobody has signed: the key alone is no secret. Neither takes the other's room.
    private readonly Strangers _unsaid;
    private readonly Strangers _unsigned;
    private int _sockets;
    private int _streams;
    private bool _isStopping;

    public FeedState State
    {
        get
        {
            var (sent, conflated, behind, lost) = Counters.Now;
            lock (_gate)
            {
                return new FeedState
                {
                    Sockets = _sockets, EventStreams = _streams, Subscriptions = _topics.Values.Sum(t => t.Count) + _channels.Values.Sum(c => c.Count), Sent = sent, Conflated = conflated, Behind = behind, Lost = lost,
                    LastEvent = _recent.Head.Id,
                };
            }
        }
    }

    /// <summary>Takes a client in; null when there are too many, or the server stops.</summary>
    /// <param name="transport">The way to it.</param>
    /// <param name="caller">Who it is; null when it will say so.</param>
    /// <param name="address">Who counts as one for the bound on those who have not said so.</param>
    public FeedClient? Join(FeedTransport transport, FeedCaller? caller, string address = "")
    {
        FeedClient? client;
        lock (_gate)
        {
            client = caller is not null || _unsaid.HasRoom(address) ? Enter(transport, caller, address, caller is null ? _unsaid : null) : null;
        }

        if (client is not null && caller is not null)
        {
            EndIfOver(client, caller);
        }

        return client;
    }

    /// <summary>The client has said who it is. False when there are too many connections with that token.</summary>
    public bool Identify(FeedClient client, FeedCaller caller)
    {
        lock (_gate)
        {
            if (client.Caller is not null || !_clients.Contains(client) || !CountToken(caller))
            {
                return false;
            }

            client.Caller = caller;
            NoStranger(client);
        }

        EndIfOver(client, caller);
        return true;
    }

    public void Leave(FeedClient client)
    {
        lock (_gate)
        {
            if (!_clients.Remove(client))
            {
                return;
            }

            (_sockets, _streams) = client.Transport.IsTwoWay ? (_sockets - 1, _streams) : (_sockets, _streams - 1);
            foreach (var topic in client.Topics.ToArray())
            {
                Drop(client, topic);
            }

            NoStranger(client);
            if (client.Pusher is { } peer)
            {
                LeavePeer(client, peer);
            }

            if (client.WantsReadings)
            {
                client.WantsReadings = false;
                _hot.Unwanted();
            }

            if (client.Caller?.TokenId is { } token && --CollectionsMarshal.GetValueRefOrAddDefault(_perToken, token, out _) <= 0)
            {
                _perToken.Remove(token);
            }
        }
    }

    /// <summary>Closes everybody: the server stops.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isStopping = true;
        }

        EndAll(_ => true, FeedClose.Stopping);
    }

    public void EndAll(Func<FeedClient, bool> which, FeedClose close)
    {
        foreach (var client in Clients().Where(which))
        {
            client.End(close);
        }
    }

    /// <summary>Closes one that says nothing, and counts it, once.</summary>
    public void LetGo(FeedClient client)
    {
        if (client.End(FeedClose.Silent))
        {
            Counters.Lost();
        }
    }

    public FeedClient[] Clients()
    {
        lock (_gate)
        {
            return [.. _clients];
        }
    }

    private FeedClient? Enter(FeedTransport transport, FeedCaller? caller, string address, Strangers? among)
    {
        if (_isStopping || (transport.IsTwoWay ? _sockets >= Options.MaxSockets : _streams >= Options.MaxEventStreams) || !CountToken(caller))
        {
            return null;
        }

        (_sockets, _streams) = transport.IsTwoWay ? (_sockets + 1, _streams) : (_sockets, _streams + 1);
        var client = new FeedClient(this, transport, caller, address, Time.GetTimestamp()) { Among = among };
        _clients.Add(client);
        among?.Add(client);
        return client;
    }

    private static void NoStranger(FeedClient client)
    {
        client.Among?.Remove(client);
        client.Among = null;
    }

    /// <summary>What ended between the look-up and this moment did not know of this connection; what ends from now on does.</summary>
    private void EndIfOver(FeedClient client, FeedCaller caller)
    {
        if (caller.Ended.IsCancellationRequested)
        {
            client.End(caller.ExpiresAt is { } ends && ends <= Now ? FeedClose.Expired : FeedClose.Revoked);
        }
    }

    private bool CountToken(FeedCaller? caller)
    {
        if (caller?.TokenId is not { } token)
        {
            return true;
        }

        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_perToken, token, out _);
        if (count >= Options.MaxPerToken)
        {
            return false;
        }

        count++;
        return true;
    }
}
