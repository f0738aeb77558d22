using Rondo.Imports.Formats;
using Rondo.Imports.Load;
using Rondo.Storage;

namespace Rondo.Imports;

/// <summary>The SQL of imports, and only the SQL.</summary>
internal static class ImportStore
{
    private const string Columns = """
        select i.*, j.state as job_state, j.error as job_error, j.due as job_due from import i left join job j on j.id = i.job_id
        """;

    private static readonly Sql _add = new("imports.add", """
        insert into import (state, hash, file, bytes, profile, profile_text, unknown_meters, max_rejects, priority, tags, note, metadata, max_retries, webhook, meter, created_at)
        values ('queued', @hash, @file, @bytes, @profile, @profileText, @unknown, @maxRejects, @priority, @tags, @note, @metadata, @maxRetries, @webhook, @meter, @now) returning id
        """);

    private static readonly Sql _live = new("imports.live", "select id from import where hash = @hash and coalesce(meter, '') = coalesce(@meter, '') and undone_at is null and state in ('queued', 'running', 'done', 'failed') order by id limit 1");
    private static readonly Sql _find = new("imports.find", $"{Columns} where i.id = @id");
    private static readonly Sql _lock = new("imports.lock", "select id from import where id = @id{update}");
    private static readonly Sql _jobFailure = new("imports.job.failure", "select error from job_failure where job_id = @job and attempt = @attempt and outcome <> 'released' order by ended_at desc limit 1");
    private static readonly Sql _lastFailure = new("imports.job.failure", "select error from job_failure where job_id = @job order by ended_at desc limit 1");
    private static readonly Sql _jobState = new("imports.job", "select state from job where id = @job");

    private static readonly Sql _list = new("imports.list", $"""
        {Columns} where (@state is null or i.state = @state) and (@before is null or i.id < @before) order by i.id desc limit @limit
        """);

    private static readonly Sql _errors = new("imports.errors", "select no, at, error, is_permanent from import_error where import_id = @id order by no");

    private static readonly Sql _rejects = new("imports.rejects", """
        select no, line, field, value, reason, raw, context from import_reject where import_id = @id and no > @after order by no limit @limit
        """);

    private static readonly Sql _queued = new("imports.queued", """
        update import set state = 'queued', job_id = @job, retry_at = @at, finished_at = null, webhook_job_id = null where id = @id
        """);

    private static readonly Sql _begin = new("imports.begin", """
        update import set state = 'running', retry_count = @retries, retry_at = null, started_at = coalesce(started_at, @now), header = coalesce(header, @header)
        where id = @id and job_id = @job and state in ('queued', 'running', 'failed')
        """);

    private static readonly Sql _hold = new("imports.hold", "select units from import where id = @id and job_id = @job and state = 'running'{update}");

    private static readonly Sql _advance = new("imports.advance", """
        update import set units = @units, bytes_read = @bytes, progress_at = @now, value_count = value_count + @Values, inserted = inserted + @Inserted, replaced = replaced + @Replaced,
          kept = kept + @Kept, same = same + @Same, skipped = skipped + @Skipped, missing = missing + @Missing, rejected = rejected + @Rejected, rows_per_s = @rate
        where id = @id
        """);

    private static readonly Sql _rejected = new("imports.rejected", "select rejected from import where id = @id");
    private static readonly Sql _ahead = new("imports.kept", "update import set rejected = rejected + @count, rejected_ahead = rejected_ahead + @count where id = @id");
    private static readonly Sql _dropAhead = new("imports.again", "delete from import_reject where import_id = @id and no > @after");

    private static readonly Sql _done = new("imports.done", "update import set state = 'done', finished_at = @now, warnings = @warnings where id = @id");
    private static readonly Sql _failed = new("imports.failed", """
        update import set state = @state, last_error = @error, retry_at = @retryAt, retry_count = @retries, finished_at = @finishedAt
        where id = @id and job_id = @job and state in ('queued', 'running', 'failed')
        """);

    private static readonly Sql _error = new("imports.error", """
        insert into import_error (import_id, no, at, error, is_permanent) select @id, coalesce(max(no), 0) + 1, @now, @error, @isPermanent from import_error where import_id = @id
        """);

    private static readonly Sql _cancel = new("imports.cancel", "update import set state = 'cancelled', finished_at = @now, retry_at = null where id = @id and state in ('queued', 'running', 'failed')");
    private static readonly Sql _settle = new("imports.settle", "update import set state = @state, finished_at = coalesce(finished_at, @now), retry_at = null, last_error = coalesce(@error, last_error) where id = @id");
    private static readonly Sql _told = new("imports.told", "update import set webhook_job_id = @job where id = @id");
    private static readonly Sql _undo = new("imports.undo", "update import set undo_job_id = @job where id = @id");
    private static readonly Sql _undoing = new("imports.undo.count", "update import set undo_deleted = undo_deleted + @deleted, undo_restored = undo_restored + @restored, undo_kept = undo_kept + @kept where id = @id");
    private static readonly Sql _undone = new("imports.undone", "update import set undone_at = @now where id = @id");

    public static long Add(Transaction tx, ImportRequest request, string? meter, string hash, long bytes) => tx.First<long>(_add, new
    {
        hash, file = request.File, bytes, profile = request.Profile.Name, profileText = request.Profile.Text, unknown = ImportRequest.Text(request.Unknown ?? request.Profile.Unknown), maxRejects = request.MaxRejects,
        priority = request.Priority, tags = request.TagsJson, note = request.Note, metadata = request.MetadataJson, maxRetries = request.MaxRetries, webhook = request.Webhook, meter, now = tx.Now,
    });

    public static long? Live(Transaction tx, string hash, string? meter) => tx.First<long?>(_live, new { hash, meter });

    public static ImportRow? Find(Transaction tx, long id) => tx.First<ImportRow>(_find, new { id });

    /// <summary>One import that nobody changes or deletes until the transaction ends.</summary>
    public static ImportRow? Lock(Transaction tx, long id) => tx.First<long?>(_lock, new { id }) is null ? null : Find(tx, id);

    /// <summary>State of a job; null when that is forgotten.</summary>
    public static string? JobState(Transaction tx, long job) => tx.First<string>(_jobState, new { job });

    /// <summary>Why an attempt of a job did not end well; null when it did, when it was taken away by somebody, who says why, or when nobody knows.</summary>
    public static string? JobFailure(Transaction tx, long job, int attempt) => tx.First<string>(_jobFailure, new { job, attempt });

    /// <summary>Why the last attempt of a job did not end well.</summary>
    public static string? LastFailure(Transaction tx, long job) => tx.First<string>(_lastFailure, new { job });

    public static List<ImportRow> List(Transaction tx, string? state, long? before, int limit) => tx.Query<ImportRow>(_list, new { state, before, limit });

    public static List<ImportErrorRow> Errors(Transaction tx, long id) => tx.Query<ImportErrorRow>(_errors, new { id });

    public static List<ImportRejectRow> Rejects(Transaction tx, long id, long after, int limit) => tx.Query<ImportRejectRow>(_rejects, new { id, after, limit });

    public static void Queue(Transaction tx, long id, long job, Instant? at) => tx.Execute(_queued, new { id, job, at });

    public static bool Begin(Transaction tx, long id, long job, int retries, string? header) => tx.Execute(_begin, new { id, job, retries, header, now = tx.Now }) == 1;

    /// <summary>How far it is; null when that job does not run it any more. Nobody changes it until the transaction ends.</summary>
    public static long? Hold(Transaction tx, long id, long job) => tx.First<long?>(_hold, new { id, job });

    public static void Advance(Transaction tx, long id, long units, long bytes, double rate, ImportCounts counts) => tx.Execute(
        _advance,
        new { id, units, bytes, rate, now = tx.Now, counts.Values, counts.Inserted, counts.Replaced, counts.Kept, counts.Same, counts.Skipped, counts.Missing, counts.Rejected });

    public static void Reject(Transaction tx, long id, long first, List<Reject> rejects)
    {
        var no = first;
        tx.InsertMany(
            "import_reject",
            ["import_id", "no", "line", "field", "value", "reason", "raw", "context"],
            [.. rejects.Select(r => new object?[] { id, no++, r.Line, Clean(r.Field), Clean(r.Value), r.Reason, Clean(r.Raw), r.Context is null ? null : Clean(r.Context) })]);
    }

    /// <summary>Keeps rejected rows behind those of the rows that are stored.</summary>
    public static void KeepAhead(Transaction tx, long id, List<Reject> rejects)
    {
        Reject(tx, id, tx.First<long>(_rejected, new { id }) + 1, rejects);
        tx.Execute(_ahead, new { id, count = rejects.Count });
    }

    /// <summary>Drops the last so many of them.</summary>
    public static void DropAhead(Transaction tx, long id, long count)
    {
        tx.Execute(_dropAhead, new { id, after = tx.First<long>(_rejected, new { id }) - count });
        tx.Execute(_ahead, new { id, count = -count });
    }

    public static void Done(Transaction tx, long id, string? warnings) => tx.Execute(_done, new { id, warnings, now = tx.Now });

    public static bool Fail(Transaction tx, long id, long job, int retries, string error, bool isPermanent, Instant? retryAt)
    {
        var now = tx.Now;
        var state = retryAt is null ? "dead" : "failed";
        if (tx.Execute(_failed, new { id, job, state, error, retryAt, retries, finishedAt = retryAt is null ? now : (Instant?)null }) == 0)
        {
            return false;
        }

        Note(tx, id, error, isPermanent);
        return true;
    }

    /// <summary>Keeps why an attempt did not end well.</summary>
    public static void Note(Transaction tx, long id, string error, bool isPermanent) => tx.Execute(_error, new { id, error, isPermanent, now = tx.Now });

    public static bool Cancel(Transaction tx, long id) => tx.Execute(_cancel, new { id, now = tx.Now }) == 1;

    public static void Told(Transaction tx, long id, long job) => tx.Execute(_told, new { id, job });

    /// <summary>Writes down what its job has come to without telling.</summary>
    public static void Settle(Transaction tx, long id, string state, string? error) => tx.Execute(_settle, new { id, state, error, now = tx.Now });

    public static void Undo(Transaction tx, long id, long job) => tx.Execute(_undo, new { id, job });

    public static void CountUndo(Transaction tx, long id, int deleted, int restored, int kept) => tx.Execute(_undoing, new { id, deleted, restored, kept });

    public static void Undone(Transaction tx, long id) => tx.Execute(_undone, new { id, now = tx.Now });

    // PostgreSQL takes no half of a character pair.
    private static string Clean(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) && !(char.IsLowSurrogate(text[i]) && i > 0 && char.IsHighSurrogate(text[i - 1])))
            {
                return string.Concat(text.Select(c => char.IsSurrogate(c) ? '\uFFFD' : c));
            }
        }

        return text;
    }
}
