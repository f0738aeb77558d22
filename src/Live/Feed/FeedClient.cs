using System.Runtime.InteropServices;
using Rondo.Live.Pusher;

namespace Rondo.Live.Feed;

/// <summary>
/// One client: who it is, what it has, and what waits for it. Events wait in order, of readings the newest of each series; when more waits than is allowed, it is closed.
/// Whoever offers never waits: sending is a piece of work of its own on the pool, one at a time for each client.
/// </summary>
internal sealed class FeedClient : IThreadPoolWorkItem
{
    private readonly Lock _gate = new();
    private readonly FeedHub _hub;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _farewell = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Queue<(FeedMessage? Message, SeriesKey Key)>? _queue;
    private Dictionary<SeriesKey, FeedMessage>? _newest;
    private TaskCompletionSource? _room;
    private long _waiting;
    private long _sendingSince;
    private long _closedAt;
    private bool _isSending;
    private FeedClose? _close;
    private bool _isEnded;

    public FeedClient(FeedHub hub, FeedTransport transport, FeedCaller? caller, string address, long now)
    {
        (_hub, Transport, Caller, Address, ConnectedAt, HeardAt, BeatAt) = (hub, transport, caller, address, now, now, now);
    }

    public FeedTransport Transport { get; }

    /// <summary>Who it is; null until it has said so.</summary>
    public FeedCaller? Caller { get; set; }

    /// <summary>Where it comes from, as far as that is counted.</summary>
    public string Address { get; }

    /// <summary>Those among whom it is counted until somebody has said whose it is; null for whose that is known. Touched under the hub's lock only.</summary>
    public Strangers? Among { get; set; }

    public long ConnectedAt { get; }

    /// <summary>When it last said something.</summary>
    public long HeardAt { get; set; }

    /// <summary>When it was last sent a heartbeat.</summary>
    public long BeatAt { get; set; }

    /// <summary>True while it is told what it missed: it may be slow with it, and nobody reads what it says.</summary>
    public volatile bool IsCatchingUp;

    /// <summary>What it has beside that as a client of the Pusher protocol; null for one of the feed.</summary>
    public PusherPeer? Pusher { get; set; }

    /// <summary>Its topics. Touched under the hub's lock only, as are the next four.</summary>
    public HashSet<string> Topics { get; } = [];

    /// <summary>The last event it was offered.</summary>
    public long LastEvent { get; set; }

    /// <summary>The last readings it was offered, so that whoever has several of their topics gets them once.</summary>
    public DeviceReadings? LastReadings { get; set; }

    /// <summary>The newest stored readings while it is told these; null before and afterwards.</summary>
    public Snapshot? Snapshot { get; set; }

    /// <summary>True while it has a topic with readings.</summary>
    public bool WantsReadings { get; set; }

    /// <summary>Completes when it has ended.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Why it was closed; null while it was not.</summary>
    public FeedClose? Close => Volatile.Read(ref _close);

    /// <summary>Queues a message. Never waits.</summary>
    public void Offer(FeedMessage message)
    {
        bool starts;
        lock (_gate)
        {
            if (_close is not null || _isEnded)
            {
                return;
            }

            if (message.Key is { } key)
            {
                _newest ??= [];
                ref var slot = ref CollectionsMarshal.GetValueRefOrAddDefault(_newest, key, out var isReplaced);
                _waiting -= slot?.Cost ?? 0;
                slot = message;
                if (isReplaced)
                {
                    _hub.Counters.Conflated();
                }
                else
                {
                    (_queue ??= new()).Enqueue((null, key));
                }
            }
            else
            {
                (_queue ??= new()).Enqueue((message, default));
            }

            _waiting += message.Cost;
            if (_waiting > _hub.Options.MaxQueue)
            {
                _close = FeedClose.Behind;
                _closedAt = _hub.Time.GetTimestamp();
                _hub.Counters.Behind();
            }

            starts = !_isSending;
            _isSending = true;
        }

        if (starts)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>Completes when half of the queue is free, or the client is closed.</summary>
    public Task RoomAsync()
    {
        lock (_gate)
        {
            if (_waiting <= _hub.Options.MaxQueue / 2 || _close is not null || _isEnded)
            {
                return Task.CompletedTask;
            }

            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task;
        }
    }

    /// <summary>Closes it: what waits is let go, the reason is sent. False when it was closed or over already.</summary>
    public bool End(FeedClose close)
    {
        bool starts;
        lock (_gate)
        {
            if (_close is not null || _isEnded)
            {
                return false;
            }

            _close = close;
            _closedAt = _hub.Time.GetTimestamp();
            starts = !_isSending;
            _isSending = true;
        }

        if (starts)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        return true;
    }

    /// <summary>Completes when the last word has been sent; the answer to it is for whoever receives.</summary>
    public Task Farewell => _farewell.Task;

    /// <summary>Ends it at once, with its connection.</summary>
    public void Abort()
    {
        Over();
        Transport.Abort();
    }

    /// <summary>The connection has ended.</summary>
    public void Over()
    {
        lock (_gate)
        {
            if (_isEnded)
            {
                return;
            }

            _isEnded = true;
            _queue = null;
            _newest = null;
            _waiting = 0;
            _room?.TrySetResult();
        }

        _hub.Leave(this);
        _farewell.TrySetResult();
        _ended.TrySetResult();
    }

    /// <summary>True when a message has been on its way for too long, or a close was not answered.</summary>
    public bool IsStuck(long now)
    {
        lock (_gate)
        {
            return (_isSending && _sendingSince != 0 && _hub.Time.GetElapsedTime(_sendingSince, now) > (_close is null ? _hub.Options.Stuck : _hub.Options.CloseWithin))
                || (_close is not null && _hub.Time.GetElapsedTime(_closedAt, now) > _hub.Options.CloseWithin * 2);
        }
    }

    /// <summary>Sends what waits.</summary>
    void IThreadPoolWorkItem.Execute() => _ = SendAsync();

    private async Task SendAsync()
    {
        try
        {
            while (TryTake(out var message, out var close))
            {
                if (close is not null)
                {
                    await Transport.CloseAsync(close, FeedWriter.Error(_hub.Now, close.Code, close.Words)).ConfigureAwait(false);
                    lock (_gate)
                    {
                        _sendingSince = 0;
                    }

                    if (!Transport.IsTwoWay)
                    {
                        Over();
                    }

                    _farewell.TrySetResult();
                    return;
                }

                await Transport.SendAsync(message!).ConfigureAwait(false);
                _hub.Counters.Sent();
            }
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // The connection is gone, whatever it was called.
            Abort();
        }
    }

    private bool TryTake(out FeedMessage? message, out FeedClose? close)
    {
        lock (_gate)
        {
            (message, close) = (null, _close);
            if (_isEnded)
            {
                return false;
            }

            if (close is not null)
            {
                (_queue, _newest, _waiting) = (null, null, 0);
                _room?.TrySetResult();
                _sendingSince = _hub.Time.GetTimestamp();
                return true;
            }

            if (_queue is null || !_queue.TryDequeue(out var entry))
            {
                _isSending = false;
                _sendingSince = 0;
                return false;
            }

            message = entry.Message;
            if (message is null)
            {
                _newest!.Remove(entry.Key, out message);
            }

            _waiting -= message!.Cost;
            if (_room is not null && _waiting <= _hub.Options.MaxQueue / 2)
            {
                _room.TrySetResult();
                _room = null;
            }

            _sendingSince = _hub.Time.GetTimestamp();
            return true;
        }
    }
}
