using Rondo.Imports.Load;
using Rondo.Imports.Retention;
using Rondo.Jobs;
using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Imports.Monitoring;

/// <summary>
/// Takes imports without progress from whoever runs them: what that run writes later is refused, and the import runs again, or is dead when it has no run left.
/// </summary>
/// <param name="database">The database; changes are written down by whoever wraps it.</param>
/// <param name="jobs">Takes jobs away.</param>
/// <param name="events">The log of events; null for none.</param>
/// <param name="queue">Accepts the calls to whoever is told of ends; null for nobody.</param>
internal sealed class StuckHandling(Database database, JobOperations jobs, EventLog? events, JobQueue? queue)
{
    private const int Most = 1_000;

    /// <summary>Handles all there are, at most 1,000.</summary>
    public async Task<IReadOnlyList<ImportHandled>> RunAsync(TimeSpan stuckAfter, CancellationToken stop)
    {
        var handled = (await new Settling(database, events, queue).RunAsync(stop).ConfigureAwait(false)).Select(id => new ImportHandled(id, "dead", "its job had ended without a word")).ToList();
        var stuck = await database.ReadAsync("imports.monitor.stuck", tx => MonitorStore.Stuck(tx, database.Clock.Now - stuckAfter, Most), stop).ConfigureAwait(false);
        foreach (var import in stuck)
        {
            stop.ThrowIfCancellationRequested();
            handled.Add(import.What == "running" ? await HandleAsync(import.Id, stuckAfter, stop).ConfigureAwait(false) : new ImportHandled(import.Id, "left", $"nobody runs it. Why: rondo jobs explain {import.JobId}"));
        }

        return handled;
    }

    private async Task<ImportHandled> HandleAsync(long id, TimeSpan stuckAfter, CancellationToken stop)
    {
        try
        {
            // Again: whoever else handles them may have been first, or it goes on by itself.
            var now = await database.ReadAsync("imports.monitor.stuck", tx => MonitorStore.Stuck(tx, database.Clock.Now - stuckAfter, 1, id).FirstOrDefault(), stop).ConfigureAwait(false);
            return now is not { What: "running" } ? new ImportHandled(id, "left", "it goes on")
                : now.Attempts >= now.MaxAttempts ? await GiveUpAsync(now, stop).ConfigureAwait(false)
                : await ReleaseAsync(now, stop).ConfigureAwait(false);
        }
        catch (StorageFault fault) when (fault.Kind == StorageFaultKind.Busy)
        {
            return new ImportHandled(id, "left", $"its run holds it in the database: {fault.Message}");
        }
    }

    // First the import, which refuses what the run may still write; then its job, which would find it dead.
    private async Task<ImportHandled> GiveUpAsync(StuckImport import, CancellationToken stop)
    {
        var error = $"no progress since {import.Since} on node {import.Node}, in the last of {import.MaxAttempts} runs";
        var told = new ImportEvents(events);
        var change = await database.WriteAsync(
            "imports.stuck",
            tx =>
            {
                var isDead = ImportStore.Fail(tx, import.Id, import.JobId, import.Attempts - 1, error, isPermanent: false, null);
                var row = ImportStore.Find(tx, import.Id);
                if (isDead)
                {
                    told.Ended(tx, row!);
                    Completion.Tell(tx, queue, import.Id);
                }

                return new ImportChange(row, isDead ? null : "it has ended");
            },
            stop).ConfigureAwait(false);
        if (change.Refusal is { } refusal)
        {
            return new ImportHandled(import.Id, "left", refusal);
        }

        await jobs.ActAsync(JobVerb.Release, import.JobId, stop).ConfigureAwait(false);
        await jobs.ActAsync(JobVerb.Discard, import.JobId, stop).ConfigureAwait(false);
        return new ImportHandled(import.Id, "dead", error);
    }

    // First the job, whose lease refuses what the run may still write; then what people see.
    private async Task<ImportHandled> ReleaseAsync(StuckImport import, CancellationToken stop)
    {
        if ((await jobs.ActAsync(JobVerb.Release, import.JobId, stop).ConfigureAwait(false)).Refusal is { } refusal)
        {
            return new ImportHandled(import.Id, "left", refusal);
        }

        var error = $"no progress since {import.Since} on node {import.Node}; taken away from it and queued again";
        var told = new ImportEvents(events);
        await database.WriteAsync(
            "imports.stuck",
            tx =>
            {
                var isStill = MonitorStore.Released(tx, import, error);
                ImportStore.Note(tx, import.Id, error, isPermanent: false);
                if (isStill)
                {
                    told.Ended(tx, ImportStore.Find(tx, import.Id)!);
                }

                return new ImportChange(ImportStore.Find(tx, import.Id), null);
            },
            stop).ConfigureAwait(false);
        return new ImportHandled(import.Id, "released", error);
    }
}
