using Rondo.Jobs.Operations;
using Rondo.Live.Feed;
using Rondo.Storage;

namespace Rondo.Jobs.Told;

/// <summary>The SQL of the figures of queues.</summary>
internal static class QueueCountStore
{
    private static readonly Sql _ends = new("jobs.told.ends", """
        select queue, state, count(*) as number from job_history where finished_at >= @since and state in ('done', 'dead') group by queue, state
        """);

    public static IReadOnlyList<QueueFigures> Read(Transaction tx, TimeSpan window)
    {
        var depths = QueueStore.Depths(tx).ToDictionary(d => d.Queue, StringComparer.Ordinal);
        var paused = QueueStore.Intents(tx).Where(i => i.IsPaused).Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        var ends = tx.Query<End>(_ends, new { since = tx.Now - window });
        return [.. depths.Keys.Concat(paused).Concat(ends.Select(e => e.Queue)).Distinct(StringComparer.Ordinal).Select(queue =>
        {
            var depth = depths.GetValueOrDefault(queue) ?? new QueueStore.Depth();
            return new QueueFigures(queue, depth.Ready, depth.Running, depth.Scheduled, depth.Blocked, depth.Oldest, paused.Contains(queue), PerS(queue, "done"), PerS(queue, "dead"));
        })];

        double PerS(string queue, string state) => Math.Round(ends.Where(e => e.Queue == queue && e.State == state).Sum(e => e.Number) / window.TotalSeconds, 3);
    }

    private sealed class End
    {
        public string Queue { get; init; } = "";

        public string State { get; init; } = "";

        public long Number { get; init; }
    }
}
