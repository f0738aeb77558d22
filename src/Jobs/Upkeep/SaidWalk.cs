using Rondo.Storage;

namespace Rondo.Jobs.Upkeep;

/// <summary>
/// Forgets what jobs said that are gone. Nearly all of it is of jobs that are still there: it is walked through from job to job, a few at a time, and from where the last walk ended.
/// </summary>
/// <param name="name">Of the statements.</param>
/// <param name="table">What they said, by <c>job_id</c>.</param>
/// <param name="length">Jobs a step.</param>
internal sealed class SaidWalk(string name, string table, int length)
{
    /// <summary>Steps of a walk that find nothing, at most: other work waits meanwhile.</summary>
    public const int MostIdle = 100;

    // From job to job through the index, past however many lines one of them has.
    private readonly Sql _jobs = new(name + ".jobs", $"""
        with recursive k (id, n) as (
          select min(job_id), 1 from {table} where job_id > @after
          union all
          select (select min(s.job_id) from {table} s where s.job_id > k.id), n + 1 from k where k.id is not null and n < @length
        )
        select id from k where id is not null order by n
        """);

    // By their numbers: asked for those that are not there, a planner may rather read all jobs.
    private readonly Sql _there = new(name + ".there", "select id from job where id {in:@ids}");

    private readonly Sql _forget = new(name, $"delete from {table} where job_id {{in:@ids}}");

    private long _after;

    /// <summary>One for each table, from their beginnings.</summary>
    public static SaidWalk[] All() => [new("jobs.forget.lines", "job_log", 200), new("jobs.forget.progress", "job_progress", 1_000)];

    /// <summary>One step; returns of how many jobs something was forgotten, or null when it was the last one of this way through.</summary>
    public int? Step(Database database)
    {
        var (last, gone) = database.Write("jobs.forget.said", tx =>
        {
            var jobs = tx.Query<long>(_jobs, new { after = _after, length });
            var gone = jobs.Except(tx.Query<long>(_there, new { ids = new IdList([.. jobs]) })).ToArray();
            if (gone.Length > 0)
            {
                tx.Execute(_forget, new { ids = new IdList(gone) });
            }

            return (jobs.Count == length ? jobs[^1] : 0, gone.Length);
        });
        _after = last;
        return last == 0 ? null : gone;
    }
}
