using Rondo.Metrics;
using Rondo.Storage;

namespace Rondo.Jobs.Pump;

/// <summary>What this node has done of one queue since its start.</summary>
internal sealed class QueueCounts
{
    private static readonly Outcome[] _outcomes = Enum.GetValues<Outcome>();
    private readonly Counter[] _ended = [.. _outcomes.Select(_ => new Counter())];

    /// <summary>From begun to ended.</summary>
    public Timing Run { get; } = new();

    /// <summary>From due to begun.</summary>
    public Timing Wait { get; } = new();

    /// <summary>Attempts by how they ended, in the words of history.</summary>
    public IEnumerable<(string Outcome, long Count)> Attempts => _outcomes.Select((outcome, n) => (Finish.Text(outcome), _ended[n].Value));

    /// <summary>Jobs that are at their end: done, dead or cancelled.</summary>
    public long Processed => _ended[(int)Outcome.Done].Value + _ended[(int)Outcome.Dead].Value + _ended[(int)Outcome.Cancelled].Value;

    public void Count(Outcome outcome, Instant due, Instant? startedAt, Instant endedAt)
    {
        _ended[(int)outcome].Add();
        if (startedAt is { } started && outcome != Outcome.GivenBack)
        {
            Run.Add(endedAt - started);
            Wait.Add(started - due);
        }
    }
}

/// <summary>What this node has done since its start, by queue.</summary>
internal sealed class JobCounts
{
    /// <summary>Most queues that are told apart.</summary>
    public const int MostQueues = 200;

    public Labelled<QueueCounts> Queues { get; } = new(MostQueues, () => new QueueCounts());

    /// <summary>An end was written, or refused, which counts for whoever has the job now.</summary>
    public void Count(Finish finish, bool isAccepted)
    {
        if (isAccepted)
        {
            Queues[finish.Job.Queue].Count(finish.Stored ?? finish.Outcome, finish.Job.Due, finish.StartedAt, finish.EndedAt);
        }
    }

    /// <summary>An end was written by its handler's own transaction.</summary>
    public void Done(RunningJob running, Instant now) => Queues[running.Job.Queue].Count(Outcome.Done, running.Job.Due, running.StartedInstant, now);
}
