using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>
/// Counts queues once a second while somebody listens, and at once for somebody who comes. To count what lies in millions takes time: it has a twentieth of this loop's, however long that makes
/// it until the next count. While nobody listens it does nothing.
/// </summary>
internal sealed class QueuesLoop : Loop
{
    private const int Share = 20;
    private static readonly TimeSpan _every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _atOnce = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(1);

    // Ends are counted over the time since the last count, so that none is left out; over less a rate says little.
    private static readonly TimeSpan _shortest = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _idle = TimeSpan.FromMinutes(1);
    private readonly FeedHub _hub;
    private readonly Database _database;
    private readonly IQueueFigures _queues;
    private long _countedAt = long.MinValue;
    private TimeSpan _took;
    private TimeSpan _tookBefore;
    private bool _isAsked;

    public QueuesLoop(FeedHub hub, Database database, IQueueFigures queues, TimeProvider time)
        : base("live.queues", time)
    {
        (_hub, _database, _queues) = (hub, database, queues);
        hub.QueuesAsked = Wake;
    }

    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        var (isWanted, isNew) = _hub.AskQueues();
        if (!isWanted)
        {
            _countedAt = long.MinValue;
            return _idle;
        }

        _isAsked |= isNew;
        var gap = _isAsked ? _atOnce : _every;

        // The shorter of the last two: a first count compiles what it needs, and one may have met a busy moment.
        var took = _took < _tookBefore ? _took : _tookBefore;
        gap = gap > took * Share ? gap : took * Share;
        var since = _countedAt == long.MinValue ? _longest : Time.GetElapsedTime(_countedAt);
        var rest = (gap < _longest ? gap : _longest) - since;
        if (rest > TimeSpan.Zero)
        {
            return rest;
        }

        var began = Time.GetTimestamp();
        using (Expect(TimeSpan.FromMinutes(1)))
        {
            var figures = await _queues.ReadAsync(_database, _countedAt == long.MinValue || since < _shortest ? _shortest : since, stop).ConfigureAwait(false);
            _hub.Take(figures, _hub.Now);
        }

        _isAsked = false;
        _countedAt = began;
        (_tookBefore, _took) = (_took, Time.GetElapsedTime(began));
        return _every;
    }
}
