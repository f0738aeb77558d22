using Rondo.Jobs.Queue;
using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>The SQL of where to look for the jobs of a request, and only the SQL. What a job carries itself is in its metadata; here it is found by it.</summary>
internal static class TraceStore
{
    private const int Slice = 2_000;
    private static readonly string[] _columns = ["job_id", "correlation_id", "trace_id", "at"];

    // Each half reads no more of its index than may be shown.
    private static readonly Sql _find = new("jobs.trace", """
        select job_id, min(correlation_id) as correlation_id, min(trace_id) as trace_id, min(at) as at
        from (
          select * from (select job_id, correlation_id, trace_id, at from job_trace where correlation_id = @id order by job_id limit @limit) a
          union all
          select * from (select job_id, correlation_id, trace_id, at from job_trace where trace_id = @id order by job_id limit @limit) b
        ) found
        group by job_id order by job_id limit @limit
        """);

    private static readonly Sql _forget = new("jobs.forget.trace", """
        delete from job_trace where job_id in (
          select t.job_id from job_trace t where t.at < @old and not exists (select 1 from job j where j.id = t.job_id) order by t.at limit @slice)
        """);

    /// <summary>Notes those of <paramref name="jobs"/> that come from somebody and are new.</summary>
    public static void Note(Transaction tx, IReadOnlyList<NewJob> jobs, Instant now)
    {
        List<object?[]>? rows = null;
        foreach (var job in jobs)
        {
            if (job is { Trace: { } trace, IsNew: true })
            {
                (rows ??= []).Add([job.Id, trace.CorrelationId, trace.TraceId, now]);
            }
        }

        if (rows is not null)
        {
            tx.InsertMany("job_trace", _columns, rows);
        }
    }

    /// <summary>Jobs by correlation or trace id, the oldest first.</summary>
    public static List<TracedId> Find(Transaction tx, string id, int limit) => tx.Query<TracedId>(_find, new { id, limit });

    /// <summary>Forgets a slice of those that no longer are anywhere; returns how many.</summary>
    public static int Forget(Transaction tx, Instant old) => tx.Execute(_forget, new { old, slice = Slice });

    /// <summary>A job that was found.</summary>
    public sealed class TracedId
    {
        public long JobId { get; init; }

        public string CorrelationId { get; init; } = "";

        public string TraceId { get; init; } = "";

        public Instant At { get; init; }
    }
}
