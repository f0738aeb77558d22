namespace Rondo.Loops;

/// <summary>Lets one loop sleep until a time or until somebody has something for it. Setting it twice before the sleeper looks wakes it once.</summary>
/// <param name="time">Decides when a sleep is over; with the system's provider a thread's sleep costs no timer.</param>
public sealed class WakeSignal(TimeProvider time)
{
    private readonly object _gate = new();
    private bool _set;
    private TaskCompletionSource? _waiter;

    /// <summary>Wakes the sleeper, or the next one.</summary>
    public void Set()
    {
        TaskCompletionSource? waiter;
        lock (_gate)
        {
            _set = true;
            waiter = _waiter;
            _waiter = null;
            Monitor.PulseAll(_gate);
        }

        waiter?.TrySetResult();
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

    /// <summary>Completes when the signal is set (true) or <paramref name="timeout"/> has passed (false).</summary>
    public async ValueTask<bool> WaitAsync(TimeSpan timeout, CancellationToken stop)
    {
        Task waiting;
        lock (_gate)
        {
            if (_set)
            {
                _set = false;
                return true;
            }

            _waiter ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting = _waiter.Task;
        }

        using var cut = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var first = await Task.WhenAny(waiting, Task.Delay(timeout, time, cut.Token)).ConfigureAwait(false);
        await cut.CancelAsync().ConfigureAwait(false);
        lock (_gate)
        {
            var set = _set;
            _set = false;
            return set || first == waiting;
        }
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
