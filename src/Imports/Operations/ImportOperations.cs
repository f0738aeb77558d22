using Rondo.Imports.Files;
using Rondo.Imports.Load;
using Rondo.Imports.Monitoring;
using Rondo.Imports.Retention;
using Rondo.Jobs;
using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Imports;

/// <summary>What came of handing a file in.</summary>
/// <param name="Id">The import.</param>
/// <param name="IsNew">False when the same file was handed in before: then <paramref name="Id"/> is that import, and nothing has changed.</param>
public sealed record ImportAdded(long Id, bool IsNew);

/// <summary>What came of a wish about an import.</summary>
/// <param name="Row">The import as it is now; null when there is none.</param>
/// <param name="Refusal">Why nothing was changed, or null.</param>
public sealed record ImportChange(ImportRow? Row, string? Refusal);

/// <summary>All that is known of one import.</summary>
/// <param name="Row">The import.</param>
/// <param name="Errors">Every attempt that did not end well.</param>
/// <param name="Rejects">The first rejected rows.</param>
public sealed record ImportDetails(ImportRow Row, IReadOnlyList<ImportErrorRow> Errors, IReadOnlyList<ImportRejectRow> Rejects);

/// <summary>What people ask and do about imports.</summary>
/// <param name="database">The database; changes are written down by whoever wraps it.</param>
/// <param name="queue">Accepts the jobs.</param>
/// <param name="jobs">Ends jobs.</param>
/// <param name="options">Settings.</param>
/// <param name="events">The log of events; null for none.</param>
/// <param name="time">Time.</param>
public sealed class ImportOperations(Database database, JobQueue queue, JobOperations jobs, ImportOptions options, EventLog? events, TimeProvider time)
{
    /// <summary>Rejected rows, or corrections, in a page at most.</summary>
    public const int PageSize = 1_000;

    private const int FirstRejects = 20;
    private static readonly SemaphoreSlim _trials = new(2);
    private readonly FileVault _vault = new(options.Folder, options.MaxBytes);

    /// <summary>Takes a file in and queues its import.</summary>
    /// <param name="request">How it is to be read.</param>
    /// <param name="from">Its bytes.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="ImportRefused">It cannot be taken; nothing was changed.</exception>
    public async Task<ImportAdded> AddAsync(ImportRequest request, Stream from, CancellationToken stop)
    {
        request.Check();
        var meter = request.Reading.OnlyMeter;
        var vault = await database.ReadAsync("imports.vault", PruneStore.Vault, stop).ConfigureAwait(false);
        var file = await _vault.PutAsync(from, stop).ConfigureAwait(false);
        VaultSweep.LeaveMark(options.Folder, vault);
        for (var isAgain = false; ; isAgain = true)
        {
            try
            {
                return await database.WriteAsync("imports.add", tx => Add(tx, request, meter, file), stop).ConfigureAwait(false);
            }
            catch (StorageFault fault) when (fault.Kind == StorageFaultKind.Conflict && !isAgain)
            {
                // Somebody handed the same file in at the same time: it is there now.
            }
            catch (JobRefused refused)
            {
                throw new ImportRefused(refused.Message, refused);
            }
        }
    }

    /// <summary>Reads a file as it would be imported, and keeps nothing of it.</summary>
    /// <param name="request">How it is to be read.</param>
    /// <param name="from">Its bytes.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="ImportRefused">It cannot be read.</exception>
    public async Task<ImportTrial> TryAsync(ImportRequest request, Stream from, CancellationToken stop)
    {
        request.Check();
        var reading = request.Reading;

        // Reading takes a processor each; whoever comes later waits, before anything of theirs is taken in.
        await _trials.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            return await _vault.BorrowAsync(from, path => Task.Run(() => ImportTrial.Read(path, reading, null, options.MaxUnpacked, stop), stop), stop).ConfigureAwait(false);
        }
        finally
        {
            _trials.Release();
        }
    }

    /// <summary>Imports, the newest first.</summary>
    /// <param name="state">Only those last written as in this state; null for all.</param>
    /// <param name="before">Only those with a lower number; null for all.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="stop">Gives up.</param>
    public Task<List<ImportRow>> ListAsync(string? state, long? before, int limit, CancellationToken stop = default) =>
        database.ReadAsync("imports.list", tx => ImportStore.List(tx, state, before, limit), stop);

    /// <summary>One import; null when there is none.</summary>
    public Task<ImportDetails?> ShowAsync(long id, CancellationToken stop = default) => database.ReadAsync(
        "imports.show",
        tx =>
        {
            if (ImportStore.Find(tx, id) is not { } row)
            {
                return null;
            }

            row.JobFailure = row.StateNow != row.State && row.JobId is { } job ? ImportStore.LastFailure(tx, job) : null;
            return new ImportDetails(row, ImportStore.Errors(tx, id), ImportStore.Rejects(tx, id, 0, FirstRejects));
        },
        stop);

    /// <summary>An import without its errors and rejected rows; null when there is none.</summary>
    public Task<ImportRow?> FindAsync(long id, CancellationToken stop = default) => database.ReadAsync("imports.find", tx => ImportStore.Find(tx, id), stop);

    /// <summary>Rejected rows behind number <paramref name="after"/>, at most 1,000.</summary>
    public Task<List<ImportRejectRow>> RejectsAsync(long id, long after, CancellationToken stop = default) =>
        database.ReadAsync("imports.rejects", tx => ImportStore.Rejects(tx, id, after, PageSize), stop);

    /// <summary>The values that an import replaced, by series and time.</summary>
    /// <param name="id">The import.</param>
    /// <param name="after">Behind this one.</param>
    /// <param name="limit">At most so many; 1 to 1,000.</param>
    /// <param name="stop">Gives up.</param>
    public Task<List<ImportCorrectionRow>> CorrectionsAsync(long id, CorrectionPlace after, int limit, CancellationToken stop = default) =>
        database.ReadAsync("imports.corrections", tx => CorrectionStore.Page(tx, id, after, limit), stop);

    /// <summary>Runs an import again that is dead, cancelled or waits for its next try; it goes on behind what is stored.</summary>
    /// <param name="id">The import.</param>
    /// <param name="after">Not before so long from now; null for at once.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<ImportChange> RetryAsync(long id, TimeSpan? after, CancellationToken stop = default)
    {
        if (await ShowAsync(id, stop).ConfigureAwait(false) is not { Row: var row })
        {
            return new ImportChange(null, null);
        }

        if (RetryRefusal(row) is { } refusal)
        {
            return new ImportChange(row, refusal);
        }

        if (row.JobId is { } old)
        {
            await jobs.ActAsync(JobVerb.Cancel, old, stop).ConfigureAwait(false);
        }

        try
        {
            return await database.WriteAsync(
                "imports.retry",
                tx =>
                {
                    // Since then somebody may have run it again, taken it back or let it go.
                    if (ImportStore.Lock(tx, id) is not { } now)
                    {
                        return new ImportChange(null, null);
                    }

                    if ((now.JobId != row.JobId ? "it was run again a moment ago" : RetryRefusal(now)) is { } late)
                    {
                        return new ImportChange(now, late);
                    }

                    var job = Enqueue(tx, id, row.Meter, row.Priority, row.MaxRetries, after);
                    ImportStore.Queue(tx, id, job, after is { } delay ? tx.Now + delay : null);
                    return new ImportChange(ImportStore.Find(tx, id), null);
                },
                stop).ConfigureAwait(false);
        }
        catch (StorageFault fault) when (fault.Kind == StorageFaultKind.Conflict)
        {
            return new ImportChange(row, "the same file was imported again since then");
        }
    }

    /// <summary>Ends an import that waits or runs. What is stored of it stays until it is taken back.</summary>
    public async Task<ImportChange> CancelAsync(long id, CancellationToken stop = default)
    {
        var told = new ImportEvents(events);
        var change = await database.WriteAsync(
            "imports.cancel",
            tx =>
            {
                if (ImportStore.Find(tx, id) is not { } row)
                {
                    return new ImportChange(null, null);
                }

                if (!ImportStore.Cancel(tx, id))
                {
                    return new ImportChange(row, $"it is {row.StateNow}");
                }

                row = ImportStore.Find(tx, id)!;
                told.Ended(tx, row);
                Completion.Tell(tx, queue, id);
                return new ImportChange(row, null);
            },
            stop).ConfigureAwait(false);
        if (change is { Refusal: null, Row.JobId: { } job })
        {
            // From the commit on nothing more is stored; this only ends it sooner.
            await jobs.ActAsync(JobVerb.Cancel, job, stop).ConfigureAwait(false);
        }

        return change;
    }

    /// <summary>Has an import taken back that has ended: by a job, which goes on where it was when it is broken off.</summary>
    public Task<ImportChange> UndoAsync(long id, CancellationToken stop = default) => database.WriteAsync(
        "imports.undo",
        tx =>
        {
            if (ImportStore.Lock(tx, id) is not { } row)
            {
                return new ImportChange(null, null);
            }

            if (row.StateNow is not ("done" or "dead" or "cancelled"))
            {
                return new ImportChange(row, $"it is {row.StateNow}; cancel it first");
            }

            if (row.UndoneAt is not null)
            {
                return new ImportChange(row, $"it was taken back at {row.UndoneAt}");
            }

            if (row.UndoJobId is { } undo && ImportStore.JobState(tx, undo) is not (null or "dead" or "cancelled"))
            {
                return new ImportChange(row, $"it is being taken back by job {undo}");
            }

            if (row.State is "queued" or "running" or "failed")
            {
                ImportStore.Settle(tx, id, row.StateNow, row.JobError);
                Completion.Tell(tx, queue, id);
            }

            var job = queue.Enqueue(tx, new UndoArgs(id));
            ImportStore.Undo(tx, id, job.Id);
            return new ImportChange(ImportStore.Find(tx, id), null);
        },
        stop);

    /// <summary>Lets go of imports that are done, dead or cancelled, with their files; values stay, and cannot be taken back any more. Cleans what was left behind.</summary>
    /// <param name="kept">What ended longer ago goes.</param>
    /// <param name="isDryRun">Only says what would go.</param>
    /// <param name="stop">Gives up; what is done stays done.</param>
    /// <exception cref="ImportRefused">The folder of files cannot be written to.</exception>
    public Task<PruneReport> PruneAsync(TimeSpan kept, bool isDryRun, CancellationToken stop = default) =>
        new ImportPrune(database, options, events, queue, time).RunAsync(kept, isDryRun, () => { }, stop);

    /// <summary>How imports are, and why.</summary>
    /// <param name="limits">What they are judged by.</param>
    /// <param name="stop">Gives up.</param>
    public Task<ImportReport> MonitorAsync(ImportLimits limits, CancellationToken stop = default) => database.ReadLongAsync("imports.monitor", tx => ImportMonitor.Look(tx, limits), stop);

    /// <summary>Takes imports without progress from whoever runs them: they run again, or are dead when they have no run left.</summary>
    /// <param name="stuckAfter">Without progress for so long.</param>
    /// <param name="stop">Gives up; what is done stays done.</param>
    public Task<IReadOnlyList<ImportHandled>> HandleStuckAsync(TimeSpan stuckAfter, CancellationToken stop = default) => new StuckHandling(database, jobs, events, queue).RunAsync(stuckAfter, stop);

    /// <summary>Tells, on the feed, of imports that are dead; each once, and administrators in one event when they are many.</summary>
    /// <param name="window">For so long administrators get one such event at most.</param>
    /// <param name="stop">Gives up; what was told stays told.</param>
    public Task<AlertsSent> AlertAsync(TimeSpan window, CancellationToken stop = default) => new ImportAlerts(database, events, queue).SendAsync(window, stop);

    private static string? RetryRefusal(ImportRow row) =>
        row.UndoJobId is not null ? "it was taken back"
        : row.StateNow is not ("failed" or "dead" or "cancelled") ? $"it is {row.StateNow}; only one that is failed, dead or cancelled is run again"
        : null;

    private ImportAdded Add(Transaction tx, ImportRequest request, string? meter, StoredFile file)
    {
        PruneStore.Lock(tx);
        if (ImportStore.Live(tx, file.Hash, meter) is { } there)
        {
            return ImportStore.Find(tx, there)!.UndoJobId is null
                ? new ImportAdded(there, IsNew: false)
                : throw new ImportRefused($"the same file is being taken back as import {there}; hand it in again once that is done (rondo imports show {there})");
        }

        if (!File.Exists(_vault.PathOf(file.Hash)))
        {
            throw new ImportRefused("the same file was let go of at the same moment; hand it in again");
        }

        var id = ImportStore.Add(tx, request, meter, file.Hash, file.Bytes);
        ImportStore.Queue(tx, id, Enqueue(tx, id, meter, request.Priority, request.MaxRetries, null, request), null);
        return new ImportAdded(id, IsNew: true);
    }

    private long Enqueue(Transaction tx, long id, string? meter, string priority, int maxRetries, TimeSpan? after, ImportRequest? request = null)
    {
        var how = new EnqueueOptions
        {
            Priority = ImportRequest.PriorityOf(priority), Attempts = maxRetries + 1, Delay = after, Tags = request?.Tags, Note = request?.Note, Metadata = request?.Metadata,
        };
        return (meter is null ? queue.Enqueue(tx, new ImportArgs(id), how) : queue.Enqueue(tx, new MeterImportArgs(id), how)).Id;
    }
}
