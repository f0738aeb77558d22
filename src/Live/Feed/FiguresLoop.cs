using Rondo.Loops;

namespace Rondo.Live.Feed;

/// <summary>
/// Counts something while somebody listens to it: at once when somebody comes, then once a second. Counting takes time: it has a twentieth of this loop's, however long that makes it until the next
/// count, a minute at most. While nobody listens it does nothing.
/// </summary>
internal abstract class FiguresLoop(string name, TimeProvider time) : Loop(name, time)
{
    private const int Share = 20;
    private static readonly TimeSpan _every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _atOnce = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _idle = TimeSpan.FromMinutes(1);
    private long _countedAt = long.MinValue;
    private TimeSpan _took;
    private TimeSpan _tookBefore;
    private bool _isAsked;

    /// <summary>Whether somebody wants them, and whether somebody does since this was asked last.</summary>
    protected abstract (bool IsWanted, bool IsNew) Ask();

    /// <summary>Counts and tells.</summary>
    /// <param name="since">Time since the last count; null for the first one.</param>
    /// <param name="stop">Gives up.</param>
    protected abstract Task CountAsync(TimeSpan? since, CancellationToken stop);

    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        var (isWanted, isNew) = Ask();
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
            await CountAsync(_countedAt == long.MinValue ? null : since, stop).ConfigureAwait(false);
        }

        _isAsked = false;
        _countedAt = began;
        (_tookBefore, _took) = (_took, Time.GetElapsedTime(began));
        return _every;
    }
}
