using Rondo.Jobs;
using Rondo.Live;
using Rondo.Live.Log;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Tracing;

/// <summary>Puts the path of a request together, from what each module has kept of it.</summary>
internal static class TraceReader
{
    private const int MostJobs = 200;
    private const int MostRows = 1_000;

    /// <summary>True for what can be asked for.</summary>
    public static bool IsId(string text) => TraceContext.IsCorrelation(text);

    /// <summary>Reads it.</summary>
    /// <param name="database">The database.</param>
    /// <param name="jobs">Its jobs.</param>
    /// <param name="id">A correlation or trace id.</param>
    /// <param name="isAdmin">Whether whoever asks may see the audit trail and what is for administrators.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<TracePath> ReadAsync(Database database, JobOperations jobs, string id, bool isAdmin, CancellationToken stop)
    {
        List<AuditRow> changes = isAdmin ? await AuditTrail.TracedAsync(database, id, MostRows + 1, stop).ConfigureAwait(false) : [];
        var traced = await jobs.TracedAsync(id, MostJobs + 1, stop).ConfigureAwait(false);
        var events = await EventLog.TracedAsync(database, id, MostRows + 1, stop).ConfigureAwait(false);
        var isCut = changes.Count > MostRows || traced.Count > MostJobs || events.Count > MostRows;
        var steps = changes.Take(MostRows).Select(Change)
            .Concat(traced.Take(MostJobs).SelectMany(Steps))
            .Concat(events.Take(MostRows).Where(e => isAdmin || e.Topic != Topics.Admin).Select(Event));

        // A stable sort: of what happened in the same instant, the cause is named first.
        return new TracePath(id, [.. steps.OrderBy(s => s.At)], isCut, !isAdmin);
    }

    private static TraceStep Change(AuditRow row) => new()
    {
        At = row.At, What = "change", Summary = $"{row.ActorKind} {row.ActorName}: {row.Action} {row.Subject}".TrimEnd(), CorrelationId = row.CorrelationId!, TraceId = row.TraceId!,
        Actor = $"{row.ActorKind} {row.ActorName}", Name = row.Action, Subject = row.Subject, No = row.No,
    };

    private static TraceStep Event(LoggedEvent row) => new()
    {
        At = row.At, What = "event", Summary = $"{row.Name} on {row.Topic}", CorrelationId = row.CorrelationId!, TraceId = row.TraceId!, Name = row.Name, Subject = row.Topic, No = row.Id,
    };

    private static IEnumerable<TraceStep> Steps(TracedJob traced)
    {
        var job = traced.Job;
        yield return new TraceStep
        {
            At = traced.At, What = "job", CorrelationId = traced.CorrelationId, TraceId = traced.TraceId, JobId = traced.Id, Queue = job?.Queue, Kind = job?.Kind, Outcome = job?.State ?? "forgotten",
            Summary = job is null ? $"job {traced.Id}: its time in the history is over" : $"job {traced.Id} ({job.Queue}, {job.Kind}) is {job.State}",
        };
        foreach (var failure in traced.Failures)
        {
            yield return Attempt(traced, failure.StartedAt ?? failure.EndedAt, failure.Attempt, failure.Outcome, failure.EndedAt, failure.Node, failure.Error);
        }

        // What ended well is not among the failures, and neither is what runs.
        if (job is { State: "done" or "running", Attempts: > 0 } && (job.StartedAt ?? job.FinishedAt) is { } began)
        {
            yield return Attempt(traced, began, job.Attempts, job.State, job.FinishedAt, job.Node, null);
        }
    }

    private static TraceStep Attempt(TracedJob traced, Instant at, int attempt, string outcome, Instant? ended, string? node, string? error) => new()
    {
        At = at, What = "attempt", CorrelationId = traced.CorrelationId, TraceId = traced.TraceId, JobId = traced.Id, Queue = traced.Job?.Queue, Kind = traced.Job?.Kind,
        Attempt = attempt, Outcome = outcome, EndedAt = ended, Node = node, Error = error,
        Summary = $"job {traced.Id}, attempt {attempt}: {outcome}{(ended is { } end ? $" after {(end - at).TotalMilliseconds:0} ms" : "")}{(error is null ? "" : $": {error}")}",
    };
}
