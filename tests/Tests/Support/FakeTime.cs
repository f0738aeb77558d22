namespace Rondo.Tests.Support;

/// <summary>
/// Time that moves only when a test says so. <see cref="Advance"/> moves the wall clock and the monotonic clock together and fires, on the
/// caller's thread, every timer that falls due, in order of due time, with both clocks standing exactly at that timer's instant.
/// <see cref="StepWall"/> moves the wall clock alone, as an administrator or NTP does.
/// </summary>
public sealed class FakeTime : TimeProvider
{
    /// <summary>Monday, 2 March 2026, 00:00 UTC.</summary>
    public static readonly DateTimeOffset Start = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);

    private readonly Lock _gate = new();
    private readonly List<FakeTimer> _armed = [];
    private readonly List<(int Timers, TaskCompletionSource Reached)> _watchers = [];
    private TimeSpan _wallAhead;

    // Not zero: a timestamp of 0 means "never" in several records.
    private TimeSpan _monotonic = TimeSpan.FromHours(1);
    private long _armings;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>How many timers wait to fire.</summary>
    public int PendingTimers
    {
        get
        {
            lock (_gate)
            {
                return _armed.Count;
            }
        }
    }

    /// <summary>How long until the next timer fires; null when none waits.</summary>
    public TimeSpan? UntilNextTimer
    {
        get
        {
            lock (_gate)
            {
                return Next() is { } timer ? timer.Due - _monotonic : null;
            }
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return Start + (_monotonic - TimeSpan.FromHours(1)) + _wallAhead;
        }
    }

    public override long GetTimestamp()
    {
        lock (_gate)
        {
            return _monotonic.Ticks;
        }
    }

    /// <summary>Lets time pass. Timers that callbacks arm on the way fire too when they fall due within it.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan until;
        lock (_gate)
        {
            until = _monotonic + by;
        }

        while (true)
        {
            FakeTimer timer;
            lock (_gate)
            {
                if (Next() is not { } next || next.Due > until)
                {
                    _monotonic = until > _monotonic ? until : _monotonic;
                    return;
                }

                timer = next;
                _monotonic = timer.Due > _monotonic ? timer.Due : _monotonic;
                Rearm(timer);
            }

            timer.Fire();
        }
    }

    /// <summary>Advances to the next timer and fires it; false when none waits.</summary>
    public bool AdvanceToNextTimer()
    {
        if (UntilNextTimer is not { } wait)
        {
            return false;
        }

        Advance(wait);
        return true;
    }

    /// <summary>Moves the wall clock by <paramref name="by"/> (backwards when negative); no time passes and no timer moves.</summary>
    public void StepWall(TimeSpan by)
    {
        lock (_gate)
        {
            _wallAhead += by;
        }
    }

    /// <summary>Completes when at least <paramref name="timers"/> timers wait: the code under test has gone to sleep and time may move.</summary>
    public Task WhenTimersWaitAsync(int timers = 1)
    {
        lock (_gate)
        {
            if (_armed.Count >= timers)
            {
                return Task.CompletedTask;
            }

            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _watchers.Add((timers, reached));
            return reached.Task.WaitAsync(TimeSpan.FromSeconds(30), System);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private bool Arm(FakeTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        var fireNow = false;
        lock (_gate)
        {
            if (timer.IsDisposed)
            {
                return false;
            }

            _armed.Remove(timer);
            timer.Period = period;
            if (dueTime == Timeout.InfiniteTimeSpan)
            {
                return true;
            }

            timer.Due = _monotonic + dueTime;
            timer.Order = ++_armings;
            fireNow = dueTime == TimeSpan.Zero;
            if (fireNow)
            {
                Rearm(timer);
            }
            else
            {
                _armed.Add(timer);
            }

            NotifyWatchers();
        }

        if (fireNow)
        {
            // No time needs to pass for it, so it must not wait for Advance; and never inside the caller, who may hold a lock.
            ThreadPool.UnsafeQueueUserWorkItem(static due => due.Fire(), timer, preferLocal: false);
        }

        return true;
    }

    /// <summary>Under the gate: takes the timer out, and in again for its next period.</summary>
    private void Rearm(FakeTimer timer)
    {
        _armed.Remove(timer);
        if (timer.Period > TimeSpan.Zero)
        {
            timer.Due += timer.Period;
            timer.Order = ++_armings;
            _armed.Add(timer);
        }
    }

    private FakeTimer? Next()
    {
        FakeTimer? next = null;
        foreach (var timer in _armed)
        {
            if (next is null || timer.Due < next.Due || (timer.Due == next.Due && timer.Order < next.Order))
            {
                next = timer;
            }
        }

        return next;
    }

    private void NotifyWatchers() => _watchers.RemoveAll(watcher => _armed.Count >= watcher.Timers && watcher.Reached.TrySetResult());

    private void Remove(FakeTimer timer)
    {
        lock (_gate)
        {
            timer.IsDisposed = true;
            _armed.Remove(timer);
        }
    }

    private sealed class FakeTimer(FakeTime time, TimerCallback callback, object? state) : ITimer
    {
        public TimeSpan Due { get; set; }

        public TimeSpan Period { get; set; }

        /// <summary>Two timers that fall due at the same instant fire in the order they were armed.</summary>
        public long Order { get; set; }

        public bool IsDisposed { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period) => time.Arm(this, dueTime, period);

        public void Fire()
        {
            if (!IsDisposed)
            {
                callback(state);
            }
        }

        public void Dispose() => time.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
