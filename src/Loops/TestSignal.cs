namespace Rondo.Loops;

/// <summary>Production code says "this happened"; nothing hears it unless a test waits for it. So tests wait for facts and never sleep.</summary>
internal sealed class TestSignal
{
    private volatile TaskCompletionSource? _waiter;

    public void Raise()
    {
        if (_waiter is not null)
        {
            Interlocked.Exchange(ref _waiter, null)?.TrySetResult();
        }
    }

    /// <summary>Completes at the next <see cref="Raise"/>.</summary>
    public Task NextAsync()
    {
        while (true)
        {
            var waiter = _waiter;
            if (waiter is not null)
            {
                return waiter.Task;
            }

            var fresh = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (Interlocked.CompareExchange(ref _waiter, fresh, null) is null)
            {
                return fresh.Task;
            }
        }
    }
}
