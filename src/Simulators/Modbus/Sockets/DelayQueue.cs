namespace Rondo.Simulators.Modbus;

/// <summary>Something that wants to be woken at an instant.</summary>
internal interface IWakeable
{
    /// <summary>Called at or after the instant; may be called for nothing.</summary>
    void OnDue(long now);
}

/// <summary>All pending wake-ups of one simulator behind one timer. Instants are timestamps of the simulator's clock.</summary>
internal sealed class DelayQueue : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<IWakeable, long> _queue = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private long _armedFor = long.MaxValue;

    public DelayQueue(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(static queue => ((DelayQueue)queue!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The timestamp that lies <paramref name="wait"/> after <paramref name="now"/>.</summary>
    public long After(long now, TimeSpan wait) => now + (long)(wait.TotalSeconds * _time.TimestampFrequency);

    public void Wake(IWakeable who, long due)
    {
        lock (_lock)
        {
            _queue.Enqueue(who, due);
            Arm_NeedsLock(due, _time.GetTimestamp());
        }
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Fire()
    {
        lock (_lock)
        {
            _armedFor = long.MaxValue;
        }

        while (true)
        {
            IWakeable? who;
            var now = _time.GetTimestamp();
            lock (_lock)
            {
                if (!_queue.TryPeek(out who, out var due))
                {
                    return;
                }

                if (due > now)
                {
                    Arm_NeedsLock(due, now);
                    return;
                }

                _queue.Dequeue();
            }

            who.OnDue(now);
        }
    }

    private void Arm_NeedsLock(long due, long now)
    {
        if (due < _armedFor)
        {
            _armedFor = due;

            // Timers count whole milliseconds, and 0 would fire before the instant.
            var wait = due <= now ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Ceiling(_time.GetElapsedTime(now, due).TotalMilliseconds));
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }
}
