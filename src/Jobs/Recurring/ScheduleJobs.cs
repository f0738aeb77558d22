using Rondo.Jobs.Schedules;
using Rondo.Storage;

namespace Rondo.Jobs.Recurring;

/// <summary>Which jobs of a schedule have not ended. Whether one has, the tables of jobs say; what is kept here only says where to look.</summary>
internal static class ScheduleJobs
{
    /// <summary>More live jobs of one schedule than this are not cancelled at once.</summary>
    public const int Most = 1_000;

    private const string IsLive = """
        exists (select 1 from job_ready j where j.id = l.job_id) or exists (select 1 from job_running j where j.id = l.job_id)
          or exists (select 1 from job_waiting j where j.id = l.job_id)
        """;

    private static readonly Sql _live = new("schedules.live", $"select l.job_id from job_schedule_job l where l.schedule_id = @id and ({IsLive}) order by l.job_id limit @most");
    private static readonly Sql _add = new("schedules.link", "insert into job_schedule_job (schedule_id, job_id) values (@id, @job) on conflict do nothing");

    private static readonly Sql _again = new("schedules.link.again", """
        insert into job_schedule_job (schedule_id, job_id) select id, @job from job_schedule where name = @name on conflict do nothing
        """);

    private static readonly Sql _page = new("schedules.links", $"""
        select l.schedule_id, l.job_id, ({IsLive}) as is_live from job_schedule_job l
        where l.schedule_id > @schedule or (l.schedule_id = @schedule and l.job_id > @job) order by l.schedule_id, l.job_id limit @most
        """);

    private static readonly Sql _gone = new("schedules.unlink", "delete from job_schedule_job where schedule_id = @id and job_id {in:@ids}");

    /// <summary>Jobs of a schedule that have not ended, at most 1,000, the oldest first.</summary>
    public static List<long> Live(Transaction tx, long id) => tx.Query<long>(_live, new { id, most = Most });

    public static void Add(Transaction tx, long id, long job) => tx.Execute(_add, new { id, job });

    /// <summary>A job that had ended is to run again: when it comes from a schedule, that sees it again.</summary>
    public static void Again(Transaction tx, long job, string? metadata)
    {
        if (ScheduleMark.Of(metadata) is { } mark)
        {
            tx.Execute(_again, new { job, name = mark.Name });
        }
    }

    /// <summary>Forgets jobs that have ended, from a place in the list on; returns where it goes on, or null at the end.</summary>
    public static (long Schedule, long Job)? Clean(Transaction tx, (long Schedule, long Job) after)
    {
        var page = tx.Query<Link>(_page, new { schedule = after.Schedule, job = after.Job, most = Most });
        foreach (var ended in page.Where(l => !l.IsLive).GroupBy(l => l.ScheduleId))
        {
            tx.Execute(_gone, new { ids = new IdList([.. ended.Select(l => l.JobId)]), id = ended.Key });
        }

        return page.Count == Most ? (page[^1].ScheduleId, page[^1].JobId) : null;
    }

    private sealed class Link
    {
        public long ScheduleId { get; init; }

        public long JobId { get; init; }

        public bool IsLive { get; init; }
    }
}
