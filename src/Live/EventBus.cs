using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Rondo.Live;

/// <summary>
/// Events within this process. Every subscriber has a bounded queue of its own; one that stays behind loses its oldest events and is told
/// how many, so a slow subscriber harms itself only. Publishing never waits.
/// </summary>
public sealed class EventBus
{
    private readonly ConcurrentDictionary<Subscription, byte> _subscriptions = new();

    /// <summary>True when nobody listens: a publisher may skip making the event.</summary>
    public bool IsIdle => _subscriptions.IsEmpty;

    /// <summary>Hands <paramref name="happened"/> to every subscriber that wants it.</summary>
    public void Publish(Event happened)
    {
        foreach (var (subscription, _) in _subscriptions)
        {
            subscription.Offer(happened);
        }
    }

    /// <summary>Listens until disposed.</summary>
    /// <param name="wanted">Which events.</param>
    /// <param name="capacity">How many may wait; 1 to 1,000,000.</param>
    public Subscription Subscribe(Func<Event, bool> wanted, int capacity = 1_000)
    {
        var subscription = new Subscription(wanted, capacity, s => _subscriptions.TryRemove(s, out _));
        _subscriptions.TryAdd(subscription, 0);
        return subscription;
    }

    /// <summary>One subscriber's queue.</summary>
    public sealed class Subscription : IDisposable
    {
        private readonly Func<Event, bool> _wanted;
        private readonly Action<Subscription> _end;
        private readonly Channel<Event> _queue;
        private long _lost;

        internal Subscription(Func<Event, bool> wanted, int capacity, Action<Subscription> end)
        {
            _wanted = wanted;
            _end = end;
            _queue = Channel.CreateBounded<Event>(
                new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
                _ => Interlocked.Increment(ref _lost));
        }

        /// <summary>The events, oldest first.</summary>
        public ChannelReader<Event> Events => _queue.Reader;

        /// <summary>How many events were dropped because the subscriber stayed behind.</summary>
        public long Lost => Interlocked.Read(ref _lost);

        /// <inheritdoc/>
        public void Dispose()
        {
            _end(this);
            _queue.Writer.TryComplete();
        }

        internal void Offer(Event happened)
        {
            if (_wanted(happened))
            {
                _queue.Writer.TryWrite(happened);
            }
        }
    }
}
