using System.Globalization;
using Rondo.Jobs.Schedules;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Jobs.Operations;

/// <summary>Says why a job is where it is. What holds it up in general (no node, a pause) comes before its place in the queue, which says nothing then.</summary>
internal static class Explainer
{
    public static JobExplanation? Explain(Transaction tx, long id, DatabaseAddress address, JobHandlers handlers, JobsOptions options)
    {
        if (OperationStore.Find(tx, id) is not { } job)
        {
            return null;
        }

        var explanation = new JobExplanation { Id = id, State = job.State, At = tx.Now, Reasons = [] };
        var workers = NodeRegister.All(tx).FindAll(n => n.HasRole("work") && NodeRegister.IsRunning(n, address, tx.Now));
        var why = job.State switch
        {
            "scheduled" => Scheduled(explanation, job, General(tx, job, workers, handlers, options)),
            "blocked" when job.WaitsFor is { } other => job.WaitsOn == "batch" ? ForBatch(tx, explanation, other) : ForJob(tx, explanation, other),
            "blocked" => Blocked(tx, explanation, job, General(tx, job, workers, handlers, options)),
            "ready" => Ready(tx, explanation, job, General(tx, job, workers, handlers, options)),
            "running" => Running(tx, explanation, workers),
            _ => explanation with { Node = job.Node, Reasons = [Ended(job)] },
        };
        return ScheduleMark.Of(job.Metadata) is { } mark ? why with { Reasons = [.. why.Reasons, Recurs(mark.Name, mark.Due)] } : why;
    }

    private static JobReason Recurs(string schedule, string? due) => new(
        "schedule", $"schedule {schedule} enqueued it, {(due is null ? "outside its plan" : $"due at {due}")}. See: rondo schedules show {schedule}");

    private static List<JobReason> General(Transaction tx, JobRow job, List<NodeRow> workers, JobHandlers handlers, JobsOptions options)
    {
        var reasons = new List<JobReason>();
        if (workers.Count == 0)
        {
            reasons.Add(new("no_node", "no node with the role work runs. Start one: rondo serve"));
        }

        var intent = QueueStore.Intents(tx).Find(q => q.Name == job.Queue);
        if (intent is { IsPaused: true })
        {
            reasons.Add(new("queue_paused", $"queue {job.Queue} is paused since {intent.ChangedAt}. Resume it: rondo queues resume {job.Queue}"));
        }

        var isNamed = options.Queues.ContainsKey(job.Queue) || handlers.Queues.Contains(job.Queue, StringComparer.Ordinal);
        if (intent is { Workers: 0 })
        {
            reasons.Add(new("no_workers", $"queue {job.Queue} has 0 workers. Start them: rondo workers start {job.Queue}"));
        }
        else if (intent?.Workers is null && isNamed && options.WorkersOf(job.Queue) == 0)
        {
            reasons.Add(new(
                "no_workers", $"queue {job.Queue} has 0 workers by the settings that are known here; a node whose jobs.queues says so does not run it. Have every node run it: rondo workers scale {job.Queue} 2"));
        }

        if (!isNamed)
        {
            reasons.Add(new("queue_not_run", $"no kind and no setting that is known here names queue {job.Queue}. A node runs it when its setting jobs.queues does"));
        }

        if (handlers.Find(job.Kind) is not { IsRunnable: true })
        {
            // Which handlers other programs have is not written down anywhere; what they hold is.
            var known = handlers.Kinds.Count == 0 ? "no kinds" : string.Join(", ", handlers.Kinds.Order(StringComparer.Ordinal));
            reasons.Add(new("kind_unknown", $"this program ({known}) runs no jobs of kind {job.Kind}. " + (ExplainStore.NodeOf(tx, job.Kind) is { } node
                ? $"Node {node} does: it, or one like it, takes this one"
                : "A node of a program that does is needed, and whether one runs is not known here: see who has ended such jobs: rondo jobs list --state done --kind " + job.Kind)));
        }

        return reasons;
    }

    private static JobExplanation Scheduled(JobExplanation explanation, JobRow job, List<JobReason> reasons)
    {
        var isDue = job.Due <= explanation.At;
        var why = job.Attempts > 0 ? $"attempt {job.Attempts} of {job.MaxAttempts} did not end well, and the next one is" : "it is";
        var due = isDue
            ? new JobReason("due_now", $"it is due since {job.Due}; a node makes it ready within its poll interval")
            : new JobReason("due_later", $"{why} due at {job.Due}, in {Span(job.Due - explanation.At)}. At once: rondo jobs retry {job.Id}");
        return explanation with { Due = job.Due, Reasons = isDue ? [.. reasons, due] : [due, .. reasons] };
    }

    private static JobExplanation Blocked(Transaction tx, JobExplanation explanation, JobRow job, List<JobReason> reasons)
    {
        var key = job.ConcurrencyKey!;
        var place = ExplainStore.Find(tx, job.Id);
        var holders = ExplainStore.Holders(tx, key);
        var before = ExplainStore.AheadOfKey(tx, key, place.Rank);
        var queue = before == 0 ? "it is the next one of them" : $"{Count(before)} of the same key go before it";
        var reason = holders.Count >= (place.ConcurrencyLimit ?? 1)
            ? new JobReason("key_at_limit", $"its concurrency key '{key}' is at its limit of {place.ConcurrencyLimit}: held by job {string.Join(", ", holders)}; {queue}")
            : new JobReason("key_opens", $"its concurrency key '{key}' has a free slot ({holders.Count} of {place.ConcurrencyLimit} held); a node gives it out within its poll interval; {queue}");
        return explanation with { Holders = holders, Reasons = [reason, .. reasons] };
    }

    private static JobExplanation ForJob(Transaction tx, JobExplanation explanation, long other)
    {
        var before = OperationStore.Find(tx, other);
        var reason = before switch
        {
            null => new JobReason("waits_for_nothing", $"it waits for job {other}, which is not there any more; it is cancelled within a minute while a node with the role work runs"),
            { State: "dead" } => new("waits_for_dead", $"it waits for job {other}, which is dead: {before.Error}. Have that run again: rondo jobs retry {other}, or give up: rondo jobs cancel {explanation.Id}"),
            { State: "done" or "cancelled" } => new("waits_no_more", $"it waits for job {other}, which is {before.State}; a node sees to it within seconds"),
            _ => new("waits_for_job", $"it waits for job {other}, which is {before.State}. Why: rondo jobs explain {other}"),
        };
        return explanation with { WaitsForJob = other, Reasons = [reason] };
    }

    private static JobExplanation ForBatch(Transaction tx, JobExplanation explanation, long other)
    {
        var batch = BatchList.Find(tx, other);
        var reason = batch switch
        {
            null => new JobReason("waits_for_nothing", $"it waits for batch {other}, which is not there any more. Give it up: rondo jobs cancel {explanation.Id}"),
            { State: "filling" } => new("waits_for_batch", $"it runs when batch {other} ('{batch.Name}') has finished, which is still being filled: {batch.Ended} of {batch.Total} members have ended"),
            _ => new("waits_for_batch", $"it runs when batch {other} ('{batch.Name}') has finished: {batch.Ended} of {batch.Total} members have ended. See: rondo batches show {other}"),
        };
        return explanation with { WaitsForBatch = other, Reasons = [reason] };
    }

    private static JobExplanation Ready(Transaction tx, JobExplanation explanation, JobRow job, List<JobReason> reasons)
    {
        if (job.Crashes >= 2)
        {
            var before = ExplainStore.SuspectsAhead(tx, job.Id, job.Crashes);
            reasons.Add(new("suspect", $"its node died {job.Crashes} times while it ran, so it is run with nothing beside it: it waits until a node has nothing else under way; {Count(before)} suspects go before it"));
            return explanation with { Reasons = reasons, Ahead = before };
        }

        var ahead = ExplainStore.Ahead(tx, job.Queue, ExplainStore.Find(tx, job.Id).Rank);
        reasons.Add(ahead == 0
            ? new("next", $"it is the next one of queue {job.Queue}; a free worker takes it")
            : new("ahead", $"{Count(ahead)} {(ahead == 1 ? "job" : "jobs")} of queue {job.Queue} go before it"));
        return explanation with { Reasons = reasons, Ahead = ahead };
    }

    private static JobExplanation Running(Transaction tx, JobExplanation explanation, List<NodeRow> workers)
    {
        if (ExplainStore.Running(tx, explanation.Id) is not { } claim)
        {
            return explanation with { Reasons = [new("running", "it runs")] };
        }

        var reasons = new List<JobReason>();
        if (!workers.Exists(n => n.Id == claim.Node))
        {
            reasons.Add(new("node_gone", $"its node {claim.Node} does not run any more; another one gives it back within seconds after that node was declared dead"));
        }

        if (claim.IsCancelled)
        {
            reasons.Add(new("cancelling", "its node was asked to cancel it"));
        }

        reasons.Add(claim.StartedAt is { } started
            ? new("running", $"it runs on node {claim.Node} since {started} ({Span(explanation.At - started)}){(claim.IsAlone ? ", with nothing beside it" : "")}")
            : new("claimed", $"node {claim.Node} claimed it at {claim.ClaimedAt} ({Span(explanation.At - claim.ClaimedAt)} ago); it begins as soon as a worker is free"));
        return explanation with { Node = claim.Node, Reasons = reasons };
    }

    private static JobReason Ended(JobRow job)
    {
        var by = job.Node is null ? "" : $" on node {job.Node}";
        var text = $"it ended at {job.FinishedAt}{by}, after {job.Attempts} of {job.MaxAttempts} attempts";
        return job.State switch
        {
            "done" => new("done", $"{text}, well"),
            "cancelled" => new("cancelled", $"{text}: cancelled: {job.Error}"),
            _ => new("dead", $"{text}: {job.Error}. Again: rondo jobs retry {job.Id}"),
        };
    }

    private static string Count(long count) =>
        count >= ExplainStore.MostAhead ? "more than 100,000" : count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Span(TimeSpan span) => span.TotalSeconds switch
    {
        < 120 => span.TotalSeconds.ToString("0.0 s", CultureInfo.InvariantCulture),
        < 7_200 => span.TotalMinutes.ToString("0 'min'", CultureInfo.InvariantCulture),
        < 172_800 => span.TotalHours.ToString("0 'h'", CultureInfo.InvariantCulture),
        _ => span.TotalDays.ToString("0 'd'", CultureInfo.InvariantCulture),
    };
}
