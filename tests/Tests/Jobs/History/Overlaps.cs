using System.Globalization;
using Rondo.Storage;

namespace Rondo.Tests.Jobs.History;

/// <summary>
/// Attempts under one concurrency key of limit 1 that ran at once. The only excuse is a node that was declared dead while its attempt went on, or stood still: from
/// then on the key belongs to others, and what that attempt brings is refused.
/// </summary>
public static class Overlaps
{
    // Deaths are told by the database's clock, runs by the machine's, and one is derived from the other.
    private static readonly TimeSpan Noise = TimeSpan.FromMilliseconds(50);

    public static IEnumerable<Violation> Violations(JobHistory history) => Find(history, withExcuse: false).Select(pair => new Violation(
        "overlap",
        string.Create(CultureInfo.InvariantCulture, $"{pair.First.Key}: job {pair.First.JobId} (lease {pair.First.LeaseNo}, node {pair.First.Node}) ran from {pair.First.Began} to {pair.First.Ended}, job {pair.Then.JobId} (lease {pair.Then.LeaseNo}) from {pair.Then.Began}")));

    /// <summary>Overlaps for which the node of the first is to be excused: it had been declared dead.</summary>
    public static int OfTheDead(JobHistory history) => Find(history, withExcuse: true).Count();

    private static IEnumerable<(JobRun First, JobRun Then)> Find(JobHistory history, bool withExcuse)
    {
        foreach (var key in history.Runs.GroupBy(run => run.Key))
        {
            var runs = key.OrderBy(run => run.Began).ToArray();
            for (var n = 0; n + 1 < runs.Length; n++)
            {
                // What was begun before the last one counts too: one that goes on for long may meet many.
                for (var next = n + 1; next < runs.Length && runs[next].Began < End(history, runs[n]); next++)
                {
                    var isExcused = history.Deaths.TryGetValue(runs[n].Node, out var died) && runs[next].Began > died - Noise;
                    if (isExcused == withExcuse)
                    {
                        yield return (runs[n], runs[next]);
                    }
                }
            }
        }
    }

    /// <summary>One without an end went on until its node was declared dead at the latest; a node that is not dead has it still.</summary>
    private static Instant End(JobHistory history, JobRun run) =>
        run.Ended ?? (history.Deaths.TryGetValue(run.Node, out var died) ? died - Noise : new Instant(long.MaxValue));
}
