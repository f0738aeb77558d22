using Rondo.Metrics;

namespace Rondo.Storage;

/// <summary>How long statements take, by name, and what is told of slow ones. One for each opening of a database.</summary>
/// <param name="time">Measures.</param>
public sealed class StatementTimes(TimeProvider time)
{
    /// <summary>Most names that are told apart; the rest is <c>other</c>.</summary>
    public const int Most = 500;

    /// <summary>The name under which the wait of a SQLite process for its own writer is counted.</summary>
    public const string LaneWait = "lane.wait";

    /// <summary>A statement that takes longer is told of. Default 500 ms; zero or less tells of none.</summary>
    public TimeSpan SlowAfter { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Told of each slow statement, by the thread that ran it: it must not block and not throw. Null tells nobody.</summary>
    public Action<SlowStatement>? Slow { get; set; }

    /// <summary>Durations by name of the statement.</summary>
    public Labelled<Timing> ByName { get; } = new(Most, () => new Timing());

    internal long Now => time.GetTimestamp();

    internal TimeSpan Since(long began) => time.GetElapsedTime(began);

    /// <summary>Counts a statement that has ended. True when it was slow.</summary>
    internal bool Count(Timing timing, long began, out TimeSpan took)
    {
        took = time.GetElapsedTime(began);
        timing.Add(took);
        return took >= SlowAfter;
    }

    internal void Add(string name, long began, string work) => Add(ByName[name], name, began, work);

    internal void Add(Timing timing, string name, long began, string work)
    {
        if (Count(timing, began, out var took))
        {
            Tell(name, work, took, null);
        }
    }

    internal void Tell(string name, string work, TimeSpan took, string? blocker)
    {
        if (SlowAfter > TimeSpan.Zero)
        {
            Slow?.Invoke(new SlowStatement(name, work, took, blocker));
        }
    }
}
