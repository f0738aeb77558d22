using System.Globalization;
using Rondo.Storage;

namespace Rondo.Host.Metrics;

/// <summary>Says which statements were slow and who was in their way; at most so many a minute, so that a database that is slow as a whole does not fill the log.</summary>
/// <param name="time">Time.</param>
/// <param name="log">Where it is said.</param>
/// <param name="count">Told of each, said or not.</param>
internal sealed class SlowLog(TimeProvider time, ILogger log, Action count)
{
    /// <summary>Lines a minute.</summary>
    public const int PerMinute = 20;

    private readonly Lock _gate = new();
    private long? _minute;
    private int _said;
    private int _unsaid;

    /// <summary>A statement was slow.</summary>
    public void Tell(SlowStatement slow)
    {
        count();
        int unsaid;
        lock (_gate)
        {
            if (_minute is not { } since || time.GetElapsedTime(since) >= TimeSpan.FromMinutes(1))
            {
                (_minute, _said) = (time.GetTimestamp(), 0);
            }

            if (_said >= PerMinute)
            {
                _unsaid++;
                return;
            }

            _said++;
            (unsaid, _unsaid) = (_unsaid, 0);
        }

        var more = unsaid == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" (and {unsaid} more since the last line)");
        if (slow.Statement == StatementTimes.LaneWait)
        {
            MetricsLog.Waited(log, slow.Work, (long)slow.Took.TotalMilliseconds, slow.Blocker is null ? "" : "; " + slow.Blocker, more);
        }
        else
        {
            MetricsLog.Slow(log, slow.Statement, slow.Work, (long)slow.Took.TotalMilliseconds, slow.Blocker is null ? "" : "; it waited for " + slow.Blocker, more);
        }
    }
}
