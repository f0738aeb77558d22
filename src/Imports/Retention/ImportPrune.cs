using Rondo.Jobs;
using Rondo.Live.Log;
using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Imports.Retention;

/// <summary>
/// Lets go of imports that ended long ago, with their files and details. The row goes first: from its commit on nothing is run again or taken back, and what is left of it is nobody's,
/// which the next run finds when this one was killed. Values stay, and so does what other imports need to be taken back.
/// </summary>
/// <param name="database">The database; changes are written down by whoever wraps it.</param>
/// <param name="options">Settings.</param>
/// <param name="events">The log of events; null for none.</param>
/// <param name="queue">Accepts the calls to whoever is told of ends; null for nobody.</param>
/// <param name="time">Time.</param>
internal sealed class ImportPrune(Database database, ImportOptions options, EventLog? events, JobQueue? queue, TimeProvider time)
{
    private const int Page = 200;
    private const int Shown = 1_000;
    private readonly VaultSweep _vault = new(database, options.Folder, time);

    /// <summary>Runs it.</summary>
    /// <param name="kept">For how long what has ended is kept.</param>
    /// <param name="isDryRun">Only says what would go.</param>
    /// <param name="beat">A sign of life.</param>
    /// <param name="stop">Gives up; what is done stays done.</param>
    /// <exception cref="ImportRefused">The folder of files cannot be read or written to.</exception>
    public async Task<PruneReport> RunAsync(TimeSpan kept, bool isDryRun, Action beat, CancellationToken stop)
    {
        try
        {
            return await GoAsync(database.Clock.Now - kept, isDryRun, beat, stop).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ImportRefused($"files in {options.Folder} cannot be let go of: {fault.Message} Make rights there; what was let go of already stays so, and the next run goes on with the rest", fault);
        }
    }

    private async Task<PruneReport> GoAsync(Instant before, bool isDryRun, Action beat, CancellationToken stop)
    {
        var refusal = await _vault.RefusalAsync(stop).ConfigureAwait(false);
        if (!isDryRun)
        {
            await new Settling(database, events, queue).RunAsync(stop).ConfigureAwait(false);
        }

        var (states, imports, files) = isDryRun ? await CountAsync(before, stop).ConfigureAwait(false) : await DeleteAsync(before, refusal is null, beat, stop).ConfigureAwait(false);
        var report = new PruneReport
        {
            Before = before, IsDryRun = isDryRun, States = states, Imports = imports, FilesKept = refusal,
            Active = await database.ReadAsync("imports.prune.active", PruneStore.Active, stop).ConfigureAwait(false),
            Details = isDryRun ? 0 : await DeleteDetailsAsync(beat, stop).ConfigureAwait(false),
        };
        if (refusal is not null)
        {
            return report;
        }

        List<string> names = [];
        var orphans = await _vault.SweepAsync(isDryRun, names, Shown, beat, stop).ConfigureAwait(false);
        var (without, first) = await _vault.WithoutFileAsync(Shown, beat, stop).ConfigureAwait(false);
        return report with { Files = files, Orphans = orphans, OrphanNames = names, WithoutFile = without, WithoutFileIds = first };
    }

    private Task<(IReadOnlyList<PrunedState>, IReadOnlyList<PrunedImport>, FileTally)> CountAsync(Instant before, CancellationToken stop) => database.ReadLongAsync(
        "imports.prune.count",
        tx =>
        {
            var (files, bytes) = PruneStore.Files(tx, before);
            return ((IReadOnlyList<PrunedState>)PruneStore.Count(tx, before), (IReadOnlyList<PrunedImport>)PruneStore.Find(tx, before, 0, Shown), new FileTally(files, bytes));
        },
        stop);

    private async Task<(IReadOnlyList<PrunedState> States, IReadOnlyList<PrunedImport> Imports, FileTally Files)> DeleteAsync(Instant before, bool isWithFiles, Action beat, CancellationToken stop)
    {
        var states = new SortedDictionary<string, PrunedState>(StringComparer.Ordinal);
        var (first, files) = (new List<PrunedImport>(), new FileTally(0, 0));
        while (true)
        {
            beat();
            var gone = await database.WriteAsync("imports.prune", tx => PruneStore.Delete(tx, before, Page), stop).ConfigureAwait(false);
            if (gone.Count == 0)
            {
                return ([.. states.Values], first, files);
            }

            FailPoint.Reach("imports.prune");
            foreach (var import in gone)
            {
                var sum = states.GetValueOrDefault(import.State) ?? new PrunedState(import.State, 0, 0);
                states[import.State] = new PrunedState(import.State, sum.Imports + 1, sum.Bytes + import.Bytes);
            }

            first.AddRange(gone.Take(Shown - first.Count));
            files += isWithFiles ? await _vault.RemoveAsync([.. gone.Select(i => i.Hash)], stop).ConfigureAwait(false) : new FileTally(0, 0);
        }
    }

    private async Task<long> DeleteDetailsAsync(Action beat, CancellationToken stop)
    {
        var total = 0L;
        while (await database.WriteAsync("imports.prune.details", PruneStore.DeleteNameless, stop).ConfigureAwait(false) is > 0 and var gone)
        {
            beat();
            total += gone;
        }

        return total;
    }
}
