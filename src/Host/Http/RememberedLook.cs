namespace Rondo.Host.Http;

/// <summary>A look at something that costs: whoever asks while one is under way gets that one, and whoever asks within a second of its end what it saw. Safe for any thread.</summary>
/// <param name="time">Time.</param>
/// <param name="look">Looks; bounded by itself, since it belongs to nobody who asks.</param>
internal sealed class RememberedLook<T>(TimeProvider time, Func<Task<T>> look)
{
    private static readonly TimeSpan _lasts = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private Task<T>? _last;
    private long _endedAt;

    /// <summary>What was seen, at most a second ago.</summary>
    public Task<T> AskAsync(CancellationToken stop)
    {
        lock (_gate)
        {
            if (_last is null || (_last.IsCompleted && time.GetElapsedTime(Interlocked.Read(ref _endedAt)) >= _lasts))
            {
                _last = Task.Run(LookAsync, CancellationToken.None);
            }

            return _last.WaitAsync(stop);
        }
    }

    private async Task<T> LookAsync()
    {
        try
        {
            return await look().ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Exchange(ref _endedAt, time.GetTimestamp());
        }
    }
}
