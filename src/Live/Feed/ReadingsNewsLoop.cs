using Rondo.Loops;

namespace Rondo.Live.Feed;

/// <summary>
/// Tells other nodes that readings were committed here, while one of them has clients that want readings and says so. Many commits are one hint, ten a second at most. Whoever is told
/// reads the newest from the database, and looks once a second when no hint comes.
/// </summary>
internal sealed class ReadingsNewsLoop : Loop
{
    /// <summary>Topic of the hint that readings were committed.</summary>
    public const string NewsTopic = "live.readings";

    /// <summary>Topic of the hint that a node has clients that want readings. Said once a second.</summary>
    public const string WantedTopic = "live.wanted";

    /// <summary>Between two hints, and between two looks that follow one.</summary>
    public static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan _wantedFor = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _idle = TimeSpan.FromMinutes(1);
    private readonly EventBus _bus;
    private readonly Action<string> _tell;
    private long _wantedAt = long.MinValue;
    private long _toldAt = long.MinValue;
    private int _isNews;
    private bool _isTapped;

    public ReadingsNewsLoop(EventBus bus, Action<string> tell, TimeProvider time)
        : base("live.news", time)
    {
        (_bus, _tell) = (bus, tell);
    }

    /// <summary>Another node says that it wants readings.</summary>
    public void Wanted()
    {
        Interlocked.Exchange(ref _wantedAt, Time.GetTimestamp());
        Wake();
    }

    protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        var wantedAt = Interlocked.Read(ref _wantedAt);
        var left = wantedAt == long.MinValue ? TimeSpan.Zero : _wantedFor - Time.GetElapsedTime(wantedAt);
        if (left > TimeSpan.Zero != _isTapped)
        {
            _isTapped = !_isTapped;
            if (_isTapped)
            {
                _bus.Tap(Committed);
            }
            else
            {
                _bus.Untap(Committed);
            }
        }

        if (!_isTapped)
        {
            return new(_idle);
        }

        if (Volatile.Read(ref _isNews) == 0)
        {
            return new(left);
        }

        var rest = _toldAt == long.MinValue ? TimeSpan.Zero : Gap - Time.GetElapsedTime(_toldAt);
        if (rest > TimeSpan.Zero)
        {
            return new(rest);
        }

        _toldAt = Time.GetTimestamp();
        Interlocked.Exchange(ref _isNews, 0);
        _tell(NewsTopic);
        return new(left);
    }

    /// <summary>On the thread of whoever recorded.</summary>
    private void Committed(Event happened)
    {
        if (happened.Data is DeviceReadings && Interlocked.Exchange(ref _isNews, 1) == 0)
        {
            Wake();
        }
    }
}
