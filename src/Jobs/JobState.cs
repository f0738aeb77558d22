namespace Rondo.Jobs;

/// <summary>Where a job is in its life.</summary>
public enum JobState
{
    /// <summary>Waits for its due time (a delay, a retry, a snooze).</summary>
    Scheduled,

    /// <summary>Can run now.</summary>
    Ready,

    /// <summary>Held by a node under a lease number.</summary>
    Running,

    /// <summary>Waits for the end of another job or of a batch, or for a slot of its concurrency key.</summary>
    Blocked,

    /// <summary>Ended well.</summary>
    Done,

    /// <summary>Ended because somebody wanted so.</summary>
    Cancelled,

    /// <summary>Ended badly: out of attempts, discarded by its handler, or found in too many crashes.</summary>
    Dead,
}

/// <summary>The words of <see cref="JobState"/> and the one table of what may follow what.</summary>
public static class JobStates
{
    private static readonly Dictionary<JobState, JobState[]> _next = new()
    {
        [JobState.Scheduled] = [JobState.Ready, JobState.Blocked, JobState.Cancelled],
        [JobState.Blocked] = [JobState.Ready, JobState.Scheduled, JobState.Cancelled],
        [JobState.Ready] = [JobState.Running, JobState.Cancelled],
        [JobState.Running] = [JobState.Done, JobState.Dead, JobState.Cancelled, JobState.Scheduled, JobState.Ready],
        [JobState.Done] = [JobState.Ready, JobState.Blocked],
        [JobState.Cancelled] = [JobState.Ready, JobState.Blocked],
        [JobState.Dead] = [JobState.Ready, JobState.Blocked, JobState.Cancelled],
    };

    /// <summary>All states, in the order of a life.</summary>
    public static IReadOnlyList<JobState> All { get; } = Enum.GetValues<JobState>();

    /// <summary>True when a job may go from one state to the other. From the final ones only an operator leads on: a retry, or giving up what is dead.</summary>
    public static bool MayGo(JobState from, JobState to) => _next[from].Contains(to);

    /// <summary>True for done, cancelled and dead.</summary>
    public static bool IsFinal(this JobState state) => state >= JobState.Done;

    /// <summary>The word in the database, the API and the command line.</summary>
    public static string Text(this JobState state) => state switch
    {
        JobState.Scheduled => "scheduled",
        JobState.Ready => "ready",
        JobState.Running => "running",
        JobState.Blocked => "blocked",
        JobState.Done => "done",
        JobState.Cancelled => "cancelled",
        _ => "dead",
    };

    /// <summary>Reads a word; false for anything that is not one.</summary>
    public static bool TryParse(string? text, out JobState state)
    {
        foreach (var each in All)
        {
            if (each.Text() == text)
            {
                state = each;
                return true;
            }
        }

        state = default;
        return false;
    }
}
