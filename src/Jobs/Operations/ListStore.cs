using System.Collections.Concurrent;
using System.Text.Json;
using Rondo.Storage;

namespace Rondo.Jobs.Operations;

/// <summary>
/// Finds jobs by a filter. A text for each combination of conditions: a condition that is switched off by a parameter (<c>@id is null or id = @id</c>) hides the
/// index from SQLite. The state is a literal, so that both databases leave out the tables that cannot have it.
/// </summary>
internal static class ListStore
{
    private static readonly ConcurrentDictionary<string, Sql> _texts = new(StringComparer.Ordinal);

    private static readonly Sql _progress = new("jobs.progress.of", "select done, total, note, at from job_progress where job_id = @id");

    private static readonly Sql _lines = new("jobs.log.of", """
        select attempt, at, level, text from job_log where job_id = @id order by lease_no desc, line desc limit @limit
        """);

    public static List<JobRow> List(Transaction tx, JobFilter filter, int limit) =>
        tx.Query<JobRow>(For("jobs.list", "select * from job", filter, " order by id desc limit @limit"), Args(filter, limit));

    /// <summary>Ids, the newest first.</summary>
    public static List<long> Ids(Transaction tx, JobFilter filter, int limit) =>
        tx.Query<long>(For("jobs.ids.of", "select id from job", filter, " order by id desc limit @limit"), Args(filter, limit));

    public static long Count(Transaction tx, JobFilter filter) => tx.First<long>(For("jobs.count", "select count(*) from job", filter, ""), Args(filter, 0));

    public static JobProgressState? Progress(Transaction tx, long id) => tx.First<JobProgressState>(_progress, new { id });

    /// <summary>The newest lines, the oldest of them first.</summary>
    public static List<JobLine> Lines(Transaction tx, long id, int limit)
    {
        var lines = tx.Query<JobLine>(_lines, new { id, limit });
        lines.Reverse();
        return lines;
    }

    private static Sql For(string name, string select, JobFilter filter, string tail)
    {
        var conditions = new List<string>();
        Add(filter.Id is not null, "id = @id");
        Add(filter.State is not null, $"state = '{filter.State?.Text()}'");
        Add(filter.Queue is not null, "queue = @queue");
        Add(filter.Kind is not null, "kind = @kind");
        Add(filter.Batch is not null, "batch_id = @batch");
        Add(filter.Before is not null, "id < @before");
        Add(filter.Tag is not null, "tags like @tag escape '!'");
        Add(
            filter.Error is not null,
            "(error like @error escape '!' or exists (select 1 from job_failure f where f.job_id = job.id and f.attempt = job.attempts and f.error like @error escape '!'))");
        var text = select + (conditions.Count == 0 ? "" : " where " + string.Join(" and ", conditions)) + tail;
        return _texts.GetOrAdd(text, t => new Sql(name, t));

        void Add(bool isWanted, string condition)
        {
            if (isWanted)
            {
                conditions.Add(condition);
            }
        }
    }

    private static object Args(JobFilter filter, int limit) => new
    {
        id = filter.Id,
        queue = filter.Queue,
        kind = filter.Kind,
        before = filter.Before,
        batch = filter.Batch,

        // As a tag is stored: what is not ASCII is escaped in JSON.
        tag = filter.Tag is { } tag ? Containing(JsonSerializer.Serialize(tag)) : null,
        error = filter.Error is { } error ? Containing(error) : null,
        limit,
    };

    private static string Containing(string text) =>
        "%" + text.Replace("!", "!!", StringComparison.Ordinal).Replace("%", "!%", StringComparison.Ordinal).Replace("_", "!_", StringComparison.Ordinal) + "%";
}
