using Rondo.Jobs.Links;
using Rondo.Jobs.Operations;
using Rondo.Jobs.Told;
using Rondo.Jobs.Upkeep;
using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>What operators ask and do about jobs, with or without a server that runs them.</summary>
/// <param name="database">Migrated.</param>
/// <param name="handlers">The kinds that this program knows.</param>
/// <param name="options">Settings of jobs; for how long what ends is kept, and which queues are run.</param>
/// <param name="hint">Told after each commit that there is something new (<see cref="JobServer.Topic"/>, <see cref="JobServer.IntentTopic"/>).</param>
/// <param name="log">Where it is told that a batch finished by what an operator did; null where nobody keeps a log of events.</param>
public sealed class JobOperations(Database database, JobHandlers handlers, JobsOptions options, Action<string> hint, EventLog? log = null)
{
    /// <summary>Lines of a job's log that are shown.</summary>
    public const int MaxLines = 200;

    private const int Piece = 200;
    private readonly Followers _followers = new(database, options, new JobEvents(log));
    private const int Shown = 10;

    /// <summary>Its queues.</summary>
    public QueueOperations Queues { get; } = new(database, handlers, options, hint);

    /// <summary>Its schedules.</summary>
    public ScheduleOperations Schedules { get; } = new(database, handlers, options, hint);

    /// <summary>Its batches.</summary>
    public BatchOperations Batches { get; } = new(database, options, new Followers(database, options, new JobEvents(log)), hint);

    /// <summary>Jobs, the newest first.</summary>
    public Task<List<JobRow>> ListAsync(JobFilter filter, int limit, CancellationToken stop = default) =>
        database.ReadLongAsync("jobs.list", tx => ListStore.List(tx, filter, limit), stop);

    /// <summary>All about one job, or null.</summary>
    public Task<JobDetails?> ShowAsync(long id, CancellationToken stop = default) => database.ReadAsync(
        "jobs.show",
        tx => OperationStore.Find(tx, id) is { } job
            ? new JobDetails(job, OperationStore.Failures(tx, id), ListStore.Progress(tx, id), ListStore.Lines(tx, id, MaxLines))
            : null,
        stop);

    /// <summary>Why a job waits, runs or has ended; null when there is none of that id.</summary>
    public Task<JobExplanation?> ExplainAsync(long id, CancellationToken stop = default) =>
        database.ReadAsync("jobs.explain", tx => Explainer.Explain(tx, id, database.Address, handlers, options), stop);

    /// <summary>Jobs that came from one request, by correlation or trace id, the oldest first; those enqueued by others of them included.</summary>
    public Task<List<TracedJob>> TracedAsync(string id, int limit, CancellationToken stop = default) => database.ReadAsync(
        "jobs.trace",
        tx => TraceStore.Find(tx, id, limit).ConvertAll(t => new TracedJob(t.JobId, t.CorrelationId, t.TraceId, t.At, OperationStore.Find(tx, t.JobId), OperationStore.Failures(tx, t.JobId))),
        stop);

    /// <summary>Does it to one job.</summary>
    public async Task<JobChange> ActAsync(JobVerb verb, long id, CancellationToken stop = default)
    {
        await MakeRoomAsync(stop).ConfigureAwait(false);
        var change = await database.WriteAsync(
            "jobs.act",
            tx =>
            {
                var refusal = Apply(tx, verb, id);
                return new JobChange(OperationStore.Find(tx, id), refusal);
            },
            stop).ConfigureAwait(false);
        if (change.Refusal is null)
        {
            await SettleAsync(verb, [change.Job!], stop).ConfigureAwait(false);
            Tell(verb);
        }

        return change;
    }

    /// <summary>
    /// Does it to all that a filter finds, 200 in a transaction, from the newest to the oldest: what was done stays done when it is interrupted. Without a state in
    /// the filter: dead ones for retry and discard, all that have not ended for cancel, running ones for release.
    /// </summary>
    public async Task<JobBulk> ActOnAllAsync(JobVerb verb, JobFilter filter, bool isDryRun, CancellationToken stop = default)
    {
        if (!isDryRun)
        {
            await MakeRoomAsync(stop).ConfigureAwait(false);
        }

        var (found, done) = (0L, 0L);
        var (first, refusals) = (new List<long>(), new List<string>());
        var seen = new HashSet<long>();
        foreach (var state in filter.State is { } one ? [one] : StatesOf(verb))
        {
            var next = filter with { State = state };
            if (isDryRun)
            {
                found += await database.ReadLongAsync("jobs.count", tx => ListStore.Count(tx, next), stop).ConfigureAwait(false);
                first.AddRange(await database.ReadLongAsync("jobs.ids", tx => ListStore.Ids(tx, next, Shown), stop).ConfigureAwait(false));
                continue;
            }

            while (true)
            {
                var page = next;
                var ids = await database.ReadLongAsync("jobs.ids", tx => ListStore.Ids(tx, page, Piece), stop).ConfigureAwait(false);
                if (ids.Count == 0)
                {
                    break;
                }

                var acts = await database.WriteLongAsync("jobs.act", tx => ActOnPage(tx, verb, state, ids, seen), stop).ConfigureAwait(false);
                await SettleAsync(verb, [], stop).ConfigureAwait(false);
                Tell(verb);

                // A queue goes on meanwhile: its jobs change their state under our hands, and come a second time in the next one.
                seen.UnionWith(acts.Where(a => a.IsStillThere).Select(a => a.Id));
                found += acts.Count;
                done += acts.Count(a => a.Refusal is null);
                first.AddRange(acts.Take(Shown - first.Count).Select(a => a.Id));
                refusals.AddRange(acts.Where(a => a.Refusal is not null).Take(Shown - refusals.Count).Select(a => $"{a.Id}: {a.Refusal}"));
                next = next with { Before = ids[^1] };
            }
        }

        return new JobBulk(found, done, isDryRun ? 0 : found - done, [.. first.Take(Shown)], refusals, isDryRun);
    }

    /// <summary>Deletes the history of jobs that ended before <paramref name="before"/>, 1,000 in a transaction; returns how many of each state.</summary>
    public async Task<IReadOnlyDictionary<string, long>> PruneAsync(Instant before, JobState? state, bool isDryRun, CancellationToken stop = default)
    {
        if (isDryRun)
        {
            return await database.ReadLongAsync("jobs.prune", tx => PruneStore.Count(tx, before, state), stop).ConfigureAwait(false);
        }

        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        while (true)
        {
            var gone = await database.WriteLongAsync("jobs.prune", tx => PruneStore.Delete(tx, before, state), stop).ConfigureAwait(false);
            if (gone.Count == 0)
            {
                return counts;
            }

            foreach (var each in gone.CountBy(g => g))
            {
                counts[each.Key] = counts.GetValueOrDefault(each.Key) + each.Value;
            }
        }
    }

    /// <summary>Balances now all that is counted: what was accepted against what is there.</summary>
    public Task<BalanceReport> BalanceAsync(CancellationToken stop = default) => Proof.Balance.RunAsync(database, isWide: true, Proof.Balance.Counted, stop);

    /// <summary>Declares what a balance misses to be lost, so that it is no reason any more. Returns how many jobs.</summary>
    public Task<int> WriteOffAsync(CancellationToken stop = default) => Proof.Balance.WriteOffAsync(database, stop);

    /// <summary>Who holds PostgreSQL's vacuum back on the tables of jobs; null on SQLite.</summary>
    public async Task<VacuumReport?> VacuumAsync(CancellationToken stop = default) => database.Dialect == Dialect.Postgres
        ? await database.ReadAsync("jobs.vacuum", tx => Proof.VacuumLoop.Look(tx, options.VacuumPatience), stop).ConfigureAwait(false)
        : null;

    /// <summary>What health is judged by.</summary>
    public Task<JobFacts> FactsAsync(CancellationToken stop = default) => database.ReadAsync("jobs.health", tx => Proof.HealthStore.Read(tx, database.Address), stop);

    /// <summary>Where what ends is kept: made by nodes that run jobs, of which there may have been none yet.</summary>
    private Task MakeRoomAsync(CancellationToken stop) => HistoryStore.PrepareAsync(database, options, stop);

    private static JobState[] StatesOf(JobVerb verb) => verb switch
    {
        JobVerb.Cancel => [JobState.Scheduled, JobState.Blocked, JobState.Ready, JobState.Running],
        JobVerb.Release => [JobState.Running],
        _ => [JobState.Dead],
    };

    /// <summary>What was done to those of a page; not to those that are not any more what was asked for.</summary>
    private List<JobAct> ActOnPage(Transaction tx, JobVerb verb, JobState state, IEnumerable<long> ids, HashSet<long> seen)
    {
        var acts = new List<JobAct>();
        foreach (var id in ids.Where(id => !seen.Contains(id)))
        {
            var refusal = Apply(tx, verb, id);
            var now = OperationStore.Find(tx, id)?.State;
            if (refusal is null || now == state.Text())
            {
                acts.Add(new JobAct(id, refusal, verb == JobVerb.Cancel && now == JobState.Running.Text()));
            }
        }

        return acts;
    }

    /// <summary>Returns why nothing was done, or null.</summary>
    private string? Apply(Transaction tx, JobVerb verb, long id) => verb switch
    {
        JobVerb.Retry => OperationStore.Retry(tx, id),
        JobVerb.Cancel => OperationStore.Cancel(tx, id, options, "cancelled by an operator") is null ? Why(tx, id, "its node was asked to cancel it already") : null,
        JobVerb.Discard => OperationStore.Discard(tx, id, options) ? null : Why(tx, id, "it is running; cancel it, or release it first"),
        _ => OperationStore.Release(tx, id, options) ? null : Why(tx, id, "it is running"),
    };

    private static string Why(Transaction tx, long id, string whenRunning) => OperationStore.Find(tx, id)?.State switch
    {
        null => "there is no such job",
        "running" => whenRunning,
        var state => $"it is {state}",
    };

    /// <summary>Those who waited for what was ended are told at once, with or without a server.</summary>
    private async Task SettleAsync(JobVerb verb, IEnumerable<JobRow> ended, CancellationToken stop)
    {
        if (verb is JobVerb.Cancel or JobVerb.Discard)
        {
            long[] batches = [.. ended.Select(j => j.BatchId).OfType<long>().Distinct()];
            await _followers.SettleAsync(batches, stop).ConfigureAwait(false);
        }
    }

    private void Tell(JobVerb verb)
    {
        hint(JobServer.Topic);
        if (verb is JobVerb.Cancel or JobVerb.Release)
        {
            hint(JobServer.IntentTopic);
        }
    }
}
