namespace Rondo.Loops;

/// <summary>Lets one loop sleep until a time or until somebody has something for it. Setting it twice before the sleeper looks wakes it once.</summary>
/// <param name="time">Decides when a sleep is over; with the system's provider a thread's sleep costs no timer.</param>
public sealed class WakeSignal(TimeProvider time)
{
    private readonly object _gate = new();
    private bool _set;
    private TaskCompletionSource<bool>? _waiter;
    private ITimer? _timer;

    /// <summary>Wakes the sleeper, or the next one.</summary>
    public void Set()
    {
        TaskCompletionSource<bool>? waiter;
        lock (_gate)
        {
            _set = true;
            waiter = _waiter;
            _waiter = null;
            Monitor.PulseAll(_gate);
        }

        waiter?.TrySetResult(true);
    }

    /// <summary>Blocks the calling thread until the signal is set (true) or <paramref name="timeout"/> has passed (false).</summary>
    public bool Wait(TimeSpan timeout)
    {
        // A provider that is not the system's has its own idea of when time passes; its timer wakes us then.
        var own = ReferenceEquals(time, TimeProvider.System);
        using var alarm = own || timeout <= TimeSpan.Zero
            ? null
            : time.CreateTimer(_ => Alarm(), null, timeout, Timeout.InfiniteTimeSpan);
        lock (_gate)
        {
            if (!_set && timeout > TimeSpan.Zero)
            {
                _alarmed = false;
                if (own)
                {
                    // Rounded up: waking a moment early would only mean sleeping again.
                    Monitor.Wait(_gate, (int)Math.Min(int.MaxValue, Math.Ceiling(timeout.TotalMilliseconds)));
                }
                else
                {
                    while (!_set && !_alarmed)
                    {
                        Monitor.Wait(_gate);
                    }
                }
            }

            var set = _set;
            _set = false;
            return set;
        }
    }

    /// <summary>Completes when the signal is set (true) or <paramref name="timeout"/> has passed (false). For one sleeper at a time: a second one shares the first one's sleep.</summary>
    public async ValueTask<bool> WaitAsync(TimeSpan timeout, CancellationToken stop)
    {
        TaskCompletionSource<bool> waiter;
        lock (_gate)
        {
            if (_set)
            {
                _set = false;
                return true;
            }

            // One timer for all sleeps to come: loops sleep all their life.
            waiter = _waiter ??= new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            _timer ??= time.CreateTimer(static signal => ((WakeSignal)signal!).Ring(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(timeout, Timeout.InfiniteTimeSpan);
        }

        using var onStop = stop.UnsafeRegister(static waiter => ((TaskCompletionSource<bool>)waiter!).TrySetCanceled(), waiter);
        try
        {
            var isSet = await waiter.Task.ConfigureAwait(false);
            lock (_gate)
            {
                isSet |= _set;
                _set = false;
                return isSet;
            }
        }
        finally
        {
            End(waiter);
        }
    }

    private void End(TaskCompletionSource<bool> waiter)
    {
        lock (_gate)
        {
            if (_waiter == waiter)
            {
                _waiter = null;
            }

            // Whoever sleeps by now has set it anew.
            if (_waiter is null)
            {
                _timer!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Ring()
    {
        TaskCompletionSource<bool>? waiter;
        lock (_gate)
        {
            (waiter, _waiter) = (_waiter, null);
        }

        waiter?.TrySetResult(false);
    }

    private bool _alarmed;

    private void Alarm()
    {
        lock (_gate)
        {
            _alarmed = true;
            Monitor.PulseAll(_gate);
        }
    }
}
