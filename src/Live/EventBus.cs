using System.Threading.Channels;

namespace Rondo.Live;

/// <summary>How the bus goes.</summary>
/// <param name="Subscribers">Who listens now.</param>
/// <param name="Lost">Events that were dropped because their subscriber stayed behind, since the start.</param>
/// <param name="Failed">Times a subscriber threw, since the start.</param>
public sealed record EventBusState(int Subscribers, long Lost, long Failed);

/// <summary>
/// Events within this process. Every subscriber has a bounded queue of its own; one that stays behind loses its oldest events and is told
/// how many, one that throws is counted, so each harms itself only. Publishing never waits.
/// </summary>
public sealed class EventBus
{
    /// <summary>Most subscribers at a time.</summary>
    public const int MaxSubscribers = 1_000;

    private readonly Lock _gate = new();
    private volatile Subscription[] _subscriptions = [];
    private volatile Action<Event>[] _taps = [];
    private long _lost;
    private long _failed;

    /// <summary>True when nobody listens: a publisher may skip making the event.</summary>
    public bool IsIdle => _subscriptions.Length + _taps.Length == 0;

    /// <summary>How it goes.</summary>
    public EventBusState State => new(_subscriptions.Length, Interlocked.Read(ref _lost), Interlocked.Read(ref _failed));

    /// <summary>Hands <paramref name="happened"/> to every subscriber that wants it. Never waits, never throws.</summary>
    public void Publish(Event happened)
    {
        foreach (var tap in _taps)
        {
            try
            {
                tap(happened);
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                Interlocked.Increment(ref _failed);
            }
        }

        foreach (var subscription in _subscriptions)
        {
            try
            {
                subscription.Offer(happened);
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                Interlocked.Increment(ref _failed);
            }
        }
    }

    /// <summary>Listens until disposed.</summary>
    /// <param name="wanted">Which events.</param>
    /// <param name="capacity">How many may wait; 1 to 1,000,000.</param>
    /// <exception cref="InvalidOperationException">There are <see cref="MaxSubscribers"/> already.</exception>
    public Subscription Subscribe(Func<Event, bool> wanted, int capacity = 1_000)
    {
        var subscription = new Subscription(this, wanted, capacity);
        lock (_gate)
        {
            if (_subscriptions.Length == MaxSubscribers)
            {
                throw new InvalidOperationException($"more than {MaxSubscribers} subscribers of the event bus; is one not disposed of?");
            }

            _subscriptions = [.. _subscriptions, subscription];
        }

        return subscription;
    }

    /// <summary>Calls <paramref name="handle"/> for one event after the other, on the pool, until disposed. What it throws is counted, and the next event comes all the same.</summary>
    /// <param name="wanted">Which events.</param>
    /// <param name="handle">What to do; while it takes its time, events wait in the bounded queue.</param>
    /// <param name="capacity">How many may wait; 1 to 1,000,000.</param>
    /// <exception cref="InvalidOperationException">There are <see cref="MaxSubscribers"/> already.</exception>
    public Subscription Handle(Func<Event, bool> wanted, Func<Event, ValueTask> handle, int capacity = 1_000)
    {
        var subscription = Subscribe(wanted, capacity);
        _ = Task.Run(async () =>
        {
            await foreach (var happened in subscription.Events.ReadAllAsync().ConfigureAwait(false))
            {
                try
                {
                    await handle(happened).ConfigureAwait(false);
                }
                catch (Exception fault) when (fault is not OutOfMemoryException)
                {
                    subscription.Failed();
                    Interlocked.Increment(ref _failed);
                }
            }
        });
        return subscription;
    }

    /// <summary>For the feed: is called by whoever publishes, and keeps the newest only, so that nothing is dropped that would not be replaced.</summary>
    internal void Tap(Action<Event> tap)
    {
        lock (_gate)
        {
            _taps = [.. _taps, tap];
        }
    }

    internal void Untap(Action<Event> tap)
    {
        lock (_gate)
        {
            _taps = [.. _taps.Where(t => t != tap)];
        }
    }

    private void Leave(Subscription subscription)
    {
        lock (_gate)
        {
            _subscriptions = [.. _subscriptions.Where(s => s != subscription)];
        }
    }

    /// <summary>One subscriber's queue.</summary>
    public sealed class Subscription : IDisposable
    {
        private readonly EventBus _bus;
        private readonly Func<Event, bool> _wanted;
        private readonly Channel<Event> _queue;
        private long _lost;
        private long _failures;

        internal Subscription(EventBus bus, Func<Event, bool> wanted, int capacity)
        {
            _bus = bus;
            _wanted = wanted;
            _queue = Channel.CreateBounded<Event>(
                new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
                _ =>
                {
                    Interlocked.Increment(ref _lost);
                    Interlocked.Increment(ref bus._lost);
                });
        }

        /// <summary>The events, oldest first.</summary>
        public ChannelReader<Event> Events => _queue.Reader;

        /// <summary>How many events were dropped because the subscriber stayed behind.</summary>
        public long Lost => Interlocked.Read(ref _lost);

        /// <summary>How often what handles the events threw.</summary>
        public long Failures => Interlocked.Read(ref _failures);

        /// <inheritdoc/>
        public void Dispose()
        {
            _bus.Leave(this);
            _queue.Writer.TryComplete();
        }

        internal void Offer(Event happened)
        {
            if (_wanted(happened))
            {
                _queue.Writer.TryWrite(happened);
            }
        }

        internal void Failed() => Interlocked.Increment(ref _failures);
    }
}
