namespace Rondo.Drivers.Modbus;

/// <summary>
/// The one cancellation source of a link: it rings when the time for an answer is up or when the node stops. It is set and reset for
/// every request and replaced only after it rang, so a request that is answered in time allocates nothing.
/// </summary>
internal sealed class Alarm(TimeProvider time) : IDisposable
{
    private CancellationTokenSource _source = new(Timeout.InfiniteTimeSpan, time);
    private CancellationToken _stop;
    private CancellationTokenRegistration _registration;

    /// <summary>Whether the node gave the endpoint up.</summary>
    public bool Stopped => _stop.IsCancellationRequested;

    /// <summary>The node's own signal, for waits that no answer ends.</summary>
    public CancellationToken Stop => _stop;

    /// <summary>Follows <paramref name="stop"/>; registers only when it is another one than before.</summary>
    public void Follow(CancellationToken stop)
    {
        if (stop == _stop)
        {
            return;
        }

        _registration.Dispose();
        _stop = stop;

        // Reads the field when it runs: the source may have been replaced by then. A source that is replaced between that read and
        // Cancel is no loss, because whoever replaced it looks at Stopped before the next wait.
        _registration = stop.UnsafeRegister(static state => ((Alarm)state!)._source.Cancel(), this);
    }

    /// <summary>Sets the alarm and returns the token to wait with.</summary>
    public CancellationToken Set(TimeSpan after)
    {
        var source = _source;
        source.CancelAfter(after > TimeSpan.Zero ? after : TimeSpan.Zero);
        return source.Token;
    }

    /// <summary>Ends the wait.</summary>
    public void Reset()
    {
        if (!_source.TryReset())
        {
            // Not disposed: the node's stop may be cancelling it at this moment, and it holds nothing but memory.
            _source.CancelAfter(Timeout.InfiniteTimeSpan);
            _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        }
    }

    public void Dispose()
    {
        _registration.Dispose();
        _source.Dispose();
    }
}
