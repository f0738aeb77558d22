using System.Text.Json;
using Rondo.Jobs.Links;
using Rondo.Live;
using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Jobs.Told;

/// <summary>A job that is dead now.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Queue">Its queue.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Attempts">Runs it had.</param>
/// <param name="MaxAttempts">Runs it could have had.</param>
/// <param name="Reason"><c>exhausted</c>, <c>discarded</c> or <c>crash_loop</c>.</param>
/// <param name="Error">The last error.</param>
internal sealed record DeadJob(long Id, string Queue, string Kind, int Attempts, int MaxAttempts, string Reason, string? Error);

/// <summary>
/// Writes what happens to jobs and is worth a line in the log of events: that one is dead, that a batch has finished; in the transaction that makes it so. A queue that dies by the thousand
/// must not push everybody else's events out of the log: of each queue 20 a second have an event of their own, the others of the same transaction one together.
/// </summary>
/// <param name="log">The log; null where nobody keeps one.</param>
internal sealed class JobEvents(EventLog? log)
{
    public const string Died = "job.dead";

    public const string ManyDied = "jobs.dead";

    public const string BatchFinished = "batch.finished";

    /// <summary>Dead jobs of a queue that have an event of their own: so many at once, and so many a second.</summary>
    public const int Alone = 20;

    private const int MostQueues = 1_000;
    private const int LongestError = 1_000;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (double Left, Instant At)> _allowances = new(StringComparer.Ordinal);

    public void Dead(Transaction tx, IReadOnlyCollection<DeadJob> jobs)
    {
        if (log is null || jobs.Count == 0)
        {
            return;
        }

        var now = tx.Now;
        var events = new List<LiveEvent>();
        foreach (var queue in jobs.GroupBy(j => j.Queue, StringComparer.Ordinal))
        {
            var (count, topic) = (queue.Count(), Topics.Queue(queue.Key));
            var alone = Take(queue.Key, count, now);
            events.AddRange(queue.Take(alone).Select(j => new LiveEvent(Died, topic, now, JsonSerializer.Serialize(
                new { job_id = j.Id, queue = j.Queue, kind = j.Kind, attempts = j.Attempts, max_attempts = j.MaxAttempts, reason = j.Reason, error = Short(j.Error) }))));
            if (count > alone)
            {
                var rest = queue.Skip(alone).ToArray();
                events.Add(new LiveEvent(ManyDied, topic, now, JsonSerializer.Serialize(
                    new { queue = queue.Key, count = rest.Length, first_job_id = rest.Min(j => j.Id), last_job_id = rest.Max(j => j.Id), error = Short(rest[^1].Error) })));
            }
        }

        log.Write(tx, events);
    }

    /// <summary>Tells of the batches that finished in this transaction.</summary>
    public void Finished(Transaction tx, Followed found)
    {
        if (log is null || found.Finished.Count == 0)
        {
            return;
        }

        var now = tx.Now;
        log.Write(tx, [.. found.Finished.Select(b => new LiveEvent(BatchFinished, b.Queues.Count > 0 ? Topics.Queue(b.Queues[0]) : Topics.Global, now, JsonSerializer.Serialize(new
        {
            batch_id = b.End.Id, name = b.End.Title, queue = b.Queues.Count > 0 ? b.Queues[0] : null, total = b.End.Total, done = b.End.Done, dead = b.End.Dead, cancelled = b.End.Cancelled,
        }))
        {
            AlsoOn = b.Queues.Count > 1 ? Topics.Queue(b.Queues[1]) : null,
        })]);
        found.Finished.Clear();
    }

    private int Take(string queue, int wanted, Instant now)
    {
        lock (_gate)
        {
            if (_allowances.Count >= MostQueues && !_allowances.ContainsKey(queue))
            {
                _allowances.Clear();
            }

            var (left, at) = _allowances.GetValueOrDefault(queue, (Alone, now));
            left = Math.Min(Alone, left + (Math.Max(0, (now - at).TotalSeconds) * Alone));
            var taken = Math.Min(wanted, (int)left);
            _allowances[queue] = (left - taken, now);
            return taken;
        }
    }

    private static string? Short(string? error) => error is { Length: > LongestError } ? error[..LongestError] + "…" : error;
}

/// <summary>A batch that finished.</summary>
/// <param name="End">What came of it.</param>
/// <param name="Queues">Whose subscribers are told: the queue of most members, that of the callback; at most two, each once.</param>
internal sealed record FinishedBatch(BatchEnd End, IReadOnlyList<string> Queues);
